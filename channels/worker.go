package channels

import (
	"context"
	"log/slog"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/ledger"
	"tocsin/channels/pace"
)

// Ledger is what a worker asks of the receipts.
type Ledger interface {
	Step(ctx context.Context, s ledger.Step) (ledger.Stepped, error)
}

// Ownership is the hold of this process on the partition that brought a batch.
type Ownership interface {
	// Owned is false once the partition went to somebody else.
	Owned() bool
	// Lost is closed at that moment.
	Lost() <-chan struct{}
	// GainedAt is when the partition came to this process.
	GainedAt() time.Time
	// Proof is the last time at which the group's coordinator was seen to take us for the owner.
	Proof() time.Time
}

// Board is this process' own view of the issued alerts.
type Board interface {
	Standing(id alerting.AlertID) (alerting.Standing, bool)
	// Fresh is false when the view may be out of date: then nothing may be sent.
	Fresh(now time.Time) bool
}

// Records are where a worker writes besides the ledger.
type Records struct {
	// Journal appends receipts; it returns when Kafka has them.
	Journal func(ctx context.Context, receipts []alerting.Receipt) error
	// Read calls fn with the receipts of a world since a time, up to the journal's present end.
	Read func(ctx context.Context, world alerting.World, since time.Time, fn func(alerting.Receipt) error) error
	// Retry puts the places of a batch off until its NotBefore.
	Retry func(ctx context.Context, b *alerting.Batch) error
	// DeadLetter sets a batch aside that can never be delivered.
	DeadLetter func(ctx context.Context, b *alerting.Batch, reason string) error
}

// People are what a worker asks and tells of the recipients.
type People struct {
	// Open unseals an address.
	Open func(ch alerting.Channel, sealed []byte) (string, error)
	// OptedOut lists the places of a page that opted out since the alert was expanded.
	OptedOut func(ctx context.Context, id alerting.AlertID, ch alerting.Channel, page uint32) ([]uint8, error)
	// Left hears of a place whose recipient opted out at the gateway (OptedOut) or whose address is gone (Gone).
	Left func(ctx context.Context, id alerting.AlertID, ch alerting.Channel, page uint32, place uint8, class Class)
}

// Gateway is an adapter with what a worker must know of it.
type Gateway struct {
	Name string
	// Live gateways reach the public: only the world Actual may pass, and a public test.
	Live    bool
	Adapter Adapter
	Pacer   *pace.Pacer
	// StandIns carry what is meant for this gateway while it as a whole is failing or paused: the first of them that works.
	StandIns []*Gateway
}

// Worker delivers the batches of one channel. All fields are set before the first Handle.
type Worker struct {
	Channel  alerting.Channel
	Gateways map[string]*Gateway
	Ledger   Ledger
	Board    Board
	Records  Records
	People   People
	Metrics  *Metrics
	// Leaves says which tests may pass a live gateway; nil: none.
	Leaves Leaves
	Now    func() time.Time
	// Token makes a new claim token; no two are ever equal, in any process.
	Token func() ledger.Token
	// Takeover is how long after gaining a partition its last owner may still send and journal, when the ledger cannot
	// tell: one lease, or 0 where no other process can exist.
	Takeover time.Duration
	Log      *slog.Logger

	views views
}

// The times that a worker keeps.
const (
	// unknownFor is how long a batch may name an alert that nobody here knows of.
	unknownFor = 5 * time.Second
	// recordWithin is how soon an outcome is recorded.
	recordWithin = 50 * time.Millisecond
	// slotWithin is how long a slot may wait for the rest of its chunk before its outcome is recorded without it.
	slotWithin = 10 * time.Millisecond
	// straggleAfter is how long a batch waits for places that others hold before it puts them off.
	straggleAfter = 10 * time.Second
	// rebuildWait is how long stop and flash wait for a ledger before they go on by ownership of the partition.
	rebuildWait = 2 * time.Second
	// callTimeout bounds calls to stores that a drain must not cut short.
	callTimeout = 5 * time.Second
)

// Handle delivers one batch: pace → claim → check → send → record, until no place of it is left open or what is left
// has been put off. It returns nil when the batch may be committed. Ctx ends when the process drains: sends under way
// are finished and recorded, nothing new is begun, and the error says that the batch is not done.
func (w *Worker) Handle(ctx context.Context, b *alerting.Batch, own Ownership) error {
	if err := waitUntil(ctx, own, b.NotBefore, w.Now); err != nil {
		return err
	}
	issued, reason, err := w.admit(ctx, b, own)
	if err != nil {
		return err
	}
	if reason != "" {
		w.Metrics.refused(b)
		w.Log.Error("batch refused", "batch", b.String(), "reason", reason)
		return w.Records.DeadLetter(ctx, b, reason)
	}
	w.Metrics.begun(b)
	defer w.Metrics.ended(b)
	r := newRun(w, b, own, issued)
	return r.work(ctx)
}

// admit checks that the batch belongs to a known alert and a gateway that may carry it. A reason means never.
func (w *Worker) admit(ctx context.Context, b *alerting.Batch, own Ownership) (*alerting.Issued, string, error) {
	gw := w.Gateways[b.Gateway]
	if gw == nil {
		return nil, "gateway " + b.Gateway + " is not configured here", nil
	}
	if gw.Live && b.World != alerting.Actual && b.World != alerting.Test {
		return nil, "an alert of the world " + string(b.World) + " never leaves through a live gateway", nil
	}
	issued, err := w.await(ctx, b.Alert, own)
	if err != nil {
		return nil, "", err
	}
	switch {
	case issued == nil:
		return nil, "no such alert was issued", nil
	case issued.Envelope.World != b.World:
		return nil, "the alert was issued in the world " + string(issued.Envelope.World), nil
	case issued.Envelope.Digest != b.Digest:
		return nil, "the batch was made from another document than the issued one", nil
	case gw.Live && b.World == alerting.Test && (issued.Envelope.Window == nil || w.Leaves == nil):
		return nil, "an alert of the world " + string(b.World) + " never leaves through a live gateway", nil
	}
	return issued, "", nil
}

// await gives the issued alert once the board knows it; nil when unknownFor passes on a fresh board without it.
func (w *Worker) await(ctx context.Context, id alerting.AlertID, own Ownership) (*alerting.Issued, error) {
	deadline := w.Now().Add(unknownFor)
	for {
		if s, ok := w.Board.Standing(id); ok && s.Issued != nil {
			return s.Issued, nil
		}
		now := w.Now()
		if now.After(deadline) && w.Board.Fresh(now) {
			return nil, nil
		}
		if err := pause(ctx, own, 5*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// errLost: the partition went to somebody else, who will carry the batch on.
var errLost = lostError{}

type lostError struct{}

func (lostError) Error() string { return "the partition was lost" }

// pause waits for d unless the process drains or the partition is lost.
func pause(ctx context.Context, own Ownership, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-own.Lost():
		return errLost
	}
}

func waitUntil(ctx context.Context, own Ownership, at time.Time, now func() time.Time) error {
	for {
		d := at.Sub(now())
		if at.IsZero() || d <= 0 {
			return nil
		}
		if err := pause(ctx, own, d); err != nil {
			return err
		}
	}
}
