package ledger

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
)

// world is a ledger on a Redis, and one alert opened in it.
type world struct {
	*testing.T
	ledger *Ledger
	rdb    redis.UniversalClient
	id     alerting.AlertID
}

func client(t testing.TB, addr string) (redis.UniversalClient, *Server) {
	server := new(Server)
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{addr}, OnConnect: server.OnConnect,
		ReadTimeout: 2 * time.Second, MaxRetries: 1})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb, server
}

func open(t *testing.T, addr string) *world {
	t.Helper()
	rdb, server := client(t, addr)
	w := &world{T: t, ledger: New(rdb, server, servertest.Prefix(t)), rdb: rdb,
		id: alerting.NewAlertID("test@example.org", servertest.Prefix(t), time.Unix(1, 0))}
	err := w.ledger.Begin(t.Context(), w.id, time.Hour, func(context.Context) (bool, error) { return true, nil })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) step(s Step) Stepped {
	w.Helper()
	s.Alert = w.id
	if s.Channel == "" {
		s.Channel = alerting.SMS
	}
	answer, err := w.ledger.Step(w.Context(), s)
	if err != nil {
		w.Fatalf("step %+v: %v", s, err)
	}
	return answer
}

func (w *world) state(place uint8) alerting.State {
	w.Helper()
	return w.step(Step{Report: []uint8{place}}).Report[0].Mark.State()
}

func (w *world) wantState(place uint8, want alerting.State) {
	w.Helper()
	if got := w.state(place); got != want {
		w.Errorf("place %d: state %v, want %v", place, got, want)
	}
}

