package seal

import (
	"crypto/rand"
	"fmt"
	"slices"

	"tocsin/alerting"
)

// sealVersion begins sealed bytes: version, key tag, nonce, ciphertext with its MAC.
const sealVersion = 1

// Overhead is how many bytes longer sealed bytes are than their plaintext.
const Overhead = 1 + tagSize + nonceSize + macSize

// Seal encrypts plaintext for one purpose (Addresses, Batches or Logins; any other is a programming error and panics). aad is
// authenticated but not contained: Open needs the same. The result is len(plaintext) + Overhead bytes.
func (k *Keyring) Seal(p Purpose, plaintext, aad []byte) []byte {
	d := k.current[p]
	if d == nil || d.seals[p] == nil {
		panic(fmt.Sprintf("seal: nothing is sealed for purpose %q", p))
	}
	out := make([]byte, 1+tagSize+nonceSize, len(plaintext)+Overhead)
	out[0] = sealVersion
	copy(out[1:], d.tag[:])
	nonce := out[1+tagSize:]
	_, _ = rand.Read(nonce)
	out, err := d.seals[p].seal(out, nonce, plaintext, aad)
	if err != nil {
		// AES refuses only keys of a wrong length, and ours have 32 bytes.
		panic("seal: " + err.Error())
	}
	return out
}

// Open decrypts what Seal made. Unknown versions, unknown keys, altered bytes and other associated data are
// alerting.ErrInvalid; for an unknown key the error is an *UnknownKey, too.
func (k *Keyring) Open(p Purpose, sealed, aad []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, fmt.Errorf("open sealed %s: %w: %d bytes are too few", p, alerting.ErrInvalid, len(sealed))
	}
	if sealed[0] != sealVersion {
		return nil, fmt.Errorf("open sealed %s: %w: version %d is not known", p, alerting.ErrInvalid, sealed[0])
	}
	d, err := k.find(tag(sealed[1 : 1+tagSize]))
	if err != nil {
		return nil, fmt.Errorf("open sealed %s: %w", p, err)
	}
	x := d.seals[p]
	if x == nil {
		return nil, fmt.Errorf("open sealed %s: %w: nothing is sealed for this purpose", p, alerting.ErrInvalid)
	}
	rest := sealed[1+tagSize:]
	plain, err := x.open(rest[:nonceSize], rest[nonceSize:], aad)
	if err != nil {
		return nil, fmt.Errorf("open sealed %s with key %q: %w: bytes or associated data were altered", p, d.id,
			alerting.ErrInvalid)
	}
	return plain, nil
}

// KeyOf names the key that made sealed bytes or a hash; alerting.ErrInvalid when it is not among the keys. Bytes of
// another than the current key are due for sealing anew.
func (k *Keyring) KeyOf(made []byte) (string, error) {
	if len(made) > tagSize {
		d, err := k.find(tag(made[1 : 1+tagSize]))
		if err != nil {
			return "", err
		}
		return d.id, nil
	}
	return "", fmt.Errorf("%w: %d bytes name no key", alerting.ErrInvalid, len(made))
}

// CurrentKey names the key that is current for a purpose.
func (k *Keyring) CurrentKey(p Purpose) string {
	if d := k.current[p]; d != nil {
		return d.id
	}
	return ""
}

// hashVersion begins a hash: version, key tag, HMAC-SHA256.
const hashVersion = 1

// HashSize is the length of a hash in bytes.
const HashSize = 1 + tagSize + 32

// Hash is the keyed hash (HMAC-SHA256) of a value of one kind ("sms", "mail"), which the caller has normalised: equal
// values of one kind give equal hashes as long as the key is current. It cannot be computed, and so not enumerated,
// without the key.
func (k *Keyring) Hash(kind, value string) []byte { return k.current[Hashes].hashOf(kind, value) }

// Hashes gives the hash under every key, the current one first: look up by all of them while keys are being changed.
// A key that another process hashes with already, and that nothing here has asked for yet, is among them.
func (k *Keyring) Hashes(kind, value string) [][]byte {
	k.learn()
	first := k.current[Hashes]
	out := [][]byte{first.hashOf(kind, value)}
	for _, d := range k.family.Load().keys {
		if d != first {
			out = append(out, d.hashOf(kind, value))
		}
	}
	return out
}

func (d *derived) hashOf(kind, value string) []byte {
	return slices.Concat([]byte{hashVersion}, d.tag[:], mac(d.hash, kind, "\x00", value))
}
