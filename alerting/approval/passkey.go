package approval

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"tocsin/alerting"
)

// Relying is whose passkeys count: the relying party of WebAuthn. The zero value accepts nothing.
//
// A passkey does not sign the 32 bytes of an approval themselves: the browser puts them, as challenge, into a small
// document together with the origin of the page that asked, and the authenticator signs its own data and the SHA-256 of
// that document. Verify therefore looks at all three.
//
// Why not a library of WebAuthn: fan-out and every worker verify an approval again, from its bytes and a pinned key
// alone. That is one pure function of sixty lines without any session; libraries come with sessions, users, attestation and
// metadata, which have no place in a worker, and all of them would have to trust everything that these bring.
//
// Why the signature counter is not looked at: comparing it needs a memory that all who verify share, and it says only
// that an authenticator may have been copied. An approval is bound to exact bytes: replaying it gives the same alert again,
// which has been issued already.
type Relying struct {
	// ID is the host name that passkeys are bound to (the RP ID), e.g. "office.example".
	ID string `json:"id"`
	// Origins are those of the pages on which an approval may be given, exactly as browsers write them, e.g.
	// "https://desk.office.example" or "http://localhost:8080".
	Origins []string `json:"origins"`
}

// Assertion is what a browser gives for navigator.credentials.get, without what names the key.
type Assertion struct {
	// AuthenticatorData is response.authenticatorData (WebAuthn Level 3 §6.1).
	AuthenticatorData []byte `json:"authenticator_data"`
	// ClientData is response.clientDataJSON (WebAuthn Level 3 §5.8.1), byte for byte.
	ClientData []byte `json:"client_data"`
	// Signature is response.signature: ASN.1 for ES256, 64 bytes for EdDSA.
	Signature []byte `json:"signature"`
}

// MaxAssertion bounds the JSON form of an assertion, in bytes. Browsers make some 400.
const MaxAssertion = 4 << 10

// The layout of authenticator data (WebAuthn Level 3 §6.1): the hash of the RP ID, a byte of flags, a counter of 4 bytes.
const (
	authenticatorFlags = sha256.Size
	authenticatorLeast = sha256.Size + 1 + 4

	userPresent    = 1 << 0
	userVerified   = 1 << 2
	backupEligible = 1 << 3
	backedUp       = 1 << 4
)

// ParseAssertion reads the JSON form of an assertion: one object with the members authenticator_data, client_data and
// signature, each once, each in padded standard base64 without line breaks. Anything else is alerting.ErrInvalid.
func ParseAssertion(b []byte) (Assertion, error) {
	if len(b) > MaxAssertion {
		return Assertion{}, passkeyBroken("passkey.assertion-large", "the assertion has %d bytes, and may have %d", len(b), MaxAssertion)
	}
	var a Assertion
	if err := a.read(json.NewDecoder(bytes.NewReader(b))); err != nil {
		return Assertion{}, passkeyBroken("passkey.assertion", "the assertion: %v", err)
	}
	return a, nil
}

// read takes the object token by token: decoding into a struct would overlook the case of names and members that come twice.
func (a *Assertion) read(d *json.Decoder) error {
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return errors.New("it is no JSON object")
	}
	fields := map[string]*[]byte{"authenticator_data": &a.AuthenticatorData, "client_data": &a.ClientData, "signature": &a.Signature}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		field := fields[name]
		if field == nil {
			return fmt.Errorf("member %q is unknown or comes twice", name)
		}
		delete(fields, name)
		if *field, err = readBase64(d); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind its end")
	}
	for _, name := range []string{"authenticator_data", "client_data", "signature"} {
		if fields[name] != nil {
			return fmt.Errorf("%s is missing", name)
		}
	}
	return nil
}

func readBase64(d *json.Decoder) ([]byte, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	s, _ := token.(string)
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	// The decoder overlooks line breaks, and bytes have one form only.
	if err != nil || len(b) == 0 || strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("it is no string in standard base64 that holds anything")
	}
	return b, nil
}

// ParsePasskeyPublic checks the public key of a new passkey: what the browser gives for response.getPublicKey(), a PKIX
// SubjectPublicKeyInfo in DER. It may be one for ES256 (ECDSA on P-256) or for EdDSA (Ed25519); anything else is
// alerting.ErrInvalid. What it returns is the key in its one form, so that equal keys are equal bytes.
func ParsePasskeyPublic(der []byte) ([]byte, error) {
	key, err := passkeyKey(der)
	if err != nil {
		return nil, err
	}
	again, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, passkeyBroken("passkey.public", "the public key: %v", err)
	}
	return again, nil
}

func passkeyKey(der []byte) (crypto.PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, passkeyBroken("passkey.public", "the public key: %v", err)
	}
	switch k := key.(type) {
	case ed25519.PublicKey:
		return k, nil
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return k, nil
		}
	}
	return nil, passkeyBroken("passkey.algorithm", "the public key is neither for ES256 (ECDSA on P-256) nor for EdDSA (Ed25519): make the passkey with one of these")
}

