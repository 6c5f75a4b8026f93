package fanout

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tocsin/alerting"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// running starts Run with the bubble's clock; stop ends it and waits.
func running(t *testing.T, w *world) (f *Fanout, stop func()) {
	t.Helper()
	f = w.process()
	f.Now = time.Now
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	return f, func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// bubble runs a test whose time is that of the bubble: it passes only while everybody waits.
func bubble(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, storetest.Open(t))
		w.now = time.Now()
		test(t, w)
	})
}

func (w *world) sync() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = time.Now()
}

func TestRunTakesNoTimeAndStopsInTwoSeconds(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 2000, allPeople)
		f, stop := running(t, w)
		defer stop()
		synctest.Wait()
		first := w.alert("a")
		w.accept(f, first)
		synctest.Wait()
		// Not a tick has passed, and all is on its way.
		if p := w.progress(first); p.State != Done || p.People != 2000 {
			t.Fatalf("%+v", p)
		}
		w.ledger.work(w.outbox.of(first), halfUnderWay)
		in := w.cancel(first)
		w.accept(f, in)
		time.Sleep(grace - time.Millisecond)
		synctest.Wait()
		if n := len(w.outbox.of(in)); n != 0 {
			t.Fatalf("%d batches before all workers know", n)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if n := len(w.outbox.of(in)); n == 0 {
			t.Fatal("nothing went out when all workers know")
		}
		if p := w.progress(in); p.State != Later {
			t.Fatalf("%+v", p)
		}
		before := len(w.outbox.of(in))
		time.Sleep(landing)
		synctest.Wait()
		if p := w.progress(in); p.State != Done || len(w.outbox.of(in)) == before {
			t.Fatalf("%+v", p)
		}
	})
}

func TestFlashPassesRoutine(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const many = 60_000
		w.audience.settle("a", 1, 3000, 1)
		w.audience.settle("wide", 10_001, many, 1)
		f, stop := running(t, w)
		defer stop()
		slow := w.message(cap.MsgAlert, []string{"wide"}, nil, routine)
		quick := w.alert("a")
		if slow.Lane != alerting.Routine || quick.Lane != alerting.Flash {
			t.Fatal(slow.Lane, quick.Lane)
		}
		var once bool
		w.outbox.onSend = func() {
			if !once {
				once = true
				w.accept(f, quick)
			}
		}
		w.accept(f, slow)
		synctest.Wait()
		if p := w.progress(slow); p.State != Done || p.People != many {
			t.Fatalf("%+v", p)
		}
		// What the routine expansion had under way when the flash came goes out; then it waits until the flash is done.
		routines, total := 0, len(w.outbox.of(slow))
		last := w.outbox.of(quick)[len(w.outbox.of(quick))-1].Page
		for _, b := range w.outbox.sent {
			if b.Alert == quick.ID && b.Page == last {
				break
			}
			if b.Alert == slow.ID {
				routines++
			}
		}
		if routines > total/3 {
			t.Errorf("%d of %d routine batches went out before the flash was done", routines, total)
		}
	})
}

func TestRunTriesAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 600, allPeople)
		f, stop := running(t, w)
		defer stop()
		in := w.alert("a")
		w.fault.arm(5, false)
		if err := f.Accept(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if w.fault.fired == "" {
			t.Fatal("nothing failed")
		}
		time.Sleep(firstDelay)
		synctest.Wait()
		if p := w.progress(in); p.State != Done || p.People != 600 {
			t.Errorf("%+v", p)
		}
		checkBatches(t, w.pages(in), w.outbox.of(in))
		if n := testutil.ToFloat64(f.counts.failures.WithLabelValues("flash")); n != 1 {
			t.Errorf("%v failures were counted", n)
		}
	})
}

// TestAnotherProcessTakesOver: a process that starts takes open expansions at once; one that runs takes those that
// stand still, and leaves alone those that move.
func TestAnotherProcessTakesOver(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 600, allPeople)
		dead := w.process()
		first := w.alert("a")
		w.accept(dead, first)
		_, stop := running(t, w)
		defer stop()
		synctest.Wait()
		if p := w.progress(first); p.State != Done {
			t.Fatalf("not taken at the start: %+v", p)
		}
		time.Sleep(2 * time.Second)
		w.sync()
		second := w.alert("a")
		w.accept(dead, second)
		time.Sleep(2 * time.Second)
		if p := w.progress(second); p.Pages != 0 {
			t.Fatalf("taken from another process at once: %+v", p)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if p := w.progress(second); p.State != Done {
			t.Fatalf("not taken when it stood still: %+v", p)
		}
		if _, err := dead.work(t.Context(), second.ID); err != nil {
			t.Fatal(err)
		}
		if n := len(targetsOf(t, w.pages(second))); n != 600 {
			t.Errorf("%d people", n)
		}
	})
}

func TestRunTellsCorrections(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 10, allPeople)
		f, stop := running(t, w)
		defer stop()
		first := w.alert("a")
		w.accept(f, first)
		synctest.Wait()
		in := w.cancel(first)
		w.accept(f, in)
		time.Sleep(grace)
		synctest.Wait()
		if err := f.Lifted(t.Context(), first.ID, alerting.Mail, 0, []uint8{9}, time.Now().Add(landing)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(landing - time.Millisecond)
		synctest.Wait()
		if n := len(w.outbox.of(in)); n != 0 {
			t.Fatalf("%d corrections too early", n)
		}
		time.Sleep(sweepEvery)
		synctest.Wait()
		sent := w.outbox.of(in)
		if len(sent) != 1 || len(sent[0].To) != 1 || sent[0].Channel != alerting.Mail {
			t.Errorf("%+v", sent)
		}
		if p := w.progress(in); p.State != Done || p.People != 1 {
			t.Errorf("%+v", p)
		}
	})
}

func TestALedgerThatIsAwayHoldsNothingUp(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 300, allPeople)
		w.ledger.deaf = true
		f, stop := running(t, w)
		defer stop()
		in := w.alert("a")
		w.accept(f, in)
		synctest.Wait()
		if p := w.progress(in); p.State != Done || p.People != 300 {
			t.Errorf("%+v", p)
		}
		checkBatches(t, w.pages(in), w.outbox.of(in))
		if n := testutil.ToFloat64(f.counts.enqueue); n != 6 {
			t.Errorf("%v pages were counted as not prepared", n)
		}
	})
}

func TestMetricsAreClean(t *testing.T) {
	reg := prometheus.NewRegistry()
	m, err := newMetrics(reg)
	if err != nil {
		t.Fatal(err)
	}
	m.accepted.WithLabelValues("actual", "flash").Inc()
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
	if _, err := newMetrics(reg); err == nil {
		t.Error("registered twice")
	}
}

func TestNewRefusesAMissingPart(t *testing.T) {
	if _, err := New(Config{}); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("%v", err)
	}
}
