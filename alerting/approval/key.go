package approval

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"tocsin/alerting"
)

// Kind says where the private half of a key is. Policy may demand one.
type Kind string

// The kinds.
const (
	// File: an Ed25519 key in a file of the operator's, used by the command line.
	File Kind = "file"
	// Passkey: in an authenticator, used by a browser (WebAuthn).
	Passkey Kind = "passkey"
	// Password: an Ed25519 key that the office keeps, encrypted under the operator's password.
	Password Kind = "password"
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{File, Passkey, Password} }

// Key is a public key.
type Key struct {
	Kind Kind
	// Public is 32 bytes of Ed25519; of a passkey, PKIX DER.
	Public []byte
}

// ParseKey reads the text form, KIND:BASE64.
func ParseKey(text string) (Key, error) {
	kind, encoded, _ := strings.Cut(text, ":")
	public, err := base64.StdEncoding.Strict().DecodeString(encoded)
	k := Key{Kind(kind), public}
	switch {
	case !slices.Contains(Kinds(), k.Kind):
		return Key{}, alerting.Refuse(alerting.ErrInvalid, "key.form", "key %.20q: want file:, passkey: or password: and base64", text)
	case err != nil:
		return Key{}, alerting.Refuse(alerting.ErrInvalid, "key.base64", "key of kind %s: it is not in base64: %v", alerting.Term(kind), err)
	case k.Kind != Passkey && len(public) != ed25519.PublicKeySize:
		return Key{}, alerting.Refuse(alerting.ErrInvalid, "key.size", "key of kind %s: %d bytes, want the %d of Ed25519", kind, len(public), ed25519.PublicKeySize)
	case k.Kind == Passkey:
		if k.Public, err = ParsePasskeyPublic(public); err != nil {
			return Key{}, err
		}
	}
	if k.String() != text { // two texts of one key would be two ids of it, or none
		return Key{}, alerting.Refuse(alerting.ErrInvalid, "key.one-form", "key of kind %s: it is not in its one form: no blanks, no line ends, base64 with padding", alerting.Term(kind))
	}
	return k, nil
}

// String is the text form.
func (k Key) String() string {
	return string(k.Kind) + ":" + base64.StdEncoding.EncodeToString(k.Public)
}

// ID names the key: 16 hexadecimal digits.
func (k Key) ID() string {
	sum := sha256.Sum256([]byte(k.String()))
	return hex.EncodeToString(sum[:8])
}

// verify checks a signature over a statement.
func (k Key) verify(s Statement, signature []byte, relying Relying) error {
	digest, err := s.Digest()
	if err != nil {
		return err
	}
	if k.Kind == Passkey {
		assertion, err := ParseAssertion(signature)
		if err != nil {
			return err
		}
		return relying.Verify(k.Public, digest, assertion)
	}
	if !ed25519.Verify(k.Public, digest[:], signature) {
		return alerting.Refuse(alerting.ErrForbidden, "key.other", "the signature is of another key, or over something else")
	}
	return nil
}

// Signer signs statements with an Ed25519 key of kind file or password.
type Signer struct {
	Kind    Kind
	Private ed25519.PrivateKey
}

// Key is the public half.
func (s Signer) Key() Key {
	public, _ := s.Private.Public().(ed25519.PublicKey)
	return Key{s.Kind, public}
}

// Sign makes the approval of a statement.
func (s Signer) Sign(st Statement) (alerting.Approval, error) {
	digest, err := st.Digest()
	if err != nil {
		return alerting.Approval{}, err
	}
	return alerting.Approval{By: st.By, Act: string(st.Act), At: st.At, KeyID: s.Key().ID(),
		Signature: ed25519.Sign(s.Private, digest[:])}, nil
}
