package channels

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
	"tocsin/alerting/ledger"
	"tocsin/channels/pace"
)

// bench is a worker with a scripted gateway, on a real ledger.
type bench struct {
	*testing.T
	worker  *Worker
	ledger  *ledger.Ledger
	redis   *embedded.Redis
	id      alerting.AlertID
	own     *owner
	records *records
	board   *board

	mu   sync.Mutex
	sent map[string]int
	// answer says how the gateway answers the nth hand-over to an address; n begins at 1.
	answer func(address string, n int) error
	// onSend runs before each answer.
	onSend func(d Delivery)
}

// Send is the scripted gateway.
func (b *bench) Send(_ context.Context, d Delivery) (Handed, error) {
	b.mu.Lock()
	b.sent[d.Address]++
	n := b.sent[d.Address]
	hook, answer := b.onSend, b.answer
	b.mu.Unlock()
	if hook != nil {
		hook(d)
	}
	if answer != nil {
		if err := answer(d.Address, n); err != nil {
			return Handed{}, err
		}
	}
	return Handed{Reference: "ref"}, nil
}

type owner struct {
	lost   chan struct{}
	gained time.Time
	proof  func() time.Time
}

func (o *owner) Owned() bool {
	select {
	case <-o.lost:
		return false
	default:
		return true
	}
}
func (o *owner) Lost() <-chan struct{} { return o.lost }
func (o *owner) GainedAt() time.Time   { return o.gained }
func (o *owner) Proof() time.Time      { return o.proof() }

type board struct {
	mu       sync.Mutex
	standing map[alerting.AlertID]alerting.Standing
	stale    atomic.Bool
}

func (b *board) Standing(id alerting.AlertID) (alerting.Standing, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.standing[id]
	return s, ok
}

func (b *board) Fresh(time.Time) bool { return !b.stale.Load() }

func (b *board) stop(id alerting.AlertID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.standing[id]
	s.Stopped = true
	b.standing[id] = s
}

// records are journal, retry topics and dead letters in memory.
type records struct {
	mu      sync.Mutex
	journal []alerting.Receipt
	retries []alerting.Batch
	dead    []string
}

func (r *records) records() Records {
	return Records{
		Journal: func(_ context.Context, receipts []alerting.Receipt) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.journal = append(r.journal, receipts...)
			return nil
		},
		Read: func(_ context.Context, _ alerting.World, _ time.Time, fn func(alerting.Receipt) error) error {
			r.mu.Lock()
			all := append([]alerting.Receipt(nil), r.journal...)
			r.mu.Unlock()
			for _, rc := range all {
				if err := fn(rc); err != nil {
					return err
				}
			}
			return nil
		},
		Retry: func(_ context.Context, b *alerting.Batch) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.retries = append(r.retries, *b)
			return nil
		},
		DeadLetter: func(_ context.Context, _ *alerting.Batch, reason string) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.dead = append(r.dead, reason)
			return nil
		},
	}
}

// state folds the journal for one place.
func (r *records) state(place uint8) alerting.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	var m alerting.Mark
	for _, rc := range r.journal {
		for _, pm := range rc.Marks {
			if pm.Place == place {
				m = m.Merge(pm.Mark)
			}
		}
	}
	return m.State()
}

