package push

import (
	"bytes"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"tocsin/alerting"
)

// checkKeys names the first thing about the sender's identity that cannot work, and brings the rest into the form that
// webpush-go wants. A swapped or missing key would otherwise show only as a refusal of every single message.
func (c *Config) checkKeys() error {
	bad := func(field, why string) error { return fmt.Errorf("%w: %s: %s", alerting.ErrInvalid, field, why) }
	private, err := decodeKey(c.VAPIDPrivateKey)
	if err != nil || len(private) != 32 {
		return bad("VAPID private key", fmt.Sprintf("want 32 bytes in base64url, got %d", len(private)))
	}
	public, err := decodeKey(c.VAPIDPublicKey)
	if err != nil || len(public) != 65 {
		return bad("VAPID public key", fmt.Sprintf("want 65 bytes in base64url, got %d", len(public)))
	}
	key, err := ecdh.P256().NewPrivateKey(private)
	if err != nil {
		return bad("VAPID private key", "not a number of the curve P-256")
	}
	if !bytes.Equal(key.PublicKey().Bytes(), public) {
		return bad("VAPID public key", "does not belong to the private key")
	}
	c.VAPIDPrivateKey = base64.RawURLEncoding.EncodeToString(private)
	c.VAPIDPublicKey = base64.RawURLEncoding.EncodeToString(public)
	c.Subscriber = subscriber(c.Subscriber)
	if u, err := url.Parse(c.Subscriber); err == nil && u.Scheme == "https" && u.Host != "" {
		return nil
	}
	if a, err := mail.ParseAddress(c.Subscriber); err != nil || a.Address != c.Subscriber {
		return bad("subscriber", "want an e-mail address or an https URL")
	}
	return nil
}

// decodeKey reads base64 of either alphabet, padded or not, as browsers and key generators write it.
func decodeKey(s string) ([]byte, error) {
	s = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(strings.TrimSpace(s), "="))
	return base64.RawURLEncoding.DecodeString(s)
}

// topic is what replaces an older message that was not delivered yet: at most 32 characters of the base64url alphabet
// (RFC 8030 §5.4). A tag of another form is hashed into one.
func topic(tag string) string {
	if tag == "" {
		return ""
	}
	plain := len(tag) <= 32
	for i := 0; plain && i < len(tag); i++ {
		c := tag[i]
		plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
	}
	if plain {
		return tag
	}
	sum := sha256.Sum256([]byte(tag))
	return base64.RawURLEncoding.EncodeToString(sum[:24])
}