func (w *world) counts() Counts {
	w.Helper()
	c, err := w.ledger.Counts(w.Context(), w.id, alerting.SMS)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

var (
	one = Token{'o', 'n', 'e'}
	two = Token{'t', 'w', 'o'}
)

func TestClaimSendRecord(t *testing.T) {
	w := open(t, servertest.Redis(t))
	got := w.step(Step{Token: one, Claim: []uint8{0, 1, 255}})
	if len(got.Granted) != 3 || got.Granted[2] != (Grant{255, 1}) {
		t.Fatalf("granted %v, want places 0, 1, 255 as attempt 1", got.Granted)
	}
	other := w.step(Step{Token: two, Claim: []uint8{0, 1, 2}})
	if len(other.Granted) != 1 || other.Granted[0].Place != 2 || other.Busy != 2 {
		t.Errorf("the second worker got %v with %d busy, want place 2 and 2 busy", other.Granted, other.Busy)
	}
	at := time.UnixMilli(1000)
	w.step(Step{Token: one, Took: []time.Duration{40 * time.Millisecond}, Outcomes: []Outcome{
		{Place: 0, Attempt: 1, Kind: HandedOver, At: at},
		{Place: 1, Attempt: 1, Kind: Refused, Reason: "no such\tnumber", At: at},
		{Place: 255, Attempt: 1, Kind: AnswerLost, At: at},
	}})
	w.wantState(0, alerting.Sent)
	w.wantState(1, alerting.Failed)
	w.wantState(255, alerting.Uncertain)
	c := w.counts()
	if c.States[alerting.Sent] != 1 || c.States[alerting.Failed] != 1 || c.States[alerting.Uncertain] != 1 ||
		c.States[alerting.Queued] != 1 || c.Targeted() != 4 {
		t.Errorf("counts %v", c.States)
	}
	if c.Latencies.First != 40*time.Millisecond || c.Latencies.Quantile(.95) < 40*time.Millisecond {
		t.Errorf("first %v, 95 %% %v, want 40 ms and a little more", c.Latencies.First, c.Latencies.Quantile(.95))
	}
	places, err := w.ledger.Explain(t.Context(), w.id, 0, 1)
	if err != nil || len(places) != 1 || len(places[0].Notes) != 1 || places[0].Notes[0].Reason != "no such number" {
		t.Errorf("explain: %+v, %v", places, err)
	}
}

func TestLostAnswerIsResentOnce(t *testing.T) {
	w := open(t, servertest.Redis(t))
	for attempt := uint8(1); attempt <= 2; attempt++ {
		got := w.step(Step{Token: one, Claim: []uint8{7}})
		if len(got.Granted) != 1 || got.Granted[0].Attempt != attempt {
			t.Fatalf("attempt %d: granted %v", attempt, got.Granted)
		}
		w.step(Step{Token: one, Outcomes: []Outcome{{Place: 7, Attempt: attempt, Kind: AnswerLost}}})
	}
	if got := w.step(Step{Token: one, Claim: []uint8{7}}); len(got.Granted) != 0 {
		t.Errorf("granted %v after two lost answers", got.Granted)
	}
	w.wantState(7, alerting.Uncertain)
	if m := w.step(Step{Report: []uint8{7}}).Report[0]; m.Open() {
		t.Errorf("%+v is still open", m)
	}
}

func TestRecordingTwiceCountsOneLostAnswer(t *testing.T) {
	w := open(t, servertest.Redis(t))
	w.step(Step{Token: one, Claim: []uint8{7}})
	for range 3 {
		w.step(Step{Token: one, Outcomes: []Outcome{{Place: 7, Attempt: 1, Kind: AnswerLost}}})
	}
	if m := w.step(Step{Report: []uint8{7}}).Report[0].Mark; m.Lost != 1 {
		t.Errorf("lost answers %d, want 1", m.Lost)
	}
}

// The journal may bring the news of a lost answer before its own worker settles it: it counts once all the same, so that the delivery is
// sent once more.
func TestALostAnswerThatTheJournalBringsFirstCountsOnce(t *testing.T) {
	w := open(t, servertest.Redis(t))
	w.step(Step{Token: one, Claim: []uint8{7}})
	lost := alerting.Mark{Best: alerting.Uncertain, Handed: 1, Lost: 1}
	w.step(Step{Token: two, Marks: []alerting.PlaceMark{{Place: 7, Mark: lost}}})
	w.step(Step{Token: one, Outcomes: []Outcome{{Place: 7, Attempt: 1, Kind: AnswerLost}}})
	if m := w.step(Step{Report: []uint8{7}}).Report[0]; m.Claimed || m.Mark != lost {
		t.Errorf("held %+v, want %+v", m, lost)
	}
	if got := w.step(Step{Token: one, Claim: []uint8{7}}); len(got.Granted) != 1 || got.Granted[0].Attempt != 2 {
		t.Errorf("granted %v, want the second attempt", got.Granted)
	}
}

func TestTakeoverTurnsUncertain(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{Still: true})
	w := open(t, server.Addr())
	w.step(Step{Token: one, Claim: []uint8{3}})
	server.Advance(Lease - time.Millisecond)
	if got := w.step(Step{Token: two, Claim: []uint8{3}}); len(got.Granted) != 0 || got.Busy != 1 {
		t.Fatalf("granted %v before the lease was over", got.Granted)
	}
	server.Advance(2 * time.Millisecond)
	got := w.step(Step{Token: two, Claim: []uint8{3}})
	if len(got.Granted) != 1 || got.Granted[0].Attempt != 2 {
		t.Fatalf("granted %v, want place 3 as attempt 2", got.Granted)
	}
	w.wantState(3, alerting.Uncertain)
	w.step(Step{Token: two, Outcomes: []Outcome{{Place: 3, Attempt: 2, Kind: PutOff}}})
	w.wantState(3, alerting.Uncertain)
	w.step(Step{Wish: StoppedBefore, WishFor: []uint8{3}})
	w.wantState(3, alerting.Uncertain)
	w.step(Step{Token: one, Outcomes: []Outcome{{Place: 3, Attempt: 1, Kind: HandedOver}}})
	w.wantState(3, alerting.Sent)
}

func TestWishesAreGrantedOnlyWithoutAClaim(t *testing.T) {
	w := open(t, servertest.Redis(t))
	w.step(Step{Token: one, Claim: []uint8{1}})
	if got := w.step(Step{Token: two, Wish: ExpiredBefore, WishFor: []uint8{0, 1}}); got.Busy != 1 {
		t.Errorf("busy %d, want 1", got.Busy)
	}
	w.wantState(0, alerting.ExpiredState)
	w.wantState(1, alerting.Queued)
	w.step(Step{Token: two, Outcomes: []Outcome{{Place: 1, Attempt: 1, Kind: StoppedBefore}}})
	w.wantState(1, alerting.Queued)
	w.step(Step{Token: one, Outcomes: []Outcome{{Place: 1, Attempt: 1, Kind: StoppedBefore}}})
	w.wantState(1, alerting.Cancelled)
}

