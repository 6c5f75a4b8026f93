package channeltest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/channels"
)

const (
	// patience is the deadline of a send that should be answered at once.
	patience = 5 * time.Second
	// short is the deadline of a send that will not be answered.
	short = 200 * time.Millisecond
	// grace is how much later than its deadline a send may return on a busy machine.
	grace = 2 * time.Second
)

// behaves sends once against the behaviour and looks at the answer, the time, the memory and the message.
func (s Suite) behaves(t *testing.T, b Behaviour, want Outcome) {
	subject := s.Start(t, Script{Behaviour: b})
	defer closeSubject(t, subject)
	d := s.Delivery(1)
	before := *d.Message
	document := slices.Clone(d.Document)
	var memory, after runtime.MemStats
	runtime.ReadMemStats(&memory)
	handed, err := send(t, subject.Adapter, d, deadlineOf(b))
	runtime.ReadMemStats(&after)
	s.check(t, d, err, want)
	if err == nil && d.Address != "" && strings.Contains(handed.Reference, d.Address) {
		t.Error("the reference holds the address")
	}
	if grown := after.TotalAlloc - memory.TotalAlloc; b == Huge && grown > HugeSize/2 {
		t.Errorf("%d bytes allocated for a huge answer, want it left unread", grown)
	}
	if *d.Message != before || !slices.Equal(d.Document, document) {
		t.Error("the message or the document was changed")
	}
	switch n := subject.Arrived(); {
	case b == Refuse && n != 0:
		t.Errorf("%d deliveries arrived where nobody listens", n)
	case b == Redirect && n > 1:
		t.Error("the redirect was followed")
	case b != Refuse && b != Redirect && n != 1:
		t.Errorf("the delivery arrived %d times, want once: only the Worker decides on another attempt", n)
	}
}

// deadlineOf is short where no answer will come.
func deadlineOf(b Behaviour) time.Duration {
	if b == Silence || b == Drip {
		return short
	}
	return patience
}

// send calls Send and fails when it does not return in time.
func send(t *testing.T, a channels.Adapter, d channels.Delivery, deadline time.Duration) (channels.Handed, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	type answer struct {
		handed channels.Handed
		err    error
	}
	done := make(chan answer, 1)
	go func() {
		handed, err := a.Send(ctx, d)
		done <- answer{handed, err}
	}()
	late := time.NewTimer(deadline + grace)
	defer late.Stop()
	select {
	case got := <-done:
		return got.handed, got.err
	case <-late.C:
		t.Fatalf("Send did not return within its deadline of %s", deadline)
		return channels.Handed{}, nil
	}
}

// check compares an answer of Send with what is allowed, and looks for leaks.
func (s Suite) check(t *testing.T, d channels.Delivery, err error, want Outcome) {
	t.Helper()
	if err == nil {
		if !want.Accepted {
			t.Errorf("Send succeeded, want one of %v", want.Classes)
		}
		return
	}
	var f *channels.Failure
	if !errors.As(err, &f) {
		t.Fatalf("Send failed with %T, want *channels.Failure", err)
	}
	if !slices.Contains(want.Classes, f.Class) {
		t.Errorf("Send failed with %q, want accepted %t or one of %v", f, want.Accepted, want.Classes)
	}
	if f.RetryAfter != want.RetryAfter {
		t.Errorf("retry after %s, want %s", f.RetryAfter, want.RetryAfter)
	}
	if f.Reason == "" || len(f.Reason) > 120 || strings.ContainsAny(f.Reason, "\r\n") {
		t.Errorf("reason %q: want one short line", f.Reason)
	}
	for link := err; link != nil; link = errors.Unwrap(link) {
		s.noLeak(t, d, link.Error())
	}
}

