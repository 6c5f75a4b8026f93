package channels

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tocsin/alerting"
	"tocsin/channels/protocol"
)

// SendTimeout bounds every send; a claim's lease is built on it.
const SendTimeout = protocol.SendTimeout

// Delivery is one message to one recipient, ready to be handed over.
type Delivery struct {
	World   alerting.World
	Alert   alerting.AlertID
	Epoch   uint32
	Channel alerting.Channel
	Lane    alerting.Lane
	Gateway string
	Page    uint32
	Place   uint8
	// Attempt is 1 for the first hand-over.
	Attempt uint8
	// Address is in the clear: an E.164 number, an e-mail address, a push subscription (JSON), a siren's record (JSON).
	Address string
	// Message is shared by all who get the same words: adapters never change it.
	Message *alerting.Message
	// Document is the CAP document as issued.
	Document []byte
	// Issued is the alert as the worker knows it, with the window of a public test; nil where nobody can tell, and then
	// only actual alerts pass a live gateway.
	Issued  *alerting.Issued
	Expires time.Time
}

// Handed is the gateway's answer to an accepted delivery.
type Handed struct {
	// Reference is the gateway's own name for the delivery; empty when it gives none.
	Reference string
	// Delivered is true when the answer already proves arrival (a siren that reads back as sounding).
	Delivered bool
}

// Adapter hands deliveries to one gateway. Send is called from many goroutines at once, with a context that ends after
// SendTimeout. A nil error means that the gateway took the delivery. Any other outcome is a *Failure; an error of
// another type counts as Lost, because nobody knows whether the delivery landed.
type Adapter interface {
	Send(ctx context.Context, d Delivery) (Handed, error)
}

// Prober is the ability to check the way to the gateway without sending anything to a recipient.
type Prober interface {
	Probe(ctx context.Context) error
}

// Class says what a failed send means for what comes next.
type Class uint8

// The classes of failure.
const (
	// Lost: handed over, perhaps; the answer never came or made no sense. Resent at most once.
	Lost Class = iota
	// Rejected: the gateway refused this recipient or message for good.
	Rejected
	// Busy: the whole gateway asks us to slow down (429, 421, breaker); nothing was taken. All deliveries wait.
	Busy
	// Transient: nothing was taken this time (refused connection, 5xx, greylisting); try this recipient again later.
	Transient
	// Expired: the alert's time ran out before the hand-over.
	Expired
	// OptedOut: the recipient told the gateway to stop; final, and remembered for later alerts.
	OptedOut
	// Gone: the address no longer exists (push 404 or 410, an unknown mailbox); final, and the address is pruned.
	Gone
)

// String is the class as metrics name it.
func (c Class) String() string {
	switch c {
	case Lost:
		return "lost"
	case Rejected:
		return "rejected"
	case Busy:
		return "busy"
	case Transient:
		return "transient"
	case Expired:
		return "expired"
	case OptedOut:
		return "opted_out"
	case Gone:
		return "gone"
	}
	return fmt.Sprintf("class %d", uint8(c))
}

// Failure is a send that did not succeed. Reason is short, free of addresses and secrets, and fit for a receipt
// ("twilio 21211: invalid number").
type Failure struct {
	Class  Class
	Reason string
	// RetryAfter is the gateway's own wish; 0 when it stated none.
	RetryAfter time.Duration
	// Alone is true when a Transient or Lost failure speaks of this recipient, or of a part of the gateway, and says nothing
	// of the gateway as a whole (greylisting, one push service of several, one siren): the breaker does not count it.
	Alone bool
	// Err is the cause, for errors.Is; it is not shown to users.
	Err error
}

// Error is class and reason.
func (f *Failure) Error() string { return f.Class.String() + ": " + f.Reason }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// FailureOf is the failure that an error of Send amounts to.
func FailureOf(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return &Failure{Class: Lost, Reason: "no clear answer", Err: err}
}