var document = []byte("<alert/>")

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, sent: make(map[string]int), records: new(records),
		redis: servertest.RedisServer(t, embedded.RedisConfig{}),
		own:   &owner{lost: make(chan struct{}), gained: time.Now().Add(-time.Hour), proof: time.Now},
		id:    alerting.NewAlertID("test", servertest.Prefix(t), time.Unix(1, 0)),
	}
	server := new(ledger.Server)
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{b.redis.Addr()}, OnConnect: server.OnConnect,
		MaxRetries: -1, DialTimeout: time.Second})
	t.Cleanup(func() { _ = rdb.Close() })
	b.ledger = ledger.New(rdb, server, "")
	if err := b.ledger.Begin(t.Context(), b.id, time.Hour, func(context.Context) (bool, error) { return true, nil }); err != nil {
		t.Fatal(err)
	}
	issued := &alerting.Issued{ID: b.id, Expires: time.Now().Add(time.Hour), Lane: alerting.Flash, Envelope: alerting.Envelope{
		World: alerting.Actual, Document: document, Digest: sha256.Sum256(document), Issued: time.Now()}}
	b.board = &board{standing: map[alerting.AlertID]alerting.Standing{b.id: {Issued: issued}}}
	var tokens atomic.Uint64
	b.worker = &Worker{
		Channel: alerting.SMS, Ledger: b.ledger, Board: b.board, Records: b.records.records(),
		Takeover: ledger.Lease, Metrics: NewMetrics(prometheus.NewRegistry()), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		People: People{Open: func(_ alerting.Channel, sealed []byte) (string, error) { return string(sealed), nil }},
		Token: func() (tok ledger.Token) {
			binary.BigEndian.PutUint64(tok[:], tokens.Add(1))
			return tok
		},
	}
	b.worker.Gateways = map[string]*Gateway{"gw": {Name: "gw", Live: true, Adapter: b,
		Pacer: pace.New(pace.Options{Gateway: "gw", Slots: 16, Trip: 1000}, nil, time.Now)}}
	return b
}

func (b *bench) batch(places int) *alerting.Batch {
	batch := &alerting.Batch{World: alerting.Actual, Alert: b.id, Digest: sha256.Sum256(document), Channel: alerting.SMS,
		Lane: alerting.Flash, Gateway: "gw", Expires: time.Now().Add(time.Hour), Texts: []alerting.Message{{Body: "flood", Cost: 1}}}
	for p := range places {
		batch.To = append(batch.To, alerting.Target{Place: uint8(p), Address: fmt.Appendf(nil, "+1%03d", p)})
	}
	return batch
}

func (b *bench) handle(batch *alerting.Batch) {
	b.Helper()
	if err := b.worker.Handle(b.Context(), batch, b.own); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) states() [alerting.StateCount]int64 {
	b.Helper()
	c, err := b.ledger.Counts(b.Context(), b.id, alerting.SMS)
	if err != nil {
		b.Fatal(err)
	}
	return c.States
}

func (b *bench) wantSent(total, mostEach int) {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.sent) != total {
		b.Errorf("%d recipients were sent to, want %d", len(b.sent), total)
	}
	for a, n := range b.sent {
		if n > mostEach {
			b.Errorf("%s was sent to %d times, want at most %d", a, n, mostEach)
		}
	}
}

func TestAWholePageIsDeliveredOnceAndJournalled(t *testing.T) {
	b := newBench(t)
	b.handle(b.batch(256))
	b.wantSent(256, 1)
	if s := b.states(); s[alerting.Sent] != 256 {
		t.Errorf("states %v", s)
	}
	if s := b.records.state(255); s != alerting.Sent {
		t.Errorf("the journal says %v of place 255", s)
	}
	b.handle(b.batch(256))
	b.wantSent(256, 1)
}

func TestFailuresByClass(t *testing.T) {
	table := []struct {
		name    string
		class   Class
		ledger  alerting.State
		retried bool
		sends   int
	}{
		{"rejected is final", Rejected, alerting.Failed, false, 1},
		{"gone is final", Gone, alerting.Failed, false, 1},
		{"opted out is final", OptedOut, alerting.OptedOut, false, 1},
		{"transient is put off", Transient, alerting.Queued, true, 1},
		{"a lost answer is put off, to be resent once", Lost, alerting.Uncertain, true, 1},
		{"busy is tried again here", Busy, alerting.Sent, false, 2},
	}
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t)
			b.answer = func(address string, n int) error {
				if address == "+1002" && n == 1 {
					return &Failure{Class: row.class, Reason: "scripted", RetryAfter: 10 * time.Millisecond}
				}
				return nil
			}
			b.handle(b.batch(5))
			if s := b.states(); s[row.ledger] < 1 || s[alerting.Sent] < 4 {
				t.Errorf("states %v, want one %v", s, row.ledger)
			}
			if got := len(b.records.retries) == 1; got != row.retried {
				t.Errorf("put off: %v, want %v", got, row.retried)
			}
			if b.sent["+1002"] != row.sends {
				t.Errorf("sent %d times, want %d", b.sent["+1002"], row.sends)
			}
			if row.retried {
				again := b.records.retries[0]
				if len(again.To) != 1 || again.To[0].Place != 2 || again.Tries != 1 || again.NotBefore.IsZero() {
					t.Errorf("retry %+v", again)
				}
				again.NotBefore = time.Time{}
				b.handle(&again)
				if s := b.states(); s[alerting.Sent] != 5 {
					t.Errorf("after the retry: %v", s)
				}
			}
		})
	}
}

