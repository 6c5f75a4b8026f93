package sim

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// FaultKind names what a rule does.
type FaultKind string

// The faults. "Taken" says whether the message was taken (and logged as arrived) before the fault.
const (
	// Latency waits delay ± jitter before anything else; the rules after it still apply.
	Latency FaultKind = "latency"
	// Status answers with an HTTP status (mail: an SMTP code), with code and retry_after. Not taken.
	Status FaultKind = "status"
	// Limit takes at most rate units a second and answers 429 (mail: 421) beyond. Not taken.
	Limit FaultKind = "limit"
	// Queue takes everything and lets it land at rate units a second.
	Queue FaultKind = "queue"
	// Refuse refuses the recipients that match, with status and code. Not taken.
	Refuse FaultKind = "refuse"
	// Hang takes the message and never answers.
	Hang FaultKind = "hang"
	// Stall never answers either, and takes nothing.
	Stall FaultKind = "stall"
	// Drip takes the message and answers one byte per delay (default 1 s).
	Drip FaultKind = "drip"
	// ResetBefore resets the connection without taking the message; ResetAfter takes it first.
	ResetBefore FaultKind = "reset_before"
	ResetAfter  FaultKind = "reset_after"
	// BadJSON takes the message and answers success with a broken body.
	BadJSON FaultKind = "bad_json"
	// Error200 answers 200 with an error for a body. Not taken.
	Error200 FaultKind = "error_200"
	// BigBody takes the message and answers success in a body of 10 MB.
	BigBody FaultKind = "big_body"
	// Redirect answers 307 to another path of the same listener, which logs who follows. Not taken.
	Redirect FaultKind = "redirect"

	// CallbackFail ends the message as undelivered (status failed: as failed) with code.
	CallbackFail FaultKind = "callback_fail"
	// CallbackDelay puts the final callback off by delay.
	CallbackDelay FaultKind = "callback_delay"
	// CallbackEarly posts all callbacks before the request itself is answered.
	CallbackEarly FaultKind = "callback_early"
	// CallbackTwice posts the final callback twice; CallbackSwap posts it before "sent"; CallbackDrop never posts it.
	CallbackTwice FaultKind = "callback_twice"
	CallbackSwap  FaultKind = "callback_swap"
	CallbackDrop  FaultKind = "callback_drop"
)

func (k FaultKind) known() bool {
	switch k {
	case Latency, Status, Limit, Queue, Refuse, Hang, Stall, Drip, ResetBefore, ResetAfter, BadJSON, Error200, BigBody,
		Redirect, CallbackFail, CallbackDelay, CallbackEarly, CallbackTwice, CallbackSwap, CallbackDrop:
		return true
	}
	return false
}

func (k FaultKind) ofCallback() bool { return strings.HasPrefix(string(k), "callback_") }

// Taken reports whether the message counts as taken by the gateway although the fault is served.
func (k FaultKind) Taken() bool {
	switch k {
	case Hang, Drip, ResetAfter, BadJSON, BigBody:
		return true
	}
	return false
}

// Rule is one fault on demand, as JSON on the control API and the command line. Of the conditions, all that are set must
// hold; with none of every, share and times the fault is served to every request.
type Rule struct {
	// On is a channel ("sms"), a listener ("sms-2") or "*" for all (the default).
	On   string    `json:"on,omitempty"`
	Kind FaultKind `json:"kind"`

	// Match chooses recipients: a suffix, or a pattern with "*".
	Match string `json:"match,omitempty"`
	// Every serves the fault to every n-th request that matches.
	Every int `json:"every,omitempty"`
	// Share serves it to this part of the requests, 0 to 1; which ones follows from the seed.
	Share float64 `json:"share,omitempty"`
	// Times ends the rule after so many faults.
	Times int `json:"times,omitempty"`
	// For ends the rule after a time, counted from its setting.
	For Duration `json:"for,omitempty"`
	// Once serves it only to the first request of each recipient (greylisting).
	Once bool `json:"once,omitempty"`

	Delay  Duration `json:"delay,omitempty"`
	Jitter Duration `json:"jitter,omitempty"`
	// Status is the HTTP status or SMTP code; the default depends on kind and channel.
	Status int `json:"status,omitempty"`
	// Code is the gateway's own error code (Twilio: 21211 and so on).
	Code int `json:"code,omitempty"`
	// RetryAfter is announced with the refusal, in whole seconds, rounded up.
	RetryAfter Duration `json:"retry_after,omitempty"`
	// Rate is units per second, of Limit and Queue.
	Rate float64 `json:"rate,omitempty"`
	// Burst is how many units Limit takes at once; default 1.
	Burst int `json:"burst,omitempty"`
}

// check reports what makes a rule unusable.
func (r *Rule) check() error {
	switch {
	case !r.Kind.known():
		return fmt.Errorf("fault: unknown kind %q", string(r.Kind))
	case r.Share < 0 || r.Share > 1:
		return fmt.Errorf("fault %s: share %v is not between 0 and 1", r.Kind, r.Share)
	case r.Every < 0 || r.Times < 0 || r.Burst < 0 || r.For < 0 || r.Delay < 0 || r.Jitter < 0 || r.RetryAfter < 0:
		return fmt.Errorf("fault %s: negative number", r.Kind)
	case (r.Kind == Limit || r.Kind == Queue) && !(r.Rate > 0):
		return fmt.Errorf("fault %s: rate must be positive", r.Kind)
	case r.Kind == Refuse && r.Match == "":
		return errors.New("fault refuse: match is missing")
	case r.Status != 0 && (r.Status < 200 || r.Status > 599):
		return fmt.Errorf("fault %s: status %d is not between 200 and 599", r.Kind, r.Status)
	}
	return nil
}

