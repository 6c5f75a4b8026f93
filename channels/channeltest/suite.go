// Package channeltest is the conformance suite of the adapters: one set of questions about answers, deadlines, secrets,
// concurrency and clean-up that every gateway package must answer alike, whatever protocol it speaks.
//
// It stands apart because a Worker treats all adapters the same, so they must fail the same way. An adapter's test
// gives a Suite whose Start opens a scripted server on loopback; Run does the rest. What a protocol has no notion of is
// declared with its reason, never passed over in silence.
package channeltest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
)

// Behaviour is what the scripted server does with every delivery.
type Behaviour string

// The behaviours.
const (
	// Accept: takes the delivery and says so.
	Accept Behaviour = "accept"
	// Reject: refuses this recipient for good.
	Reject Behaviour = "reject"
	// Busy: asks everybody to slow down, for RetryAfter where the protocol can say so.
	Busy Behaviour = "busy"
	// Transient: cannot take it now and says so before taking anything.
	Transient Behaviour = "transient"
	// Refuse: nobody listens.
	Refuse Behaviour = "refuse connection"
	// Silence: takes the whole delivery and never answers.
	Silence Behaviour = "accept, then silence"
	// Reset: takes the whole delivery and resets the connection.
	Reset Behaviour = "accept, then reset"
	// Garbage: takes the whole delivery and answers something that is not of the protocol.
	Garbage Behaviour = "garbage"
	// Drip: takes the whole delivery and answers byte by byte, too slowly to finish.
	Drip Behaviour = "drip"
	// Huge: takes the delivery and answers with HugeSize bytes.
	Huge Behaviour = "huge answer"
	// Redirect: points to another address; whoever follows arrives there.
	Redirect Behaviour = "redirect"
)

// Behaviours lists all behaviours.
func Behaviours() []Behaviour {
	return []Behaviour{Accept, Reject, Busy, Transient, Refuse, Silence, Reset, Garbage, Drip, Huge, Redirect}
}

// RetryAfter is what a Busy server asks for.
const RetryAfter = 7 * time.Second

// HugeSize is the number of bytes of a Huge answer.
const HugeSize = 16 << 20

// Script is what Start has to set up.
type Script struct {
	Behaviour Behaviour
	// Live asks for an adapter that is declared live: it may carry nothing but the world Actual.
	Live bool
}

// Subject is an adapter with its scripted server.
type Subject struct {
	Adapter channels.Adapter
	// Close ends the adapter. The server ends with the test.
	Close func() error
	// Arrived counts what reached the server: requests, messages or commands that carry a delivery.
	Arrived func() int
}

// Outcome is what Send may say.
type Outcome struct {
	// Accepted allows a nil error.
	Accepted bool
	// Classes are the allowed classes of failure.
	Classes []channels.Class
	// RetryAfter must be stated with the failure.
	RetryAfter time.Duration
}

// Suite says how one adapter is put to the test.
type Suite struct {
	// Start opens a server that follows the script and an adapter that sends to it.
	Start func(t *testing.T, s Script) Subject
	// Delivery is a fresh delivery to recipient n, of world Test, that expires in an hour.
	Delivery func(n int) channels.Delivery
	// Hostile are addresses that must be refused before anything leaves.
	Hostile []string
	// Secrets are strings (tokens, passwords, keys) that no error may hold; addresses are watched anyway.
	Secrets []string
	// NotApplicable gives the reason why the protocol has no notion of a behaviour.
	NotApplicable map[Behaviour]string
	// Want replaces the default outcome of a behaviour.
	Want map[Behaviour]Outcome
}

// wanted is the outcome that a behaviour must have unless the suite replaces it.
func wanted() map[Behaviour]Outcome {
	lost := Outcome{Classes: []channels.Class{channels.Lost}}
	untaken := Outcome{Classes: []channels.Class{channels.Busy, channels.Transient}}
	return map[Behaviour]Outcome{
		Accept:    {Accepted: true},
		Reject:    {Classes: []channels.Class{channels.Rejected}},
		Busy:      {Classes: []channels.Class{channels.Busy}, RetryAfter: RetryAfter},
		Transient: {Classes: []channels.Class{channels.Transient}},
		Refuse:    untaken,
		Silence:   lost,
		Reset:     lost,
		Garbage:   lost,
		Drip:      lost,
		Huge:      {Accepted: true, Classes: []channels.Class{channels.Lost}},
		Redirect:  untaken,
	}
}

// Run puts the adapter to the test.
func Run(t *testing.T, s Suite) {
	want := wanted()
	maps.Copy(want, s.Want)
	for _, b := range Behaviours() {
		if reason := s.NotApplicable[b]; reason != "" {
			t.Logf("%s: not applicable: %s", b, reason)
			continue
		}
		t.Run(string(b), func(t *testing.T) { s.behaves(t, b, want[b]) })
	}
	t.Run("many at once", s.manyAtOnce)
	t.Run("expired is never handed over", s.expired)
	t.Run("a live gateway carries only real warnings", s.live)
	t.Run("hostile addresses", s.hostile)
	t.Run("cancelled context", s.cancelled)
	t.Run("nothing is left behind", s.leavesNothing)
	t.Run("close twice", s.closeTwice)
}

// expired: nothing is sent after expires, and the server never hears of it.
func (s Suite) expired(t *testing.T) {
	subject := s.Start(t, Script{Behaviour: Accept})
	defer closeSubject(t, subject)
	d := s.Delivery(1)
	d.Expires = time.Now().Add(-time.Minute)
	_, err := send(t, subject.Adapter, d, patience)
	s.check(t, d, err, Outcome{Classes: []channels.Class{channels.Expired}})
	if n := subject.Arrived(); n != 0 {
		t.Errorf("%d expired deliveries reached the gateway, want none", n)
	}
}

// live: exercise and test never reach a live gateway.
func (s Suite) live(t *testing.T) {
	for _, world := range []alerting.World{alerting.Exercise, alerting.Test, ""} {
		subject := s.Start(t, Script{Behaviour: Accept, Live: true})
		d := s.Delivery(1)
		d.World = world
		_, err := send(t, subject.Adapter, d, patience)
		s.check(t, d, err, Outcome{Classes: []channels.Class{channels.Rejected}})
		if n := subject.Arrived(); n != 0 {
			t.Errorf("world %q: %d deliveries reached a live gateway, want none", world, n)
		}
		closeSubject(t, subject)
	}
}

// hostile: what is not an address is refused for good, before anything leaves.
func (s Suite) hostile(t *testing.T) {
	subject := s.Start(t, Script{Behaviour: Accept})
	defer closeSubject(t, subject)
	for _, address := range append([]string{"", "\r\n", "\x00", string(slices.Repeat([]byte("9"), 1<<16))}, s.Hostile...) {
		d := s.Delivery(1)
		d.Address = address
		_, err := send(t, subject.Adapter, d, patience)
		s.check(t, d, err, Outcome{Classes: []channels.Class{channels.Rejected}})
	}
	if n := subject.Arrived(); n != 0 {
		t.Errorf("%d hostile deliveries reached the gateway, want none", n)
	}
}
