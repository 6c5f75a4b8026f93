package sim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// keyPairs is how many different key pairs a seed has. A subscription's pair follows from its id, so that no state is
// kept per subscription; its auth secret is its own.
const keyPairs = 256

// keyring derives the keys of push subscriptions from a seed and their id. Ids have the form "<seed>-<number>"; any
// other id belongs to the simulator's own seed.
type keyring struct {
	seed uint64

	mu    sync.RWMutex
	pairs map[pairName]*ecdh.PrivateKey
}

type pairName struct {
	seed uint64
	n    uint8
}

func newKeyring(seed uint64) *keyring {
	return &keyring{seed: seed, pairs: map[pairName]*ecdh.PrivateKey{}}
}

// maxPairs bounds the cache when many seeds are used.
const maxPairs = 64 * keyPairs

// keys are the key pair and the auth secret of a subscription.
func (k *keyring) keys(id string) (*ecdh.PrivateKey, [16]byte, error) {
	seed := k.seed
	if head, _, ok := strings.Cut(id, "-"); ok {
		if n, err := strconv.ParseUint(head, 10, 64); err == nil {
			seed = n
		}
	}
	sum := derive(seed, "subscription "+id)
	name := pairName{seed: seed, n: sum[16]}
	auth := [16]byte(sum[:16])
	k.mu.RLock()
	pair := k.pairs[name]
	k.mu.RUnlock()
	if pair != nil {
		return pair, auth, nil
	}
	var err error
	for try := 0; ; try++ { // one try in 2^32 gives no valid scalar
		d := derive(seed, "pair "+strconv.Itoa(int(name.n))+" "+strconv.Itoa(try))
		if pair, err = ecdh.P256().NewPrivateKey(d[:]); err == nil {
			break
		}
		if try > 8 {
			return nil, auth, fmt.Errorf("derive key pair: %w", err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.pairs) >= maxPairs {
		clear(k.pairs)
	}
	k.pairs[name] = pair
	return pair, auth, nil
}

func derive(seed uint64, label string) [32]byte {
	mac := hmac.New(sha256.New, binary.BigEndian.AppendUint64(nil, seed))
	mac.Write([]byte(label))
	return [32]byte(mac.Sum(nil))
}

// appendSubscription writes a PushSubscription as JSON, as a browser would send it to the application server.
func (k *keyring) appendSubscription(b []byte, origin, id string) ([]byte, error) {
	pair, auth, err := k.keys(id)
	if err != nil {
		return nil, err
	}
	b = append(append(append(append(b, `{"endpoint":"`...), origin...), pushPath...), id...)
	b = append(b, `","keys":{"p256dh":"`...)
	b = base64.RawURLEncoding.AppendEncode(b, pair.PublicKey().Bytes())
	b = append(b, `","auth":"`...)
	b = base64.RawURLEncoding.AppendEncode(b, auth[:])
	return append(b, `"}}`...), nil
}

// The layout of an aes128gcm message: salt, record size, length of the key id, key id (RFC 8188 §2.1), where the key id is
// the sender's public key (RFC 8291 §4).
const (
	saltSize  = 16
	pointSize = 65
	pushHead  = saltSize + 4 + 1 + pointSize
)

// open decrypts a message to a subscription into b.
func (k *keyring) open(b []byte, id string, body []byte) ([]byte, error) {
	pair, auth, err := k.keys(id)
	if err != nil {
		return nil, err
	}
	return decrypt(b, pair, auth, body)
}

// decrypt opens a message that is encrypted to a key pair and auth secret (RFC 8291) into b.
func decrypt(b []byte, pair *ecdh.PrivateKey, auth [16]byte, body []byte) ([]byte, error) {
	if len(body) < pushHead+aes.BlockSize+1 || body[saltSize+4] != pointSize {
		return nil, errors.New("too short, or no P-256 key for a key id")
	}
	salt, size := body[:saltSize], binary.BigEndian.Uint32(body[saltSize:])
	point, record := body[pushHead-pointSize:pushHead], body[pushHead:]
	if size < 18 || uint64(len(record)) > uint64(size) {
		return nil, errors.New("more than one record") // RFC 8291 §4: a push message is a single record
	}
	sender, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return nil, errors.New("key id is not a point of P-256")
	}
	secret, err := pair.ECDH(sender)
	if err != nil {
		return nil, fmt.Errorf("key agreement: %w", err)
	}
	aead, nonce, err := contentKey(secret, auth[:], salt, pair.PublicKey().Bytes(), point)
	if err != nil {
		return nil, err
	}
	clear, err := aead.Open(b, nonce, record, nil)
	if err != nil {
		return nil, errors.New("authentication failed")
	}
	return unpad(clear)
}

// contentKey derives cipher and nonce (RFC 8291 §3.4, RFC 8188 §2.2 and §2.3).
func contentKey(secret, auth, salt, receiver, sender []byte) (cipher.AEAD, []byte, error) {
	info := "WebPush: info\x00" + string(receiver) + string(sender)
	ikm, err := hkdf.Key(sha256.New, secret, auth, info, 32)
	if err != nil {
		return nil, nil, fmt.Errorf("derive content key: %w", err)
	}
	prk, err := hkdf.Extract(sha256.New, ikm, salt)
	if err != nil {
		return nil, nil, fmt.Errorf("derive content key: %w", err)
	}
	key, err := hkdf.Expand(sha256.New, prk, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, nil, fmt.Errorf("derive content key: %w", err)
	}
	nonce, err := hkdf.Expand(sha256.New, prk, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, nil, fmt.Errorf("derive content key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, fmt.Errorf("content cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, fmt.Errorf("content cipher: %w", err)
	}
	return aead, nonce, nil
}

// unpad drops zeros and the delimiter of the last record, 2 (RFC 8188 §2).
func unpad(clear []byte) ([]byte, error) {
	for i, c := range slices.Backward(clear) {
		switch c {
		case 0:
		case 2:
			return clear[:i], nil
		default:
			return nil, errors.New("padding delimiter is not that of a last record")
		}
	}
	return nil, errors.New("no padding delimiter")
}