// Ask is one request, as the switchboard sees it.
type Ask struct {
	Channel   string
	Gateway   string
	Recipient string
	// Units is what the message weighs for Limit and Queue; 0 counts as 1.
	Units int
}

// Verdict is what shall happen to one request. The zero value: behave.
type Verdict struct {
	// Delay is waited before everything else, when a Latency rule chose the request.
	Delay time.Duration
	// Kind is the fault to serve, empty for none; Rule has its numbers.
	Kind FaultKind
	Rule Rule
	// Queued is true under a Queue rule; the message then lands at Land.
	Queued bool
	Land   time.Time
}

// Tale is what shall happen to the status callbacks of one message. The zero value: behave.
type Tale struct {
	Fail       bool
	FailStatus int
	Code       int
	Delay      time.Duration
	Early      bool
	Twice      bool
	Swap       bool
	Drop       bool
}

// Switchboard holds the fault rules and decides per request. Judging without rules costs one atomic load.
type Switchboard struct {
	now   func() time.Time
	seed  uint64
	mu    sync.Mutex // serialises changes of rules
	rules atomic.Pointer[[]*armed]
	ids   uint64
}

// NewSwitchboard makes an empty switchboard; which requests a share falls on follows from the seed.
func NewSwitchboard(seed uint64, now func() time.Time) *Switchboard {
	return &Switchboard{now: now, seed: seed}
}

// Set adds rules after those that are there: of two that choose the same request, the earlier is served.
func (b *Switchboard) Set(rules ...Rule) error {
	for i := range rules {
		if err := rules[i].check(); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	list := append([]*armed(nil), b.list()...)
	for _, r := range rules {
		if r.On == "" {
			r.On = "*"
		}
		b.ids++
		a := &armed{Rule: r, id: b.ids, set: b.now(), seed: mix(b.seed + b.ids*0x9e3779b97f4a7c15)}
		if r.Once {
			a.met = new(hashSet)
		}
		list = append(list, a)
	}
	b.rules.Store(&list)
	return nil
}

// Clear removes the rules of a scope and kind; an empty string stands for all. It returns how many were removed.
func (b *Switchboard) Clear(on string, kind FaultKind) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.list()
	var kept []*armed
	for _, a := range old {
		if (on == "" || a.On == on) && (kind == "" || a.Kind == kind) {
			continue
		}
		kept = append(kept, a)
	}
	b.rules.Store(&kept)
	return len(old) - len(kept)
}

// Served is a rule with its evidence: how many requests it looked at and how many it hit.
type Served struct {
	Rule
	Seen   uint64 `json:"seen"`
	Served uint64 `json:"served"`
	Over   bool   `json:"over,omitempty"`
}

// List is all rules with their counts.
func (b *Switchboard) List() []Served {
	now := b.now()
	out := []Served{}
	for _, a := range b.list() {
		over := a.expired(now) || a.Times > 0 && a.served.Load() >= uint64(a.Times)
		out = append(out, Served{Rule: a.Rule, Seen: a.seen.Load(), Served: min(a.served.Load(), a.cap()), Over: over})
	}
	return out
}

func (b *Switchboard) list() []*armed {
	if p := b.rules.Load(); p != nil {
		return *p
	}
	return nil
}

// Judge decides about one request: latencies add up, and the first other rule that chooses it is served.
func (b *Switchboard) Judge(a Ask) Verdict {
	rules := b.list()
	var v Verdict
	if len(rules) == 0 {
		return v
	}
	now := b.now()
	for _, r := range rules {
		if r.Kind.ofCallback() || !r.chooses(a, now) {
			continue
		}
		switch r.Kind {
		case Latency:
			v.Delay += r.delay()
		case Queue:
			v.Queued, v.Land = true, r.land(now, max(1, a.Units))
		case Limit:
			if r.allow(now, max(1, a.Units)) {
				r.served.Add(^uint64(0)) // within the limit: no fault was served
				continue
			}
			v.Kind, v.Rule = Limit, r.Rule
			return v
		default:
			v.Kind, v.Rule = r.Kind, r.Rule
			return v
		}
	}
	return v
}

// JudgeCallbacks decides about the status callbacks of one message that was taken; its rules are independent of each other.
func (b *Switchboard) JudgeCallbacks(a Ask) Tale {
	rules := b.list()
	var t Tale
	if len(rules) == 0 {
		return t
	}
	now := b.now()
	for _, r := range rules {
		if !r.Kind.ofCallback() || !r.chooses(a, now) {
			continue
		}
		switch r.Kind {
		case CallbackFail:
			t.Fail, t.FailStatus, t.Code = true, r.Status, r.Code
		case CallbackDelay:
			t.Delay += r.delay()
		case CallbackEarly:
			t.Early = true
		case CallbackTwice:
			t.Twice = true
		case CallbackSwap:
			t.Swap = true
		case CallbackDrop:
			t.Drop = true
		}
	}
	return t
}
