package fanout

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// Scan finds the people of one alert, page by page.
type Scan interface {
	// Next gives at most limit people who were not given before. Fewer than limit means that these were the last. After
	// an error the same call may be repeated.
	Next(ctx context.Context, limit int) ([]alerting.Addressee, error)
	// Cursor is where to go on behind what Next has given.
	Cursor() string
}

// Explainer is the ability of a Scan to say what an officer should know.
type Explainer interface {
	// Reason says why the alert is for nobody; empty when it may be for somebody.
	Reason() string
	// Notes say which parts of the areas could not be used.
	Notes() []string
}

// Audience knows who is where and how they may be reached.
type Audience interface {
	// Begin starts a scan of those whom the alert is for, at a cursor ("" is the beginning), leaving out those who stand
	// in the manifest already.
	Begin(ctx context.Context, in *alerting.Issued, cursor string, already iter.Seq[int64]) (Scan, error)
	// Lookup gives people by id at their current addresses, whether the areas hold them or not; those who can no longer
	// be reached are left out.
	Lookup(ctx context.Context, in *alerting.Issued, people []int64) ([]alerting.Addressee, error)
}

// SirenAudience knows the sirens.
type SirenAudience interface {
	// Sirens gives all sirens that the alert's areas and audience filter name.
	Sirens(ctx context.Context, in *alerting.Issued) ([]alerting.Addressee, error)
	// LookupSirens is Lookup for sirens.
	LookupSirens(ctx context.Context, in *alerting.Issued, sirens []int64) ([]alerting.Addressee, error)
}

// Words renders what a channel sends. For an ordinary message original is nil and info indexes the infos of in; an update is
// handed in as an alert for who was never told of what it replaces. For the end of an earlier message, original is that message,
// info indexes its infos, and in is of type Cancel; when in is of type Update, original no longer applies to who is told.
type Words func(in, original *alerting.Issued, info int, ch alerting.Channel) (alerting.Message, error)

// Outbox hands batches to the workers' topics. An error means that some may be missing; dispatching again is safe.
type Outbox interface {
	Dispatch(ctx context.Context, batches []alerting.Batch) error
}

// PageOf names the places of a page that one channel targets.
type PageOf struct {
	Channel alerting.Channel
	Page    uint32
	Places  []uint8
}

// Closed says who of a closed page must hear that the alert was stopped: Told at once, Later when a send that may still
// be under way can no longer land.
type Closed struct {
	Told  []uint8
	Later []uint8
}

// Ledger keeps the receipts.
type Ledger interface {
	// Enqueue notes places as targeted; a claim does the same, so its failure loses nothing.
	Enqueue(ctx context.Context, id alerting.AlertID, pages []PageOf) error
	// Close stops a page of one channel. An error means that the ledger cannot say who was told.
	Close(ctx context.Context, id alerting.AlertID, ch alerting.Channel, page uint32, places []uint8) (Closed, error)
}

// Begin opens the ledger of an alert around insert, which reports whether it created the alert's row. keep is how long
// receipts are needed at the most. A ledger that is away is no error.
type Begin func(ctx context.Context, id alerting.AlertID, keep time.Duration, insert func(context.Context) (bool, error)) error

// Used reports whether the ledger holds deliveries of an alert, which it does only after the alert's row was written.
type Used func(ctx context.Context, id alerting.AlertID) (bool, error)

