package mail

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	"tocsin/channels"
)

// answer is what a relay said instead of what we waited for.
type answer struct {
	code int
	// enhanced is the code of RFC 3463, zeros where there is none.
	enhanced [3]int
}

// Error leaves out the relay's words, which may repeat the address.
func (e *answer) Error() string { return e.reason() }

// refusal reports whether it is one: a code that is neither says that we and the relay speak of different commands.
func (e *answer) refusal() bool { return e.code >= 400 && e.code <= 599 }

// answered turns an unwanted answer into an *answer, and leaves other errors alone.
func answered(err error) error {
	var said *textproto.Error
	if !errors.As(err, &said) {
		return err
	}
	e := &answer{code: said.Code}
	codes, _, _ := strings.Cut(said.Msg, " ")
	var class, subject, detail int
	if n, _ := fmt.Sscanf(codes, "%d.%d.%d", &class, &subject, &detail); n == 3 && class == said.Code/100 {
		e.enhanced = [3]int{class, subject, detail}
	}
	return e
}

// class says what an answer means at its stage (RFC 5321 §4.2, RFC 3463).
func (e *answer) class(at stage) channels.Class {
	switch {
	case e.code == 421, e.code == 530, e.code >= 534 && e.code <= 538, e.code == 454 && e.enhanced[1] == 7:
		// The relay closes, or does not know us: everybody waits.
		return channels.Busy
	case e.code >= 400 && e.code < 500:
		return channels.Transient
	case e.code < 500 || e.code >= 600:
		if at == stageEnd {
			return channels.Lost
		}
		return channels.Transient
	case e.tooLarge():
		return channels.Rejected
	case at == stageMail:
		// The sender is refused, so every message would be.
		return channels.Busy
	case at == stageRcpt && e.enhanced[0] == 5 && e.enhanced[1] == 1 && (e.enhanced[2] == 1 || e.enhanced[2] == 6):
		return channels.Gone
	}
	return channels.Rejected
}

func (e *answer) tooLarge() bool {
	return e.code == 552 || e.enhanced == [3]int{5, 3, 4} || e.enhanced == [3]int{5, 2, 3}
}

// reason is an answer as receipts show it: its codes, and our own words.
func (e *answer) reason() string {
	codes := fmt.Sprintf("smtp %d", e.code)
	if e.enhanced[0] > 0 {
		codes += fmt.Sprintf(" %d.%d.%d", e.enhanced[0], e.enhanced[1], e.enhanced[2])
	}
	words := "refused"
	switch {
	case e.code == 421:
		words = "the relay closes the connection"
	case e.code == 530, e.code >= 534 && e.code <= 538:
		words = "credentials refused"
	case e.tooLarge():
		words = "message too large"
	case e.enhanced[1] == 1 && (e.enhanced[2] == 1 || e.enhanced[2] == 6):
		words = "no such mailbox"
	case e.enhanced[1] == 2 && e.enhanced[2] == 2:
		words = "mailbox full"
	case e.enhanced[1] == 7:
		words = "refused by a rule of the relay"
	case e.code < 500:
		words = "not now"
	}
	return codes + ": " + words
}

// reference finds the relay's queue number in its last answer; what might be an address is left out.
func reference(text, address string) string {
	fields := strings.Fields(text)
	for i, field := range fields {
		if i > 0 && strings.EqualFold(fields[i-1], "as") || i == 0 && len(field) >= 8 {
			id := strings.Trim(field, "<>.,;()")
			if len(id) <= 64 && !strings.Contains(id, "@") && !strings.Contains(address, id) && ascii(id) && oneLine(id) == id {
				return id
			}
		}
	}
	return ""
}
