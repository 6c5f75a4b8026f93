package approval

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"tocsin/alerting"
)

// Cost is what trying one password costs whoever tries it, with Argon2id (RFC 9106). The zero value is the usual cost: 64 MiB, three
// passes, one thread.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// The bounds of a cost: a forged record must not make the office ask for all its memory, or think for an hour.
const (
	mostMemory  = 256 << 10 // KiB
	leastMemory = 8         // KiB for each thread (RFC 9106 §3.1)
	mostPasses  = 10
	mostThreads = 4
)

func (c Cost) orUsual() Cost {
	if c == (Cost{}) {
		return Cost{Memory: 64 << 10, Passes: 3, Threads: 1}
	}
	return c
}

func (c Cost) check() error {
	switch {
	case c.Threads < 1 || c.Threads > mostThreads, c.Passes < 1 || c.Passes > mostPasses,
		c.Memory < leastMemory*uint32(c.Threads) || c.Memory > mostMemory:
		return fmt.Errorf("%w: cost of a password: %d KiB, %d passes, %d threads: want at most %d KiB, %d passes and %d threads", alerting.ErrInvalid,
			c.Memory, c.Passes, c.Threads, mostMemory, mostPasses, mostThreads)
	}
	return nil
}

// SaltSize is the length of a salt, in bytes.
const SaltSize = 16

// Wrapped is a private key, encrypted under its operator's password (AES-256-GCM, under what Argon2id makes of the password). Whoever
// changes the operator, the public key, the cost or anything else of it makes it useless.
type Wrapped struct {
	Operator string
	Public   ed25519.PublicKey
	Cost     Cost
	Salt     [SaltSize]byte
	sealed   [sealedSize]byte
}

// The record: version, memory, passes, threads, salt, public key, and the sealed seed with its tag of 16 bytes.
const (
	wrappedVersion = 1
	sealedSize     = ed25519.SeedSize + 16
	headSize       = 1 + 4 + 4 + 1 + SaltSize + ed25519.PublicKeySize
	wrappedSize    = headSize + sealedSize
)

// wrappedDomain begins what is authenticated beside the key.
const wrappedDomain = "tocsin password key\n"

// Wrap encrypts a private key under a password. The salt must be random, and used once: nothing else keeps the encryption of two
// keys, or of one key twice, apart.
func Wrap(private ed25519.PrivateKey, operator, password string, salt [SaltSize]byte, cost Cost) (Wrapped, error) {
	cost = cost.orUsual()
	switch {
	case len(private) != ed25519.PrivateKeySize:
		return Wrapped{}, fmt.Errorf("%w: this is no private key of Ed25519", alerting.ErrInvalid)
	case salt == [SaltSize]byte{}:
		return Wrapped{}, fmt.Errorf("%w: a salt of zeros is none", alerting.ErrInvalid)
	}
	if err := cost.check(); err != nil {
		return Wrapped{}, err
	}
	if err := CheckPassword(operator, password); err != nil {
		return Wrapped{}, err
	}
	w := Wrapped{Operator: operator, Public: Signer{Password, private}.Key().Public, Cost: cost, Salt: salt}
	gcm, err := w.cipher(password)
	if err != nil {
		return Wrapped{}, err
	}
	seed := private.Seed()
	defer clear(seed)
	copy(w.sealed[:], gcm.Seal(nil, make([]byte, gcm.NonceSize()), seed, w.beside()))
	return w, nil
}

// Open decrypts the key. ErrForbidden when the password is wrong, or the record was changed: nobody can tell which. It takes as
// long whatever the password is. Whoever has the signer clears its private key when he is done.
func (w Wrapped) Open(password string) (Signer, error) {
	if err := w.Cost.check(); err != nil {
		return Signer{}, err
	}
	gcm, err := w.cipher(password)
	if err != nil {
		return Signer{}, err
	}
	seed, err := gcm.Open(nil, make([]byte, gcm.NonceSize()), w.sealed[:], w.beside())
	if err != nil {
		return Signer{}, alerting.Refuse(alerting.ErrForbidden, "key.password", "the password is wrong")
	}
	defer clear(seed)
	s := Signer{Kind: Password, Private: ed25519.NewKeyFromSeed(seed)}
	if subtle.ConstantTimeCompare(s.Key().Public, w.Public) != 1 {
		clear(s.Private)
		return Signer{}, fmt.Errorf("%w: the record is not of this key", alerting.ErrForbidden)
	}
	return s, nil
}

// cipher is what the password makes. Its key encrypts one text only, so the nonce is zero.
func (w *Wrapped) cipher(password string) (cipher.AEAD, error) {
	text := []byte(norm.NFC.String(password))
	defer clear(text)
	key := argon2.IDKey(text, w.Salt[:], w.Cost.Passes, w.Cost.Memory, w.Cost.Threads, 32)
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("open a key: %w", err)
	}
	return cipher.NewGCM(block)
}