func TestGreylistingDoesNotOpenTheBreaker(t *testing.T) {
	table := []struct {
		class          Class
		alone, tripped bool
	}{{Transient, true, false}, {Transient, false, true}, {Lost, true, false}, {Lost, false, true}}
	for _, row := range table {
		t.Run(fmt.Sprintf("%v alone %v", row.class, row.alone), func(t *testing.T) {
			b := newBench(t)
			b.worker.Gateways["gw"].Pacer = pace.New(pace.Options{Gateway: "gw", Slots: 4, Trip: 3, Retry: time.Hour}, nil, time.Now)
			b.answer = func(string, int) error { return &Failure{Class: row.class, Reason: "450", Alone: row.alone} }
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			_ = b.worker.Handle(ctx, b.batch(20), b.own)
			if got := b.worker.Gateways["gw"].Pacer.Tripped(); got != row.tripped {
				t.Errorf("tripped %v, want %v", got, row.tripped)
			}
		})
	}
}

func TestALostAnswerIsResentOnceAndThenStaysUncertain(t *testing.T) {
	b := newBench(t)
	b.answer = func(string, int) error { return &Failure{Class: Lost, Reason: "time-out"} }
	batch := b.batch(1)
	for range 3 {
		b.handle(batch)
		if len(b.records.retries) > 0 {
			again := b.records.retries[len(b.records.retries)-1]
			again.NotBefore = time.Time{}
			batch = &again
		}
	}
	b.wantSent(1, 2)
	if s := b.states(); s[alerting.Uncertain] != 1 {
		t.Errorf("states %v", s)
	}
}

func TestRefusedBatches(t *testing.T) {
	table := []struct {
		name string
		spof func(b *bench, batch *alerting.Batch)
	}{
		{"an exercise on a live gateway", func(_ *bench, batch *alerting.Batch) { batch.World = alerting.Exercise }},
		{"another document", func(_ *bench, batch *alerting.Batch) { batch.Digest[0]++ }},
		{"an unknown gateway", func(_ *bench, batch *alerting.Batch) { batch.Gateway = "other" }},
	}
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t)
			batch := b.batch(3)
			row.spof(b, batch)
			b.handle(batch)
			b.wantSent(0, 0)
			if len(b.records.dead) != 1 {
				t.Errorf("dead letters: %v, want one", b.records.dead)
			}
		})
	}
}

func TestTheGuardRefusesExercisesByItself(t *testing.T) {
	b := newBench(t)
	_, err := Guard(b, true, nil, nil).Send(t.Context(), Delivery{World: alerting.Test, Address: "+1"})
	if FailureOf(err).Class != Rejected || len(b.sent) != 0 {
		t.Errorf("err %v, sent %v", err, b.sent)
	}
}

func TestAStopEndsTheBatch(t *testing.T) {
	b := newBench(t)
	var n atomic.Int32
	b.onSend = func(Delivery) {
		if n.Add(1) == 20 {
			b.board.stop(b.id)
		}
	}
	b.handle(b.batch(200))
	s := b.states()
	if s[alerting.Sent]+s[alerting.Cancelled] != 200 || s[alerting.Sent] < 20 || s[alerting.Sent] > 20+16 {
		t.Errorf("states %v: want all sent or cancelled, and at most a handful sent after the stop", s)
	}
	b.wantSent(int(s[alerting.Sent]), 1)
}