func TestClose(t *testing.T) {
	w := open(t, servertest.Redis(t))
	w.step(Step{Token: one, Claim: []uint8{1, 2, 3, 4}})
	w.step(Step{Token: one, Outcomes: []Outcome{
		{Place: 1, Attempt: 1, Kind: HandedOver}, {Place: 2, Attempt: 1, Kind: AnswerLost}, {Place: 3, Attempt: 1, Kind: Refused}}})
	closed, err := w.ledger.Close(t.Context(), w.id, alerting.SMS, 0, []uint8{0, 1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	if string(closed.Told) != "\x01" || string(closed.Later) != "\x02\x04" {
		t.Errorf("told %v, later %v; want 1, and 2 and 4", closed.Told, closed.Later)
	}
	w.wantState(0, alerting.Cancelled)
	if got := w.step(Step{Token: two, Claim: []uint8{5}}); !got.Closed || len(got.Granted) != 0 {
		t.Errorf("a closed page granted %v", got.Granted)
	}
	again, err := w.ledger.Close(t.Context(), w.id, alerting.SMS, 0, []uint8{0, 1, 2, 3, 4})
	if err != nil || string(again.Told) != "\x01" || string(again.Later) != "\x02\x04" {
		t.Errorf("closed again: %v, %v", again, err)
	}
	// Place 0 was cancelled and not told; now a late report shows that it had been handed over.
	w.step(Step{Marks: []alerting.PlaceMark{{Place: 0, Mark: alerting.Mark{Best: alerting.Sent, Handed: 1}}}})
	lifts, err := w.ledger.Lifted(t.Context(), w.id)
	if err != nil || len(lifts) != 1 || string(lifts[0].Places) != "\x00" || lifts[0].Channel != alerting.SMS {
		t.Fatalf("lifted %+v, %v", lifts, err)
	}
	if err := w.ledger.Forget(t.Context(), w.id, lifts[0]); err != nil {
		t.Fatal(err)
	}
	if lifts, _ := w.ledger.Lifted(t.Context(), w.id); len(lifts) != 0 {
		t.Errorf("still lifted: %+v", lifts)
	}
}

// TestWhoWasSentToTwiceIsCorrectedLater: the first message, of a crashed worker, may still be under way when the gateway
// plainly took the second, or refused it.
func TestWhoWasSentToTwiceIsCorrectedLater(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{Still: true})
	w := open(t, server.Addr())
	w.step(Step{Token: one, Claim: []uint8{0, 1}})
	server.Advance(Lease)
	w.step(Step{Token: two, Claim: []uint8{0, 1, 2}})
	w.step(Step{Token: two, Outcomes: []Outcome{{Place: 0, Attempt: 2, Kind: HandedOver}, {Place: 1, Attempt: 2, Kind: Refused},
		{Place: 2, Attempt: 1, Kind: HandedOver}}})
	closed, err := w.ledger.Close(t.Context(), w.id, alerting.SMS, 0, []uint8{0, 1, 2})
	if err != nil || string(closed.Told) != "\x02" || string(closed.Later) != "\x00\x01" {
		t.Errorf("told %v, later %v, %v; want 2, and 0 and 1", closed.Told, closed.Later, err)
	}
}

func TestNothingIsAnsweredUnlessReady(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{})
	w := open(t, server.Addr())
	w.step(Step{Token: one, Claim: []uint8{0}})
	w.rdb.FlushAll(t.Context())
	if _, err := w.ledger.Step(t.Context(), Step{Alert: w.id, Channel: alerting.SMS, Token: one, Claim: []uint8{0}}); !errors.Is(err, ErrNotReady) {
		t.Errorf("step after a flush: %v, want ErrNotReady", err)
	}
	if _, err := w.ledger.Close(t.Context(), w.id, alerting.SMS, 0, []uint8{0}); !errors.Is(err, ErrNotReady) {
		t.Errorf("close after a flush: %v, want ErrNotReady", err)
	}
	if _, err := w.ledger.Counts(t.Context(), w.id, alerting.SMS); !errors.Is(err, ErrNotReady) {
		t.Errorf("counts after a flush: %v, want ErrNotReady", err)
	}
}

func TestAnotherServerIsNotReady(t *testing.T) {
	w := open(t, servertest.Redis(t))
	other := "another run"
	w.ledger.server.run.Store(&other)
	if _, err := w.ledger.Step(t.Context(), Step{Alert: w.id, Channel: alerting.SMS}); !errors.Is(err, ErrNotReady) {
		t.Errorf("step on another server: %v, want ErrNotReady", err)
	}
}

func TestBeginOnlyByTheCreator(t *testing.T) {
	w := open(t, servertest.Redis(t))
	id := alerting.NewAlertID("test@example.org", servertest.Prefix(t), time.Unix(2, 0))
	begin := func(insert func(context.Context) (bool, error)) {
		t.Helper()
		if err := w.ledger.Begin(t.Context(), id, time.Hour, insert); err != nil {
			t.Fatal(err)
		}
	}
	begin(func(context.Context) (bool, error) { return false, nil })
	if ready, _, _ := w.ledger.Ready(t.Context(), id); ready {
		t.Error("ready, though the row was somebody else's")
	}
	// Between our nonce and the insert, somebody rebuilds: our empty ledger must not be declared ready.
	begin(func(ctx context.Context) (bool, error) { _, err := w.ledger.leaveNonce(ctx, id); return true, err })
	if ready, _, _ := w.ledger.Ready(t.Context(), id); ready {
		t.Error("ready, though a rebuild had begun")
	}
}