func (w *Wrapped) head() []byte {
	out := append(make([]byte, 0, wrappedSize), wrappedVersion)
	out = binary.BigEndian.AppendUint32(out, w.Cost.Memory)
	out = binary.BigEndian.AppendUint32(out, w.Cost.Passes)
	out = append(out, w.Cost.Threads)
	out = append(out, w.Salt[:]...)
	return append(out, w.Public...)
}

// beside is what is authenticated besides the key: all else in the record, and whose it is.
func (w *Wrapped) beside() []byte {
	return slices.Concat([]byte(wrappedDomain), w.head(), []byte(w.Operator))
}

// Key is the public half.
func (w Wrapped) Key() Key { return Key{Password, w.Public} }

// Bytes is the record; it does not say whose key it is.
func (w Wrapped) Bytes() []byte { return append(w.head(), w.sealed[:]...) }

// ParseWrapped reads a record of an operator's key. It has one form and one length.
func ParseWrapped(operator string, record []byte) (Wrapped, error) {
	if len(record) != wrappedSize || record[0] != wrappedVersion {
		return Wrapped{}, fmt.Errorf("%w: a key under a password: want %d bytes of version %d", alerting.ErrInvalid, wrappedSize, wrappedVersion)
	}
	w := Wrapped{Operator: operator, Cost: Cost{Memory: binary.BigEndian.Uint32(record[1:]), Passes: binary.BigEndian.Uint32(record[5:]), Threads: record[9]}}
	rest := record[10:]
	rest = rest[copy(w.Salt[:], rest):]
	w.Public = slices.Clone(rest[:ed25519.PublicKeySize])
	copy(w.sealed[:], rest[ed25519.PublicKeySize:])
	return w, w.Cost.check()
}

// Decoy is a record that no password opens, and that costs as much to try: for names that have none.
func Decoy(cost Cost) Wrapped {
	return Wrapped{Public: make([]byte, ed25519.PublicKeySize), Cost: cost.orUsual(), Salt: [SaltSize]byte{1}}
}

// The length of a password, in characters.
const (
	shortestPassword = 12
	longestPassword  = 200
)

// CheckPassword says what is wrong with a new password, and never repeats it.
func CheckPassword(operator, password string) error {
	if err := CheckName(operator); err != nil {
		return err
	}
	wrong := func(code, format string, args ...any) error {
		return alerting.Refuse(alerting.ErrInvalid, code, format, args...)
	}
	if !utf8.ValidString(password) || strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return wrong("password.type", "password: it holds what nobody can type: want characters of one line, in UTF-8")
	}
	text := norm.NFC.String(password)
	if n := utf8.RuneCountInString(text); n < shortestPassword || n > longestPassword {
		return wrong("password.length", "password: want %d to %d characters; several words that do not belong together are good", shortestPassword, longestPassword)
	}
	switch {
	case strings.EqualFold(strings.TrimSpace(text), norm.NFC.String(operator)):
		return wrong("password.name", "password: it is the operator's own name")
	case slices.ContainsFunc(commonest(), func(c string) bool { return strings.EqualFold(c, text) }):
		return wrong("password.common", "password: it is one of the commonest, which are tried first; several words that do not belong together are good")
	}
	return nil
}

// commonest are the passwords of that length that are tried first.
func commonest() []string {
	return strings.Fields(`123456789012 1234567890123 12345678901234 123456789012345 1234567890123456 012345678901 0123456789012 098765432109
		111111111111 000000000000 123123123123 112233445566 121212121212 123321123321 aaaaaaaaaaaa abcdefghijkl abcdefghijklmnopqrstuvwxyz
		abc123abc123 abcd12345678 a123456789012 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i 1qaz2wsx3edc 1qaz2wsx3edc4rfv qazwsxedcrfv
		qwertyuiop12 qwertyuiop123 qwertyuiop[] qwertyuiopasdf qwertyuiopasdfghjkl qwerty123456 qwerty12345678 qwertyqwerty asdfghjkl123
		asdfghjklzxc zxcvbnmasdfg password1234 password12345 password123456 password2024 password2025 password2026 passwordpassword
		passw0rd1234 p@ssw0rd1234 p@ssword1234 mypassword12 mypassword123 administrator administrator1 admin1234567 admin123456789 adminadminadmin
		letmeinletmein welcome12345 welcome123456 changemenow1 changeme1234 changemechangeme iloveyou1234 iloveyouforever iloveyou1234567
		trustno1trustno1 sunshine1234 princess1234 football1234 baseball1234 superman1234 dragon123456 monkey123456 master123456 secret123456
		default12345 testtesttest test12345678 test123456789 google123456 facebook1234 computer1234 internet1234 whatever1234 correcthorsebatterystaple
		tocsintocsin tocsin123456 emergency112 emergency911 emergency123 warningwarning`)
}
