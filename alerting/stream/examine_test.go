package stream

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

func TestLetterNames(t *testing.T) {
	for _, good := range []string{"actual.dispatch.sms.flash/0/12", "p.test.receipts/255/9223372036854775807"} {
		if n, err := ParseLetterName(good); err != nil || n.String() != good {
			t.Errorf("%q: %v %v", good, n, err)
		}
	}
	for _, bad := range []string{"", "a", "a/1", "/1/2", "a/b/2", "a/-1/2", "a/1/-2", "a/1/2/3", "a/1/99999999999999999999"} {
		if n, err := ParseLetterName(bad); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%q: %v %v, want invalid", bad, n, err)
		}
	}
}

// lettersOf starts a follower and opens the letters of a stream.
func lettersOf(t *testing.T, s *Stream) *Letters {
	t.Helper()
	f, err := s.NewFollower()
	if err != nil {
		t.Fatal(err)
	}
	consuming(t, func(ctx context.Context) error { f.Run(ctx); return nil })
	receive(t, "the follower", f.Ready())
	return s.Letters(f)
}

// aside sets a batch aside as a consumer would, and gives the letter's name.
func aside(t *testing.T, s *Stream, b *alerting.Batch, offset int64) LetterName {
	t.Helper()
	at := s.cfg.dispatch(b.World, b.Channel, b.Lane)
	raw, err := encodeBatch(s.parts.Keys, at.name, b)
	if err != nil {
		t.Fatal(err)
	}
	l := Letter{World: b.World, Topic: at.name, Offset: offset, Reason: "gateway gone is not configured here",
		Key: batchKey(b.Alert, b.Page), Raw: raw, Size: len(raw)}
	if err := s.DeadLetter(testContext(t), l); err != nil {
		t.Fatal(err)
	}
	return l.Name()
}

// TestWhatMayBePutBack: a letter says what it holds and whether it can be put back; one that cannot is refused with the
// reason, and nothing is written.
func TestWhatMayBePutBack(t *testing.T) {
	t.Parallel()
	s := testStream(t)
	ctx := testContext(t)
	x := lettersOf(t, s)
	good := testAlert("good", nil)
	stopped := testAlert("stopped", nil)
	batch := func(id alerting.AlertID, page uint32) *alerting.Batch {
		b := testBatch(page, 3)
		b.Alert = id
		return &b
	}
	id, gone := publish(t, s, good), publish(t, s, stopped)
	publish(t, s, testAlert("end", func(a *cap.Alert) { a.MsgType, a.References = cap.MsgCancel, []cap.Reference{refer(stopped)} }))
	eventually(t, "the follower knows the end", func() bool { st, ok := x.f.Standing(gone); return ok && st.Stopped })
	over := batch(id, 4)
	over.Expires = time.Now().Add(-time.Minute)
	junk := Letter{World: alerting.Test, Topic: s.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name, Offset: 9,
		Reason: "junk", Raw: []byte("junk")}
	foreign := Letter{World: alerting.Test, Topic: "elsewhere", Offset: 1, Raw: []byte("x")}
	for _, l := range []Letter{junk, foreign} {
		if err := s.DeadLetter(ctx, l); err != nil {
			t.Fatal(err)
		}
	}
	rows := map[LetterName]LetterState{
		aside(t, s, batch(id, 1), 1):                  LetterOpen,
		aside(t, s, batch(gone, 2), 2):                LetterStopped,
		aside(t, s, batch(alerting.AlertID{7}, 3), 3): LetterUnknown,
		aside(t, s, over, 4):                          LetterExpired,
		junk.Name():                                   LetterUnreadable,
		foreign.Name():                                LetterUnreadable,
	}
	all, err := x.List(ctx, 100, nil)
	if err != nil || len(all) != len(rows) {
		t.Fatalf("%d letters, %v, want %d", len(all), err, len(rows))
	}
	for i := range all {
		e := &all[i]
		if want := rows[e.Name()]; e.State != want || e.Raw != nil || e.Texts != nil || e.At.IsZero() {
			t.Errorf("%s: %+v, want %s", e.Name(), e, want)
		}
	}
	for name, state := range rows {
		_, err := x.Redrive(ctx, name)
		if refused := errors.Is(err, alerting.ErrState); refused == (state == LetterOpen) || (state == LetterOpen && err != nil) {
			t.Errorf("%s is %s, put back: %v", name, state, err)
		}
	}
	if _, err := x.Redrive(ctx, LetterName{s.cfg.receipts(alerting.Test).name, 0, 5}); !errors.Is(err, alerting.ErrNotFound) {
		t.Errorf("a letter that there is not: %v", err)
	}
}

