package journal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"tocsin/alerting"
)

// Head is the end of the chain at some time: its last number and hash.
type Head struct {
	Number int64  `json:"number"`
	Hash   Digest `json:"hash"`
	// At is when the head was signed, in whole milliseconds.
	At time.Time `json:"at"`
	// Key is the fingerprint of the key that signed it (see KeyID), Signature an Ed25519 signature.
	Key       string `json:"key"`
	Signature []byte `json:"signature"`
}

// KeyID names a public key: the first 8 bytes of its SHA-256, in base64url.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return base64.RawURLEncoding.EncodeToString(sum[:8])
}

// Sign gives the head with a time and a signature.
func (h Head) Sign(key ed25519.PrivateKey, at time.Time) Head {
	public, _ := key.Public().(ed25519.PublicKey)
	h.At, h.Key = at.UTC().Truncate(time.Millisecond), KeyID(public)
	h.Signature = ed25519.Sign(key, h.message())
	return h
}

// Check says whether one of the keys signed the head; alerting.ErrInvalid otherwise.
func (h Head) Check(keys []ed25519.PublicKey) error {
	for _, key := range keys {
		if KeyID(key) != h.Key {
			continue
		}
		if !ed25519.Verify(key, h.message(), h.Signature) {
			return fmt.Errorf("%w: the signature of head %d is not that of key %s", alerting.ErrInvalid, h.Number, h.Key)
		}
		return nil
	}
	return fmt.Errorf("%w: head %d is signed with key %s, which is none of those given", alerting.ErrInvalid, h.Number, h.Key)
}

// message is what is signed.
func (h Head) message() []byte {
	m := []byte("tocsin journal head 1\n")
	m = binary.BigEndian.AppendUint64(m, uint64(h.Number))         //nolint:gosec // any 64 bits do
	m = binary.BigEndian.AppendUint64(m, uint64(h.At.UnixMilli())) //nolint:gosec // any 64 bits do
	return append(m, h.Hash[:]...)
}
