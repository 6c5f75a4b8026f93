package protocol_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/ledger"
)

// stage is how far a rebuild has come.
type stage uint8

const (
	resting stage = iota
	// begun: its nonce is left, the ready mark is gone.
	begun
	// folded: the books are read.
	folded
	// written: closed and merged, and about to be declared ready.
	written
	declared
)

// rebuildCall asks for one step of a rebuild; with resting, for a sweep of a ledger that is ready.
type rebuildCall struct {
	m       memory
	to      stage
	journal journal
	// stopped: the issued alerts say so, read to the end. told: the alert that stopped this one tells the place.
	stopped, told bool
}

type rebuildAnswer struct {
	m memory
	// overtaken: the rebuild gave up.
	overtaken bool
	// lifted: the place was handed over, to be told after all.
	lifted bool
}

// rebuild lets the role ledger sweep as far as one step. What happened before the step is laid in: the sweep is played
// from its beginning with the books of then, and at the step finds the memory of the moment.
func (s *slate) rebuild(call rebuildCall) rebuildAnswer {
	if a, made := s.rebuilds[call]; made {
		return a
	}
	var a rebuildAnswer
	first := memory{}
	if call.to == begun || call.to == resting {
		first = call.m
	}
	s.write(first, "another")
	arrived := false
	s.door = func() error {
		arrived = true
		if call.to == written {
			return errHere
		}
		s.layIn(call.m)
		return nil
	}
	err := s.keeper(call, &a).Sweep(s.t.Context())
	s.door = nil
	if err != nil && !errors.Is(err, errHere) {
		s.t.Fatalf("%+v: %v", call, err)
	}
	a.overtaken = call.to == written && !arrived
	a.m = s.read()
	s.rebuilds[call] = a
	return a
}

// layIn writes the memory of the moment under the nonce of the rebuild that is played.
func (s *slate) layIn(m memory) { s.write(m, s.rdb.HGet(s.t.Context(), s.key("meta"), "nonce").Val()) }

// keeper is the role ledger with the books of the call.
func (s *slate) keeper(call rebuildCall, a *rebuildAnswer) *ledger.Keeper {
	read := func() {
		if call.to == written {
			s.layIn(call.m)
		}
	}
	books := ledger.Books{
		Manifest: func(context.Context, alerting.AlertID) iter.Seq2[ledger.PageOf, error] {
			return func(yield func(ledger.PageOf, error) bool) {
				if call.to == begun {
					yield(ledger.PageOf{}, errHere)
					return
				}
				yield(ledger.PageOf{Channel: alerting.SMS, Page: page, Places: []uint8{place}}, nil)
			}
		},
		Journal: func(_ context.Context, _ alerting.World, _ time.Time, fn func(alerting.Receipt) error) error {
			if !call.stopped {
				defer read()
			}
			return fn(s.receipt(call.journal))
		},
		Corrected: func(context.Context, alerting.AlertID) iter.Seq2[ledger.PageOf, error] {
			return func(yield func(ledger.PageOf, error) bool) {
				if call.told && !yield(ledger.PageOf{Channel: alerting.SMS, Page: page, Places: []uint8{place}}, nil) {
					return
				}
				read()
			}
		},
	}
	live := ledger.Live{ID: s.id, World: alerting.Actual, Issued: epoch, Expires: epoch.Add(time.Hour)}
	caughtUp := call.to == resting
	return &ledger.Keeper{
		Ledger: s.ledger, Books: books, Now: func() time.Time { return epoch }, Log: slog.New(slog.DiscardHandler),
		Live:    func(context.Context) ([]ledger.Live, error) { return []ledger.Live{live}, nil },
		CatchUp: func(context.Context) error { caughtUp = true; return nil },
		Stopped: func(alerting.AlertID) bool { return call.stopped && caughtUp },
		Lifted: func(context.Context, alerting.AlertID, ledger.Lift) error {
			if call.to != resting {
				return errHere
			}
			a.lifted = true
			return nil
		},
	}
}