// noLeak: neither address nor secret may stand in an error, nor in what it wraps.
func (s Suite) noLeak(t *testing.T, d channels.Delivery, text string) {
	t.Helper()
	if len(d.Address) > 3 && strings.Contains(text, d.Address) {
		t.Errorf("an error holds the address: %.200q", text)
	}
	for i, secret := range s.Secrets {
		if strings.Contains(text, secret) {
			t.Errorf("an error holds secret %d", i)
		}
	}
}

// manyAtOnce: Send is called from many goroutines; run with -race to see more.
func (s Suite) manyAtOnce(t *testing.T) {
	subject := s.Start(t, Script{Behaviour: Accept})
	defer closeSubject(t, subject)
	const callers, each = 16, 8
	var wait sync.WaitGroup
	for caller := range callers {
		wait.Go(func() {
			for i := range each {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				_, err := subject.Adapter.Send(ctx, s.Delivery(caller*each+i))
				cancel()
				if err != nil {
					t.Errorf("delivery %d: %v", caller*each+i, err)
				}
			}
		})
	}
	wait.Wait()
	if n := subject.Arrived(); n != callers*each {
		t.Errorf("%d deliveries arrived, want %d", n, callers*each)
	}
}

// cancelled: a context that has ended hands nothing over.
func (s Suite) cancelled(t *testing.T) {
	subject := s.Start(t, Script{Behaviour: Accept})
	defer closeSubject(t, subject)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := subject.Adapter.Send(ctx, s.Delivery(1))
	s.check(t, s.Delivery(1), err, Outcome{Classes: []channels.Class{channels.Transient}})
	if n := subject.Arrived(); n != 0 {
		t.Errorf("%d deliveries were handed over after the context ended", n)
	}
	s.cancelledWhileWaiting(t)
}

// cancelledWhileWaiting: cancelling a send that waits for its answer ends it at once; the answer is lost.
func (s Suite) cancelledWhileWaiting(t *testing.T) {
	if s.NotApplicable[Silence] != "" {
		return
	}
	subject := s.Start(t, Script{Behaviour: Silence})
	defer closeSubject(t, subject)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := subject.Adapter.Send(ctx, s.Delivery(1))
		done <- err
	}()
	if !eventually(func() bool { return subject.Arrived() > 0 }) {
		t.Fatal("the delivery never arrived")
	}
	cancel()
	select {
	case err := <-done:
		s.check(t, s.Delivery(1), err, Outcome{Classes: []channels.Class{channels.Lost}})
	case <-time.After(grace):
		t.Error("Send did not return when its context was cancelled")
	}
}

// leavesNothing: when adapter and server are closed, no goroutine is left, whatever the server did.
func (s Suite) leavesNothing(t *testing.T) {
	baseline := runtime.NumGoroutine()
	for _, b := range []Behaviour{Accept, Silence, Reset} {
		if s.NotApplicable[b] != "" {
			continue
		}
		t.Run(string(b), func(t *testing.T) {
			subject := s.Start(t, Script{Behaviour: b})
			for i := range 4 {
				_, err := send(t, subject.Adapter, s.Delivery(i), short)
				if accepted := err == nil; accepted != (b == Accept) {
					t.Errorf("delivery %d: %v", i, err)
				}
			}
			closeSubject(t, subject)
		})
	}
	if !eventually(func() bool { return runtime.NumGoroutine() <= baseline }) {
		stacks := make([]byte, 1<<16)
		t.Errorf("%d goroutines, want at most %d:\n%s", runtime.NumGoroutine(), baseline, stacks[:runtime.Stack(stacks, true)])
	}
}

// closeTwice: closing again does nothing.
func (s Suite) closeTwice(t *testing.T) {
	subject := s.Start(t, Script{Behaviour: Accept})
	closeSubject(t, subject)
	closeSubject(t, subject)
}

// eventually waits for what has no event to wait on, such as the end of foreign goroutines.
func eventually(holds func() bool) bool {
	deadline := time.NewTimer(grace)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			return false
		case <-tick.C:
		}
	}
	return true
}

func closeSubject(t *testing.T, s Subject) {
	t.Helper()
	if s.Close == nil {
		return
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
