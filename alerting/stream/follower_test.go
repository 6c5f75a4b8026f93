package stream

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
	"tocsin/cap"
)

// following runs a follower until the test ends.
func following(t testing.TB, s *Stream) *Follower {
	t.Helper()
	f, err := s.NewFollower()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		receive(t, "the follower's end", done)
	})
	return f
}

func TestFollowerKnowsWhatStandsAndWhatIsStopped(t *testing.T) {
	t.Parallel()
	s := testStream(t)
	old := testAlert("old", nil)
	early := publish(t, s, old)
	f := following(t, s)
	receive(t, "readiness", f.Ready())
	if !f.IsReady() || !f.Fresh(time.Now()) {
		t.Error("ready, but not fresh")
	}
	if st, ok := f.Standing(early); !ok || st.Stopped || st.Issued == nil || st.Issued.Alert.Identifier != "old" {
		t.Errorf("what was there before readiness is %+v, %v", st, ok)
	}
	if _, ok := f.Standing(alerting.AlertID{1}); ok {
		t.Error("an alert is known that never was")
	}

	var mu sync.Mutex
	var news []alerting.Standing
	unsubscribe := f.Subscribe(func(st alerting.Standing) {
		mu.Lock()
		defer mu.Unlock()
		news = append(news, st)
	})
	heard := func(n int) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(news) == n
		}
	}
	eventually(t, "what stands is told at once", heard(1))

	// An update supersedes; a cancel stops something that comes only later.
	late := testAlert("late", nil)
	update := publish(t, s, testAlert("update", func(a *cap.Alert) { a.MsgType = cap.MsgUpdate; a.References = []cap.Reference{refer(old)} }))
	cancelled := publish(t, s, testAlert("cancel", func(a *cap.Alert) {
		a.MsgType = cap.MsgCancel
		a.References = []cap.Reference{refer(late), refer(old)}
	}))
	eventually(t, "the cancel is known", func() bool { st, ok := f.Standing(alerting.IDOf(late)); return ok && st.Stopped })
	if st, _ := f.Standing(alerting.IDOf(late)); st.Issued != nil || st.By != cancelled {
		t.Errorf("a stop without its alert is %+v", st)
	}
	publish(t, s, late)
	eventually(t, "the late alert is known", func() bool { st, _ := f.Standing(alerting.IDOf(late)); return st.Issued != nil })
	if st, _ := f.Standing(alerting.IDOf(late)); !st.Stopped || st.By != cancelled || st.At.IsZero() {
		t.Errorf("an alert that came after its cancel is %+v", st)
	}
	if st, _ := f.Standing(early); !st.Stopped || st.By != update {
		t.Errorf("the first stop counts: %+v", st)
	}
	// old, update, old stopped, cancel, late stopped, late.
	eventually(t, "all news is told once", heard(6))
	unsubscribe()
	var names []string
	for _, st := range f.All() {
		names = append(names, st.Issued.Alert.Identifier)
	}
	if !slices.Equal(names, []string{"old", "update", "cancel", "late"}) {
		t.Errorf("all are %v", names)
	}
	// An Ack refers to an alert without stopping it.
	publish(t, s, testAlert("ack", func(a *cap.Alert) {
		a.MsgType = cap.MsgAck
		a.References = []cap.Reference{refer(testAlert("update", nil))}
	}))
	ack := alerting.IDOf(testAlert("ack", nil))
	eventually(t, "the ack is known", func() bool { _, ok := f.Standing(ack); return ok })
	if st, _ := f.Standing(update); st.Stopped {
		t.Error("an acknowledgement stopped an alert")
	}
	if !heard(6)() {
		t.Error("news was told after the end of the subscription")
	}
}

func TestFollowerIgnoresConflictsAndPoison(t *testing.T) {
	s := testStream(t)
	f := following(t, s)
	first := testAlert("a", nil)
	id := publish(t, s, first)
	publish(t, s, testAlert("a", func(a *cap.Alert) { a.Infos[0].Event = "Party" }))
	if err := s.Publish(testContext(t), envelopeOf(t, first)); err != nil {
		t.Fatal(err)
	}
	forged := envelopeOf(t, testAlert("forged", nil))
	forged.Document = append(forged.Document, ' ')
	raw, err := encodeEnvelope(&forged)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range [][]byte{raw, []byte("garbage"), nil} {
		if err := s.write(testContext(t), s.batches, []kafka.Message{{Topic: s.cfg.issued(alerting.Test).name, Value: value}},
			"write garbage"); err != nil {
			t.Fatal(err)
		}
	}
	last := publish(t, s, testAlert("last", nil))
	eventually(t, "the last alert is known", func() bool { _, ok := f.Standing(last); return ok })
	if st, _ := f.Standing(id); st.Issued.Alert.Infos[0].Event != "Flood" {
		t.Error("the second document under an id replaced the first")
	}
	if _, ok := f.Standing(alerting.IDOf(testAlert("forged", nil))); ok {
		t.Error("a document that does not match its digest was taken in")
	}
	if n := testutil.ToFloat64(s.metrics.conflicts); n != 1 {
		t.Errorf("%v conflicts counted, want 1: the same bytes again are none", n)
	}
	if n := counted(t, s.metrics.ignored, "issued"); n != 3 {
		t.Errorf("%v poison records counted", n)
	}
}