// DB is the database: Write runs one transaction, Read is for queries.
type DB interface {
	Write(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error
	Read() *bun.DB
}

// Gateways names the gateways of each channel by world. Only a live gateway may stand under Actual, and only a gateway
// that is not live under the others; a channel that has none is not targeted.
type Gateways map[alerting.World]map[alerting.Channel][]string

// The waits around a close; see Config. With that grace the first correction leaves within two seconds.
const (
	DefaultGrace   = 1700 * time.Millisecond
	DefaultLanding = 7 * time.Second
)

// Config is what a Fanout is made of. All of the first group must be set.
type Config struct {
	DB       DB
	Audience Audience
	Sirens   SirenAudience
	Words    Words
	Outbox   Outbox
	Ledger   Ledger
	Begin    Begin
	Used     Used
	// Open reads an envelope again, as the reader of the stream does.
	Open     func(alerting.Envelope) (*alerting.Issued, error)
	Gateways Gateways
	// Leaves says whether a test may leave through live gateways of a channel at a time: only in a public test. Nil: never.
	Leaves  func(in *alerting.Issued, ch alerting.Channel, now time.Time) error
	Now     func() time.Time
	Log     *slog.Logger
	Metrics prometheus.Registerer

	// Fuse is when an alert is held back that reaches far more than was approved; zero means DefaultFuse.
	Fuse Fuse
	// Grace is how long after a stop was accepted all workers know of it or pause: they ask every 500 ms and pause
	// 1.5 s after the last answer. 0 means DefaultGrace.
	Grace time.Duration
	// Landing is how long after closing a send of the stopped alert may still land: the send time-out and what waits
	// inside a gateway. 0 means DefaultLanding.
	Landing time.Duration
	// Routine is how many routine expansions are worked on at once; 0 means 2. Stops and flashes are not held back.
	Routine int
}

// Fanout expands issued alerts. Accept and Run may be called at once and in several processes.
type Fanout struct {
	Config

	counts metrics
	gate   *gate
	wake   chan struct{}

	mu sync.Mutex
	// held are the epochs of the expansions that this process works on; another epoch in SQL means that somebody else
	// took over.
	held map[alerting.AlertID]int64
	// known are the open alerts, so that they need not be read again.
	known map[alerting.AlertID]*alerting.Issued
	woken map[alerting.AlertID]alerting.Lane
}

// New checks the configuration and builds a Fanout; nothing runs yet.
func New(c Config) (*Fanout, error) {
	switch {
	case c.DB == nil, c.Audience == nil, c.Sirens == nil, c.Words == nil, c.Outbox == nil, c.Ledger == nil,
		c.Begin == nil, c.Used == nil, c.Open == nil, c.Now == nil, c.Log == nil, c.Metrics == nil:
		return nil, fmt.Errorf("%w: fan-out lacks a part", alerting.ErrInvalid)
	}
	if c.Grace <= 0 {
		c.Grace = DefaultGrace
	}
	if c.Fuse == (Fuse{}) {
		c.Fuse = DefaultFuse()
	}
	if c.Landing <= 0 {
		c.Landing = DefaultLanding
	}
	if c.Routine <= 0 {
		c.Routine = 2
	}
	counts, err := newMetrics(c.Metrics)
	if err != nil {
		return nil, fmt.Errorf("fan-out metrics: %w", err)
	}
	return &Fanout{
		Config: c, counts: counts, gate: newGate(), wake: make(chan struct{}, 1),
		held: make(map[alerting.AlertID]int64), known: make(map[alerting.AlertID]*alerting.Issued),
		woken: make(map[alerting.AlertID]alerting.Lane),
	}, nil
}

// hold remembers that this process works on an expansion, and wakes Run.
func (f *Fanout) hold(in *alerting.Issued, epoch int64) {
	f.mu.Lock()
	f.held[in.ID] = epoch
	f.known[in.ID] = in
	f.woken[in.ID] = in.Lane
	f.mu.Unlock()
	f.ring()
}

func (f *Fanout) ring() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// takeWoken empties the list of what Accept left for Run.
func (f *Fanout) takeWoken() map[alerting.AlertID]alerting.Lane {
	f.mu.Lock()
	defer f.mu.Unlock()
	woken := maps.Clone(f.woken)
	clear(f.woken)
	return woken
}

// drop forgets an expansion that is done or somebody else's.
func (f *Fanout) drop(id alerting.AlertID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.held, id)
	delete(f.known, id)
}

func (f *Fanout) heldEpoch(id alerting.AlertID) (int64, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	epoch, ok := f.held[id]
	return epoch, ok
}

func (f *Fanout) keep(id alerting.AlertID, in *alerting.Issued, epoch int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held[id] = epoch
	f.known[id] = in
}

func (f *Fanout) knownIssued(id alerting.AlertID) *alerting.Issued {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.known[id]
}