// seq yields one page of SMS, or none.
func seq(places []uint8) iter.Seq2[PageOf, error] {
	return func(yield func(PageOf, error) bool) {
		if len(places) > 0 {
			yield(PageOf{alerting.SMS, 0, places}, nil)
		}
	}
}

// books are a manifest of one page of SMS and a journal.
func books(places []uint8, journal ...alerting.Receipt) Books {
	return Books{
		Manifest:  func(context.Context, alerting.AlertID) iter.Seq2[PageOf, error] { return seq(places) },
		Corrected: func(context.Context, alerting.AlertID) iter.Seq2[PageOf, error] { return seq(nil) },
		Journal: func(_ context.Context, _ alerting.World, _ time.Time, fn func(alerting.Receipt) error) error {
			for _, r := range journal {
				if err := fn(r); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func (w *world) receipt(place uint8, m alerting.Mark) alerting.Receipt {
	return alerting.Receipt{Alert: w.id, Channel: alerting.SMS, Marks: []alerting.PlaceMark{{Place: place, Mark: m, At: 61_000}}}
}

func TestRebuild(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{})
	w := open(t, server.Addr())
	w.rdb.FlushAll(t.Context())
	live := Live{ID: w.id, Issued: time.UnixMilli(60_000)}
	b := books([]uint8{0, 1, 2}, w.receipt(1, alerting.Mark{Best: alerting.Sent, Handed: 2, Failure: 1}),
		w.receipt(1, alerting.Mark{Best: alerting.Queued, Failure: 1}))
	if err := w.ledger.Rebuild(t.Context(), live, b, time.Hour); err != nil {
		t.Fatal(err)
	}
	w.wantState(0, alerting.Queued)
	w.wantState(1, alerting.Sent)
	if c := w.counts(); c.Targeted() != 3 || c.Latencies.First != time.Second {
		t.Errorf("targeted %d, first %v; want 3 and 1 s", c.Targeted(), c.Latencies.First)
	}
	if got := w.step(Step{Token: one, Claim: []uint8{0}}); !got.Rebuilt {
		t.Error("the step does not say that the ledger was rebuilt")
	}
	if _, err := w.ledger.Close(t.Context(), w.id, alerting.SMS, 0, []uint8{0, 1, 2}); !errors.Is(err, ErrNotReady) {
		t.Errorf("close of a rebuilt ledger: %v, want ErrNotReady: told is the whole manifest", err)
	}
}

func TestRebuildOfAStoppedAlertIsClosedBeforeItIsReady(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{})
	w := open(t, server.Addr())
	w.rdb.FlushAll(t.Context())
	live := Live{ID: w.id, Issued: time.UnixMilli(60_000), Stopped: true}
	b := books([]uint8{0, 1, 2}, w.receipt(1, alerting.Mark{Best: alerting.Sent, Handed: 1}),
		w.receipt(2, alerting.Mark{Best: alerting.Sent, Handed: 1}))
	b.Corrected = func(context.Context, alerting.AlertID) iter.Seq2[PageOf, error] { return seq([]uint8{2}) }
	if err := w.ledger.Rebuild(t.Context(), live, b, time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := w.step(Step{Token: one, Claim: []uint8{0}}); !got.Closed || len(got.Granted) > 0 {
		t.Errorf("granted %v on a stopped alert", got.Granted)
	}
	w.wantState(0, alerting.Cancelled)
	w.wantState(1, alerting.Sent)
	if lifts, _ := w.ledger.Lifted(t.Context(), w.id); len(lifts) != 1 || string(lifts[0].Places) != "\x01" {
		t.Errorf("lifted %+v, want place 1 alone: place 2 was told by the stopping alert", lifts)
	}
}

func TestAFlushDuringARebuildIsNoticed(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{})
	w := open(t, server.Addr())
	b := books([]uint8{0})
	fold := b.Journal
	b.Journal = func(ctx context.Context, wd alerting.World, since time.Time, fn func(alerting.Receipt) error) error {
		w.rdb.FlushAll(ctx)
		return fold(ctx, wd, since, fn)
	}
	if err := w.ledger.Rebuild(t.Context(), Live{ID: w.id}, b, time.Hour); !errors.Is(err, ErrOvertaken) {
		t.Errorf("rebuild: %v, want ErrOvertaken", err)
	}
	if ready, _, _ := w.ledger.Ready(t.Context(), w.id); ready {
		t.Error("ready over an empty hash")
	}
}

func TestSeal(t *testing.T) {
	w := open(t, servertest.Redis(t))
	w.step(Step{Token: one, Claim: []uint8{0, 1}})
	w.step(Step{Token: one, Outcomes: []Outcome{{Place: 0, Attempt: 1, Kind: HandedOver}, {Place: 1, Attempt: 1, Kind: Refused, Reason: "gone"}}, Took: []time.Duration{1500 * time.Millisecond}})
	live, err := w.ledger.Counts(t.Context(), w.id, alerting.SMS)
	if err != nil {
		t.Fatal(err)
	}
	var sealed []byte
	write := func(_ context.Context, page uint32, b []byte) error { sealed = b; return nil }
	var totals []byte
	done := func(_ context.Context, b []byte) error { totals = b; return nil }
	if err := w.ledger.Seal(t.Context(), Live{ID: w.id}, books([]uint8{0, 1, 2}), write, done); err != nil {
		t.Fatal(err)
	}
	p, err := ReadSealed(sealed)
	if err != nil {
		t.Fatal(err)
	}
	for place, want := range []alerting.State{alerting.Sent, alerting.Failed, alerting.ExpiredState, alerting.None} {
		if got := p.State(alerting.SMS, uint8(place)); got != want {
			t.Errorf("place %d: %v, want %v", place, got, want)
		}
	}
	if x := p.Explain(1); len(x) != 1 || len(x[0].Notes) != 1 || x[0].Notes[0].Reason != "gone" {
		t.Errorf("explain: %+v", x)
	}
	sum, err := ReadTotals(totals)
	if err != nil {
		t.Fatal(err)
	}
	sms := sum.Channels[alerting.SMS]
	if want := (People{Targeted: 3, Told: 1, Unreachable: 2}); sum.People != want || sms.States[alerting.Sent] != 1 || sms.States[alerting.Failed] != 1 || sms.Targeted() != 3 {
		t.Errorf("totals %s: %+v, want %+v", totals, sum.People, want)
	}
	if live.Latencies != sms.Latencies || live.Latencies.Quantile(1) == 0 {
		t.Errorf("latencies %+v, before %+v", sms.Latencies, live.Latencies)
	}
	if n, _ := w.rdb.Exists(t.Context(), w.ledger.pagesKey(w.id, alerting.SMS), w.ledger.metaKey(w.id)).Result(); n != 0 {
		t.Errorf("%d keys are left in Redis", n)
	}
}

func TestPeople(t *testing.T) {
	w := open(t, servertest.Redis(t))
	mark := func(ch alerting.Channel, place uint8, m alerting.Mark) {
		w.step(Step{Channel: ch, Marks: []alerting.PlaceMark{{Place: place, Mark: m}}})
	}
	mark(alerting.SMS, 0, alerting.Mark{Best: alerting.Queued, Failure: 1})
	mark(alerting.Mail, 0, alerting.Mark{Best: alerting.Delivered, Handed: 1})
	mark(alerting.SMS, 1, alerting.Mark{Best: alerting.Queued, Failure: 1})
	mark(alerting.SMS, 2, alerting.Mark{Best: alerting.Uncertain, Handed: 1})
	mark(alerting.Push, 3, alerting.Mark{Best: alerting.Acknowledged, Handed: 1})
	mark(alerting.SMS, 4, alerting.Mark{Best: alerting.Queued})
	people, _, err := w.ledger.Reach(t.Context(), w.id, 1, func(uint32) bool { return false })
	want := People{Targeted: 5, Told: 2, Delivered: 2, Acknowledged: 1, Unreachable: 1, Uncertain: 1}
	if err != nil || people != want {
		t.Errorf("people %+v, %v; want %+v", people, err, want)
	}
}

func TestUsedOnceAnythingIsNoted(t *testing.T) {
	w := open(t, servertest.Redis(t))
	used := func() bool {
		t.Helper()
		used, err := w.ledger.Used(t.Context(), w.id)
		if err != nil {
			t.Fatal(err)
		}
		return used
	}
	if used() {
		t.Error("an alert that nothing was noted of is used")
	}
	if err := w.ledger.Enqueue(t.Context(), w.id, []PageOf{{Channel: alerting.Push, Page: 3, Places: []uint8{1}}}); err != nil {
		t.Fatal(err)
	}
	if !used() {
		t.Error("an alert with a queued delivery is not used")
	}
}