func TestFollowerKeepsWorldsApart(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, servertest.Kafka(t))
	cfg.Worlds = []alerting.World{alerting.Actual, alerting.Exercise}
	s := openStream(t, cfg, testParts(t))
	as := func(name string, status cap.Status, change func(*cap.Alert)) *cap.Alert {
		return testAlert(name, func(a *cap.Alert) {
			a.Status = status
			if change != nil {
				change(a)
			}
		})
	}
	f := following(t, s)
	receive(t, "readiness", f.Ready())
	drill := publish(t, s, as("x", cap.StatusExercise, nil))
	eventually(t, "the drill is known", func() bool { _, ok := f.Standing(drill); return ok })
	real := publish(t, s, as("x", cap.StatusActual, nil))
	if drill != real {
		t.Fatal("the test needs one id in two worlds")
	}
	eventually(t, "the real alert is given although a drill has its id", func() bool {
		st, _ := f.Standing(real)
		return st.Issued.Envelope.World == alerting.Actual
	})
	publish(t, s, as("drill over", cap.StatusExercise, func(a *cap.Alert) {
		a.MsgType = cap.MsgCancel
		a.References = []cap.Reference{refer(as("x", cap.StatusExercise, nil))}
	}))
	over := alerting.IDOf(as("drill over", cap.StatusExercise, nil))
	eventually(t, "the drill's end is known", func() bool { _, ok := f.Standing(over); return ok })
	if st, _ := f.Standing(real); st.Stopped {
		t.Error("the end of a drill stopped a real alert")
	}
}

func TestFollowerForgetsBytesButNotStops(t *testing.T) {
	t.Parallel()
	parts := testParts(t)
	var mu sync.Mutex
	ahead := time.Duration(0)
	parts.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return time.Now().Add(ahead)
	}
	s := openStream(t, testConfig(t, servertest.Kafka(t)), parts)
	f := following(t, s)
	gone := testAlert("gone", func(a *cap.Alert) { a.Infos[0].Expires = time.Time{} })
	id := publish(t, s, gone)
	cancelID := publish(t, s, testAlert("cancel", func(a *cap.Alert) {
		a.MsgType, a.Infos, a.References = cap.MsgCancel, nil, []cap.Reference{refer(gone)}
	}))
	eventually(t, "the alert is stopped", func() bool { st, _ := f.Standing(id); return st.Stopped })
	st, _ := f.Standing(id)
	if want := st.Issued.Envelope.Issued.Add(24 * time.Hour); !st.Issued.Expires.Equal(want) {
		t.Errorf("without expires it ends at %s, want %s", st.Issued.Expires, want)
	}
	mu.Lock()
	ahead = 25 * time.Hour
	mu.Unlock()
	eventually(t, "the bytes are forgotten", func() bool { st, _ := f.Standing(id); return st.Issued.Envelope.Document == nil })
	after, ok := f.Standing(id)
	if !ok || !after.Stopped || after.By != cancelID || after.Issued.Alert != nil || after.Issued.Envelope.Digest != st.Issued.Envelope.Digest {
		t.Errorf("an expired alert is %+v, %v", after, ok)
	}
	if st.Issued.Alert == nil {
		t.Error("a standing that was handed out was changed")
	}
	eventually(t, "nothing is live", func() bool { return len(f.All()) == 0 })
}

func TestFollowerDropsWhatKafkaNoLongerHolds(t *testing.T) {
	s := testStream(t)
	f, err := s.NewFollower()
	if err != nil {
		t.Fatal(err)
	}
	past := func(a *cap.Alert) { a.Infos[0].Expires = time.Now().Add(-time.Minute) }
	stopped := testAlert("unseen", nil)
	for offset, a := range []*cap.Alert{testAlert("a", past), testAlert("b", func(a *cap.Alert) {
		past(a)
		a.MsgType, a.References = cap.MsgCancel, []cap.Reference{refer(testAlert("a", nil)), refer(stopped)}
	}), testAlert("live", nil)} {
		e := envelopeOf(t, a)
		issued, err := s.understand(&e)
		if err != nil {
			t.Fatal(err)
		}
		f.fold(alerting.Test, issued, int64(offset))
	}
	known := func(names ...string) {
		t.Helper()
		for _, name := range []string{"a", "b", "unseen", "live"} {
			_, ok := f.Standing(alerting.IDOf(testAlert(name, nil)))
			if want := slices.Contains(names, name); ok != want {
				t.Errorf("%s is known: %v, want %v", name, ok, want)
			}
		}
	}
	f.forget(alerting.Test, time.Now(), 1)
	known("a", "b", "unseen", "live") // the record that stopped a is still there
	f.forget(alerting.Test, time.Now(), 2)
	known("live")
	f.forget(alerting.Test, time.Now(), 3)
	known("live") // not expired: kept although its record is gone
}

func TestFollowerIsNotFreshWithoutKafka(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broker := servertest.Broker(t, embedded.KafkaConfig{Dir: dir})
	cfg := testConfig(t, broker.Addrs())
	s, err := Open(testContext(t), cfg, testParts(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id := publish(t, s, testAlert("a", nil))
	f := following(t, s)
	receive(t, "readiness", f.Ready())
	broker.Close()
	eventually(t, "freshness ends", func() bool { return !f.Fresh(time.Now()) })
	if !f.IsReady() {
		t.Error("readiness does not end")
	}
	if _, ok := f.Standing(id); !ok {
		t.Error("what was known is forgotten")
	}
	again := servertest.Broker(t, embedded.KafkaConfig{Dir: dir, Port: portOf(t, broker)})
	_ = again
	eventually(t, "freshness comes back", func() bool { return f.Fresh(time.Now()) })
	stop := publish(t, s, testAlert("c", func(a *cap.Alert) {
		a.MsgType = cap.MsgCancel
		a.References = []cap.Reference{refer(testAlert("a", nil))}
	}))
	eventually(t, "news after the outage", func() bool { st, _ := f.Standing(id); return st.Stopped && st.By == stop })
}