// TestPutBack: the record comes to its consumer as it was, each time it is put back; the letter remembers that it was.
func TestPutBack(t *testing.T) {
	t.Parallel()
	s := testStream(t)
	ctx := testContext(t)
	x := lettersOf(t, s)
	b := testBatch(1, 3)
	b.Alert = publish(t, s, testAlert("good", nil))
	eventually(t, "the follower knows the alert", func() bool { _, ok := x.f.Standing(b.Alert); return ok })
	name := aside(t, s, &b, 1)
	if again := aside(t, s, &b, 1); again != name {
		t.Fatalf("%v, want %v", again, name)
	}
	open := func(e *Examined) bool { return e.State == LetterOpen }
	if all, err := x.List(ctx, 100, open); err != nil || len(all) != 1 || all[0].Places != 3 || all[0].Gateway != "gate" {
		t.Fatalf("open are %+v %v, want the one that was set aside twice", all, err)
	}
	for range 2 {
		if e, err := x.Redrive(ctx, name); err != nil || e.State != LetterRedriven {
			t.Fatalf("redrive: %+v %v", e, err)
		}
	}
	if e, err := x.Find(ctx, name); err != nil || e.Redriven.IsZero() || len(e.Texts) != len(b.Texts) {
		t.Errorf("it is %+v %v, want it redriven", e, err)
	}
	if all, err := x.List(ctx, 100, open); err != nil || len(all) != 0 {
		t.Errorf("open are %+v %v, want none", all, err)
	}
	got := make(chan *alerting.Batch, 4)
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(_ context.Context, b *alerting.Batch, _ Ownership) error { got <- b; return nil }})
	})
	for range 2 {
		if have := receive(t, "the batch", got); have.Alert != b.Alert || !slices.EqualFunc(have.To, b.To, func(p, q alerting.Target) bool { return p.Place == q.Place }) {
			t.Errorf("it came back as %+v", have)
		}
	}
	// Readers of letters pass over the notes.
	n := 0
	err := s.ReadDeadLetters(ctx, alerting.Test, time.Time{}, func(Letter) error { n++; return nil })
	if err != nil || n != 2 || counted(t, s.metrics.ignored, "deadletters") != 0 {
		t.Errorf("%d letters, %v", n, err)
	}
}

func TestAFloodOfLetters(t *testing.T) {
	p := &pile{at: map[LetterName]int{}}
	for i := range maxListed + 5 {
		p.put(Examined{Letter: Letter{Topic: "t", Offset: int64(i)}})
	}
	p.redriven(note{LetterName{"t", 0, 2}, time.Now()})
	p.redriven(note{LetterName{"t", 0, maxListed}, time.Now()})
	if len(p.letters) != maxListed || p.letters[0].Offset != 5 || len(p.at) != maxListed || p.letters[maxListed-5].Redriven.IsZero() {
		t.Errorf("%d letters from offset %d", len(p.letters), p.letters[0].Offset)
	}
}

func TestNotes(t *testing.T) {
	want := note{LetterName{"actual.receipts", 3, 99}, time.UnixMilli(1700000000123).UTC()}
	if got, ok := decodeNote(encodeNote(want)); !ok || got != want {
		t.Errorf("%+v %v", got, ok)
	}
	for _, bad := range [][]byte{nil, {1}, {2}, append(encodeNote(want), 0), encodeLetter(Letter{})} {
		if got, ok := decodeNote(bad); ok {
			t.Errorf("%x is the note %+v", bad, got)
		}
	}
}
