package audience

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"tocsin/alerting"
)

// None of the errors here repeat what they refuse: it is somebody's address.

// maxAddress is the longest address or subscription, in bytes.
const maxAddress = 4096

// phone reads a number, national where region (ISO 3166-1 alpha-2, e.g. "CN") is given, and returns it as E.164.
func phone(text, region string) (string, error) {
	if len(text) > 64 {
		return "", amiss("import.phone-long", "it is too long for a phone number")
	}
	if region == "" && !strings.HasPrefix(text, "+") {
		return "", amiss("import.phone-country", "it has no country code; write it as +8613800138000, or name the default region")
	}
	number, err := phonenumbers.Parse(text, region)
	if err != nil {
		return "", amiss("import.phone", "it is no phone number; write it as +8613800138000")
	}
	if !phonenumbers.IsValidNumber(number) {
		return "", amiss("import.phone-unknown", "no network has such a number; check its digits and country code")
	}
	return phonenumbers.Format(number, phonenumbers.E164), nil
}

// mailbox reads an e-mail address (RFC 5322 addr-spec, without a display name).
func mailbox(text string) (string, error) {
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Name != "" || parsed.Address != text || len(text) > 254 {
		return "", amiss("import.mail", "it is no e-mail address; write it as name@example.org")
	}
	_, domain, _ := strings.Cut(text, "@")
	if domain == "" || strings.HasPrefix(domain, ".") || strings.ContainsAny(text, "\r\n\"") {
		return "", amiss("import.mail-undeliverable", "it is no e-mail address that can be delivered to; write it as name@example.org")
	}
	return text, nil
}

// subscription is what a browser gives a site that may push (W3C Push API, PushSubscription.toJSON).
type subscription struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		P256dh string `json:"p256dh"`
		Auth   string `json:"auth"`
	} `json:"keys"`
}

// push reads a subscription and returns it with nothing but endpoint and keys.
func push(text string) (canonical, endpoint string, err error) {
	if len(text) > maxAddress {
		return "", "", amiss("import.address-long", "it is longer than %d bytes", maxAddress)
	}
	var s subscription
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return "", "", amiss("import.push-json", `it is no JSON; want {"endpoint":"https://…","keys":{"p256dh":"…","auth":"…"}}`)
	}
	if err := pushEndpoint(s.Endpoint); err != nil {
		return "", "", err
	}
	point, err := urlBase64(s.Keys.P256dh)
	if err != nil || len(point) != 65 || point[0] != 4 {
		return "", "", amiss("import.push-point", "keys.p256dh is no P-256 point of 65 bytes in base64url; subscribe again")
	}
	secret, err := urlBase64(s.Keys.Auth)
	if err != nil || len(secret) != 16 {
		return "", "", amiss("import.push-auth", "keys.auth is not 16 bytes in base64url; subscribe again")
	}
	s.Keys.P256dh = base64.RawURLEncoding.EncodeToString(point)
	s.Keys.Auth = base64.RawURLEncoding.EncodeToString(secret)
	out, err := json.Marshal(s)
	if err != nil {
		return "", "", amiss("import.push-unwritable", "it cannot be written as JSON")
	}
	return string(out), s.Endpoint, nil
}

// pushEndpoint wants https, since RFC 8030 does; http is taken for this machine, where push services are tried out.
func pushEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return amiss("import.push-endpoint", "its endpoint is no address; want https://…")
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return amiss("import.push-insecure", "its endpoint does not begin with https://")
	}
	return nil
}

// urlBase64 reads base64 as browsers and libraries write it: either alphabet, padded or not.
func urlBase64(s string) ([]byte, error) {
	s = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(s), "=")
	return base64.RawURLEncoding.DecodeString(s)
}

// normalized is the form of an address that is hashed, so that one address has one hash. Mailboxes differ in the case of
// their names on hardly any server, and two warnings to one mailbox are worse than none to a second.
func normalized(ch alerting.Channel, address string) (string, error) {
	var err error
	switch ch {
	case alerting.SMS:
		address, err = phone(address, "")
	case alerting.Mail:
		address, err = mailbox(address)
		address = strings.ToLower(address)
	case alerting.Push:
		err = pushEndpoint(address)
	default:
		err = fmt.Errorf("%q is no channel of people", ch)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %s address: %w", alerting.ErrInvalid, ch, err)
	}
	return address, nil
}