func TestAnExpiredBatchIsNotSent(t *testing.T) {
	b := newBench(t)
	batch := b.batch(40)
	batch.Expires = time.Now().Add(-time.Second)
	b.handle(batch)
	b.wantSent(0, 0)
	if s := b.states(); s[alerting.ExpiredState] != 40 {
		t.Errorf("states %v", s)
	}
}

func TestOutcomesReachTheJournalBeforeTheBatchEnds(t *testing.T) {
	b := newBench(t)
	hold := make(chan struct{})
	b.onSend = func(d Delivery) {
		if d.Place == 200 {
			<-hold
		}
	}
	done := make(chan error, 1)
	go func() { done <- b.worker.Handle(t.Context(), b.batch(201), b.own) }()
	deadline := time.After(10 * time.Second)
	for b.records.state(0) != alerting.Sent || b.records.state(150) != alerting.Sent {
		select {
		case <-deadline:
			t.Fatal("the journal knows nothing of a batch that is still open")
		case err := <-done:
			t.Fatal("done early:", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	close(hold)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	b.wantSent(201, 1)
}

func TestLateOptOutsAreLeftOut(t *testing.T) {
	b := newBench(t)
	b.worker.People.OptedOut = func(context.Context, alerting.AlertID, alerting.Channel, uint32) ([]uint8, error) {
		return []uint8{1, 3}, nil
	}
	b.handle(b.batch(6))
	b.wantSent(4, 1)
	if s := b.states(); s[alerting.OptedOut] != 2 || s[alerting.Sent] != 4 {
		t.Errorf("states %v", s)
	}
}

func TestADrainFinishesWhatIsUnderWay(t *testing.T) {
	b := newBench(t)
	ctx, drain := context.WithCancel(t.Context())
	var n atomic.Int32
	b.onSend = func(Delivery) {
		if n.Add(1) == 10 {
			drain()
		}
	}
	if err := b.worker.Handle(ctx, b.batch(256), b.own); err == nil {
		t.Fatal("a drained batch was called done")
	}
	first := b.states()[alerting.Sent]
	b.handle(b.batch(256))
	b.wantSent(256, 1)
	if s := b.states(); s[alerting.Sent] != 256 || first >= 256 {
		t.Errorf("states %v after %d before the drain", s, first)
	}
}

func TestALostPartitionIsNotCommitted(t *testing.T) {
	b := newBench(t)
	var once sync.Once
	b.onSend = func(Delivery) { once.Do(func() { close(b.own.lost) }) }
	if err := b.worker.Handle(t.Context(), b.batch(256), b.own); err == nil {
		t.Fatal("the batch of a lost partition was called done")
	}
	b.own = &owner{lost: make(chan struct{}), gained: time.Now(), proof: time.Now}
	b.handle(b.batch(256))
	b.wantSent(256, 1)
}

func TestAStaleBoardHoldsEverythingBack(t *testing.T) {
	b := newBench(t)
	b.board.stale.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := b.worker.Handle(ctx, b.batch(3), b.own); err == nil {
		t.Fatal("done, though nothing could be sent")
	}
	b.wantSent(0, 0)
}

func TestFlashGoesOnWithoutTheLedgerAndJournalsFirst(t *testing.T) {
	b := newBench(t)
	b.redis.Close()
	b.onSend = func(d Delivery) {
		if s := b.records.state(d.Place); s != alerting.Uncertain {
			t.Errorf("place %d: the journal said %v when it was sent, want uncertain", d.Place, s)
		}
	}
	b.handle(b.batch(40))
	b.wantSent(40, 1)
	for p := range uint8(40) {
		if s := b.records.state(p); s != alerting.Sent {
			t.Errorf("place %d: the journal says %v", p, s)
		}
	}
	for _, r := range b.records.journal {
		if !r.ByOwnership {
			t.Errorf("a receipt of %d places does not say that the page was sent by ownership", len(r.Marks))
		}
	}
}

func TestRoutineWaitsForTheLedger(t *testing.T) {
	b := newBench(t)
	b.redis.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	batch := b.batch(3)
	batch.Lane = alerting.Routine
	if err := b.worker.Handle(ctx, batch, b.own); err == nil {
		t.Fatal("done without a ledger")
	}
	b.wantSent(0, 0)
}
