package login

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"tocsin/alerting/approval"
)

const (
	hashSize   = 32
	mostMemory = 256 << 10 // KiB
)

// hashPassword makes the record of a password: Argon2id (RFC 9106) with its cost and a fresh salt.
func hashPassword(password string, cost approval.Cost) string {
	var salt [approval.SaltSize]byte
	_, _ = rand.Read(salt[:]) // it never fails (crypto/rand)
	return record(password, salt[:], cost)
}

func record(password string, salt []byte, cost approval.Cost) string {
	text := []byte(norm.NFC.String(password))
	defer clear(text)
	sum := argon2.IDKey(text, salt, cost.Passes, cost.Memory, cost.Threads, hashSize)
	return fmt.Sprintf("argon2id m=%d t=%d p=%d %s %s", cost.Memory, cost.Passes, cost.Threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

// fits tries a password against a record. A record that cannot be read, such as the empty one of an account that has none, costs as
// much to try, and nothing fits it.
func fits(have, password string, usual approval.Cost) bool {
	cost, salt, ok := parseRecord(have)
	if !ok {
		cost, salt = usual, make([]byte, approval.SaltSize)
	}
	return subtle.ConstantTimeCompare([]byte(record(password, salt, cost)), []byte(have)) == 1 && ok
}

// parseRecord reads the cost and the salt of a record; a forged one must not ask for all the memory there is.
func parseRecord(have string) (cost approval.Cost, salt []byte, ok bool) {
	var s, sum string
	n, err := fmt.Sscanf(have, "argon2id m=%d t=%d p=%d %s %s", &cost.Memory, &cost.Passes, &cost.Threads, &s, &sum)
	if err != nil || n != 5 || cost.Memory > mostMemory || cost.Passes < 1 || cost.Passes > 10 || cost.Threads < 1 || cost.Threads > 4 {
		return approval.Cost{}, nil, false
	}
	salt, err = base64.RawStdEncoding.DecodeString(s)
	return cost, salt, err == nil
}
