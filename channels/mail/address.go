package mail

import (
	"errors"
	netmail "net/mail"
	"strings"
)

// errAddress is the refusal of what is not a plain address; it does not repeat it.
var errAddress = errors.New("not a plain e-mail address")

// mailbox checks that s is a bare address, in the spelling in which it may stand in RCPT TO and in a header: no name, no
// comment, no quotes, no address literal, nothing that could end a line or a pair of angle brackets (RFC 5321 §4.1.2).
func mailbox(s string) error {
	if len(s) > 254 || strings.ContainsAny(s, " \t\r\n\x00<>()[]\\,;:\"") {
		return errAddress
	}
	parsed, err := netmail.ParseAddress(s)
	if err != nil || parsed.Address != s || parsed.Name != "" {
		return errAddress
	}
	if at := strings.LastIndexByte(s, '@'); at > 64 {
		return errAddress
	}
	return nil
}

// domainOf is the part after the at sign.
func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// ascii reports whether an address needs no SMTPUTF8 (RFC 6531).
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] > '~' {
			return false
		}
	}
	return true
}