// Check says whether assertions could count at all: alerting.ErrInvalid when ID is no host name, or an origin is none that
// a browser would write, is not secure, or lies outside ID.
func (r Relying) Check() error {
	if id, err := url.Parse("https://" + r.ID); err != nil || r.ID == "" || id.Hostname() != r.ID || strings.ToLower(r.ID) != r.ID {
		return passkeyInvalid("the relying party %q is no host name in lower case, like office.example", r.ID)
	}
	if len(r.Origins) == 0 {
		return passkeyInvalid("no origin is allowed: name that of the page on which approvals are given, like https://%s", r.ID)
	}
	for _, origin := range r.Origins {
		u, err := url.Parse(origin)
		switch {
		case err != nil || u.Scheme+"://"+u.Host != origin || strings.ToLower(origin) != origin ||
			strings.HasSuffix(origin, ":") || (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80"):
			return passkeyInvalid("origin %q is not written as browsers do: https://host, or https://host:port unless it is 443, in lower case, with nothing behind", origin)
		case u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost"):
			return passkeyInvalid("origin %q is not secure: only https, and http://localhost, have passkeys", origin)
		case u.Hostname() != r.ID && !strings.HasSuffix(u.Hostname(), "."+r.ID):
			return passkeyInvalid("origin %q is neither %s nor below it: its passkeys belong to somebody else", origin, r.ID)
		}
	}
	return nil
}

// Verify says whether the holder of a passkey was asked by one of our pages for exactly these 32 bytes, was there, and was
// recognised (by PIN, finger or face), as WebAuthn Level 3 §7.2 has it. public is a key that ParsePasskeyPublic returned.
// The error is alerting.ErrInvalid when the key or the assertion is malformed, alerting.ErrForbidden when a check fails.
//
// Nobody but the holder can make another assertion for other bytes. For the same bytes there are many that verify (an ECDSA
// signature has a twin that anybody can work out): count keys, never assertions.
func (r Relying) Verify(public []byte, challenge [32]byte, a Assertion) error {
	key, err := passkeyKey(public)
	if err != nil {
		return err
	}
	if err := r.checkClientData(challenge, a.ClientData); err != nil {
		return err
	}
	if err := r.checkAuthenticatorData(a.AuthenticatorData); err != nil {
		return err
	}
	sum := sha256.Sum256(a.ClientData)
	signed := slices.Concat(a.AuthenticatorData, sum[:])
	good := false
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		digest := sha256.Sum256(signed)
		good = ecdsa.VerifyASN1(k, digest[:], a.Signature)
	case ed25519.PublicKey:
		good = ed25519.Verify(k, signed, a.Signature)
	}
	if !good {
		return passkeyRefused("passkey.signature", "the signature is not that of the key over these data")
	}
	return nil
}

// checkClientData looks at what the browser says. Members that are not named here may be there: browsers add some, so
// that nobody compares the whole (WebAuthn Level 3 §5.8.1).
func (r Relying) checkClientData(challenge [32]byte, data []byte) error {
	var said map[string]any
	if err := json.Unmarshal(data, &said); err != nil {
		return passkeyBroken("passkey.client-data", "the client data are no JSON object: %v", err)
	}
	var texts [3]string
	for i, name := range [...]string{"type", "challenge", "origin"} {
		text, ok := said[name].(string)
		if !ok {
			return passkeyBroken("passkey.client-text", "the client data have no text as %s", name)
		}
		texts[i] = text
	}
	kind, asked, origin := texts[0], texts[1], texts[2]
	want := base64.RawURLEncoding.EncodeToString(challenge[:])
	_, framed := said["topOrigin"]
	cross, crossed := said["crossOrigin"]
	switch {
	case kind != "webauthn.get":
		return passkeyRefused("passkey.type", "the type is %q, not webauthn.get: it is not the answer to a request for an approval", kind)
	case subtle.ConstantTimeCompare([]byte(asked), []byte(want)) != 1:
		return passkeyRefused("passkey.other-bytes", "the challenge is another one: other bytes were approved")
	case !slices.Contains(r.Origins, origin):
		return passkeyRefused("passkey.origin", "origin %q is none of those allowed", origin)
	case framed || (crossed && cross != false):
		return passkeyRefused("passkey.frame", "crossOrigin: it was given in a frame within somebody else's page")
	}
	return nil
}

// checkAuthenticatorData looks at what the authenticator says.
func (r Relying) checkAuthenticatorData(data []byte) error {
	if len(data) < authenticatorLeast {
		return passkeyBroken("passkey.authenticator-data", "the authenticator data have %d bytes, and need %d", len(data), authenticatorLeast)
	}
	id, flags := sha256.Sum256([]byte(r.ID)), data[authenticatorFlags]
	switch {
	case subtle.ConstantTimeCompare(data[:authenticatorFlags], id[:]) != 1:
		return passkeyRefused("passkey.party", "the passkey is not bound to %q but to another relying party", r.ID)
	case flags&userPresent == 0:
		return passkeyRefused("passkey.absent", "nobody was present (flag UP)")
	case flags&userVerified == 0:
		return passkeyRefused("passkey.unverified", "who was present was not verified (flag UV): ask with userVerification required")
	case flags&backedUp != 0 && flags&backupEligible == 0:
		return passkeyRefused("passkey.backup", "flag BS without BE: the key is backed up, and may not be")
	}
	return nil
}

// passkeyInvalid is what is wrong with a configuration; whoever runs the engine reads it.
func passkeyInvalid(format string, args ...any) error {
	return fmt.Errorf("passkey: %w: %w", alerting.ErrInvalid, fmt.Errorf(format, args...))
}

// passkeyBroken is what is wrong with the form of a key or an assertion.
func passkeyBroken(code, format string, args ...any) error {
	return fmt.Errorf("passkey: %w", alerting.Refuse(alerting.ErrInvalid, code, format, args...))
}

// passkeyRefused is which check an assertion does not pass.
func passkeyRefused(code, format string, args ...any) error {
	return fmt.Errorf("passkey: %w", alerting.Refuse(alerting.ErrForbidden, code, format, args...))
}
