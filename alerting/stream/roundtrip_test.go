package stream

import (
	"context"
	"crypto/sha256"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
	"tocsin/cap"
)

func TestPublishAndConsumeInOrder(t *testing.T) {
	s := testStream(t)
	var want []alerting.AlertID
	for _, name := range []string{"a", "b", "c", "d"} {
		want = append(want, publish(t, s, testAlert(name, nil)))
	}
	got := make(chan *alerting.Issued, 10)
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeIssued(ctx, "fanout", nil, func(_ context.Context, a *alerting.Issued, own Ownership) error {
			if !own.Owned() {
				t.Error("the partition is not owned")
			}
			got <- a
			return nil
		})
	})
	for i, id := range want {
		a := receive(t, "an issued alert", got)
		if a.ID != id {
			t.Fatalf("alert %d is %s, want %s", i, a.ID, id)
		}
		if a.Lane != alerting.Flash || a.Alert.Identifier == "" || sha256.Sum256(a.Envelope.Document) != a.Envelope.Digest {
			t.Errorf("alert %d came as %+v", i, a)
		}
	}
	var read []alerting.AlertID
	err := s.ReadIssued(testContext(t), alerting.Test, time.Time{}, func(a *alerting.Issued) error {
		read = append(read, a.ID)
		return nil
	})
	if err != nil || !slices.Equal(read, want) {
		t.Errorf("read %v (%v), want %v", read, err, want)
	}
}

func TestPublishRefuses(t *testing.T) {
	s := testStream(t)
	for _, row := range []struct {
		name   string
		change func(*alerting.Envelope)
	}{
		{"digest of other bytes", func(e *alerting.Envelope) { e.Digest[0]++ }},
		{"document that does not parse", func(e *alerting.Envelope) { *e = withDocument(*e, []byte("<alert/>")) }},
		{"other world than the document's", func(e *alerting.Envelope) { e.World = alerting.Actual }},
		{"unknown channel", func(e *alerting.Envelope) { e.Channels = []alerting.Channel{"pigeon"} }},
		{"no moment of issue", func(e *alerting.Envelope) { e.Issued = time.Time{} }},
		{"status that is not for the public", func(e *alerting.Envelope) {
			*e = withAlert(t, *e, func(a *cap.Alert) { a.Status = cap.StatusDraft })
		}},
		{"world that is not served", func(e *alerting.Envelope) {
			*e = withAlert(t, *e, func(a *cap.Alert) { a.Status = cap.StatusActual })
			e.World = alerting.Actual
		}},
		{"longer validity than Kafka keeps", func(e *alerting.Envelope) {
			*e = withAlert(t, *e, func(a *cap.Alert) { a.Infos[0].Expires = time.Now().Add(8 * 24 * time.Hour) })
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			e := envelopeOf(t, testAlert("refused", nil))
			row.change(&e)
			if err := s.Publish(testContext(t), e); !errors.Is(err, alerting.ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
		})
	}
	if _, last, err := s.bounds(testContext(t), s.cfg.issued(alerting.Test).name, 0); err != nil || last != 0 {
		t.Errorf("something was written: end %d, %v", last, err)
	}
}

func withDocument(e alerting.Envelope, doc []byte) alerting.Envelope {
	e.Document, e.Digest = doc, sha256.Sum256(doc)
	return e
}

func withAlert(t *testing.T, e alerting.Envelope, change func(*cap.Alert)) alerting.Envelope {
	t.Helper()
	a, err := parseJSON(e.Document)
	if err != nil {
		t.Fatal(err)
	}
	change(a)
	e.Document = envelopeDocument(t, a)
	return withDocument(e, e.Document)
}

func TestDispatchAndRetryReachTheGroup(t *testing.T) {
	t.Parallel()
	s := testStream(t)
	ctx := testContext(t)
	want := []alerting.Batch{testBatch(1, 1), testBatch(2, 256)}
	want[1].Lane = alerting.Stop
	want[1].NotBefore = time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond) // dispatch does not hold it back
	if err := s.Dispatch(ctx, want); err != nil {
		t.Fatal(err)
	}
	put := testBatch(3, 2)
	put.NotBefore = time.Now().Add(1500 * time.Millisecond).UTC().Truncate(time.Millisecond)
	if err := s.Retry(ctx, TierOf(time.Until(put.NotBefore)), put); err != nil {
		t.Fatal(err)
	}
	got := make(chan alerting.Batch, 10)
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(_ context.Context, b *alerting.Batch, _ Ownership) error {
				if b.Page == put.Page && !due(b, time.Now()) {
					t.Errorf("the retry came at %s, before %s", time.Now(), b.NotBefore)
				}
				got <- *b
				return nil
			}})
	})
	want = append(want, put)
	for range want {
		b := receive(t, "a batch", got)
		if !reflect.DeepEqual(b, want[b.Page-1]) {
			t.Errorf("page %d came as %+v, want %+v", b.Page, b, want[b.Page-1])
		}
	}
}

func TestDispatchRefuses(t *testing.T) {
	s := testStream(t)
	for _, row := range []struct {
		name   string
		change func(*alerting.Batch)
	}{
		{"no targets", func(b *alerting.Batch) { b.To = nil }},
		{"a place twice", func(b *alerting.Batch) { b.To[1].Place = b.To[0].Place }},
		{"a text that is not there", func(b *alerting.Batch) { b.To[0].Text = 2 }},
		{"no texts", func(b *alerting.Batch) { b.Texts = nil }},
		{"no alert", func(b *alerting.Batch) { b.Alert = alerting.AlertID{} }},
		{"no expires", func(b *alerting.Batch) { b.Expires = time.Time{} }},
		{"a channel that is not served", func(b *alerting.Batch) { b.Channel = alerting.Mail }},
		{"a world that is not served", func(b *alerting.Batch) { b.World = alerting.Actual }},
		{"an unknown lane", func(b *alerting.Batch) { b.Lane = "slow" }},
		{"too many bytes", func(b *alerting.Batch) {
			b.Texts[0].HTML = string(make([]byte, maxBody))
			b.Texts[1].HTML = b.Texts[0].HTML
		}},
		{"too many bytes in one text", func(b *alerting.Batch) { b.Texts[0].Body = string(make([]byte, maxBody+1)) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			good, bad := testBatch(1, 2), testBatch(2, 2)
			row.change(&bad)
			if err := s.Dispatch(testContext(t), []alerting.Batch{good, bad}); !errors.Is(err, alerting.ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
		})
	}
	if err := s.Retry(testContext(t), "1h", testBatch(1, 1)); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("unknown tier: %v", err)
	}
	for p := range s.cfg.Partitions {
		if _, last, err := s.bounds(testContext(t), s.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name, p); err != nil || last != 0 {
			t.Errorf("something was written: end %d, %v", last, err)
		}
	}
}

func TestTierOf(t *testing.T) {
	for _, row := range []struct {
		delay time.Duration
		want  Tier
	}{
		{-time.Second, Tier10}, {0, Tier10}, {10 * time.Second, Tier10}, {10*time.Second + 1, Tier60},
		{time.Minute, Tier60}, {61 * time.Second, Tier300}, {24 * time.Hour, Tier300},
	} {
		if got := TierOf(row.delay); got != row.want {
			t.Errorf("%s goes to %s, want %s", row.delay, got, row.want)
		}
	}
}

func TestRedrive(t *testing.T) {
	s := testStream(t)
	ctx := testContext(t)
	b := testBatch(9, 2)
	from := s.cfg.dispatch(b.World, b.Channel, b.Lane)
	raw, err := encodeBatch(s.parts.Keys, from.name, &b)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeadLetter(ctx, Letter{World: alerting.Test, Topic: from.name, Partition: 1, Offset: 7,
		Reason: "no such alert", Key: []byte("k"), Raw: raw}); err != nil {
		t.Fatal(err)
	}
	var letters []Letter
	if err := s.ReadDeadLetters(ctx, alerting.Test, time.Now().Add(-time.Hour), func(l Letter) error {
		letters = append(letters, l)
		return nil
	}); err != nil || len(letters) != 1 {
		t.Fatalf("%d letters, %v", len(letters), err)
	}
	l := letters[0]
	if l.Reason != "no such alert" || l.Partition != 1 || l.Offset != 7 || l.Size != len(raw) || l.At.IsZero() {
		t.Errorf("letter came as %+v", l)
	}
	if err := s.Redrive(ctx, l); err != nil {
		t.Fatal(err)
	}
	got := make(chan uint32, 1)
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(_ context.Context, b *alerting.Batch, _ Ownership) error { got <- b.Page; return nil }})
	})
	if page := receive(t, "the redriven batch", got); page != 9 {
		t.Errorf("page %d", page)
	}
	for name, bad := range map[string]Letter{
		"another program's topic": {World: alerting.Test, Topic: "__consumer_offsets", Raw: []byte("x"), Size: 1},
		"cut":                     {World: alerting.Test, Topic: from.name, Raw: []byte("x"), Size: 2},
	} {
		if err := s.Redrive(ctx, bad); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJournalPacksWhatCallersBring(t *testing.T) {
	t.Parallel()
	s := testStream(t)
	ctx := testContext(t)
	const callers = 40
	errs := make(chan error, callers)
	for i := range callers {
		go func() {
			errs <- s.JournalPacked(ctx, []alerting.Receipt{{World: alerting.Test, Alert: alerting.AlertID{9}, Epoch: 1,
				Channel: alerting.SMS, Page: uint32(i % 2),
				Marks: []alerting.PlaceMark{{Place: uint8(i), Mark: alerting.Mark{Best: alerting.Delivered, Handed: 1}, At: 1,
					Reason: "ok", Reference: "SM1"}}}})
		}()
	}
	for range callers {
		if err := receive(t, "the journal's answer", errs); err != nil {
			t.Fatal(err)
		}
	}
	records := 0
	places := map[uint8]uint32{}
	err := s.ReadReceipts(ctx, alerting.Test, time.Now().Add(-time.Minute), func(r alerting.Receipt) error {
		records++
		for _, m := range r.Marks {
			places[m.Place] = r.Page
			if m.Mark.Best != alerting.Delivered || m.Reason != "ok" || m.Reference != "SM1" || m.At != 1 || r.Epoch != 1 {
				t.Errorf("mark came as %+v", m)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(places) != callers || records >= callers/2 {
		t.Errorf("%d places in %d records, want %d in a few", len(places), records, callers)
	}
	for place, page := range places {
		if page != uint32(place%2) {
			t.Errorf("place %d is on page %d", place, page)
		}
	}
	stop := errors.New("enough")
	if err := s.ReadReceipts(ctx, alerting.Test, time.Time{}, func(alerting.Receipt) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the reader's error was lost: %v", err)
	}
	if err := s.ReadReceipts(ctx, alerting.Test, time.Now().Add(time.Hour), func(alerting.Receipt) error {
		return errors.New("nothing is that young")
	}); err != nil {
		t.Error(err)
	}
}

func TestJournalRefusesWithoutSpoilingOthers(t *testing.T) {
	s := testStream(t)
	ctx := testContext(t)
	good := alerting.Receipt{World: alerting.Test, Alert: alerting.AlertID{9}, Channel: alerting.SMS,
		Marks: []alerting.PlaceMark{{Mark: alerting.Mark{Best: alerting.Sent, Handed: 1}}}}
	for name, change := range map[string]func(*alerting.Receipt){
		"no alert":         func(r *alerting.Receipt) { r.Alert = alerting.AlertID{} },
		"unknown channel":  func(r *alerting.Receipt) { r.Channel = "pigeon" },
		"world not served": func(r *alerting.Receipt) { r.World = alerting.Actual },
		"no marks":         func(r *alerting.Receipt) { r.Marks = nil },
		"failed as best": func(r *alerting.Receipt) {
			r.Marks = []alerting.PlaceMark{{Mark: alerting.Mark{Best: alerting.Failed}}}
		},
		"state that is none":      func(r *alerting.Receipt) { r.Marks = []alerting.PlaceMark{{Mark: alerting.Mark{Best: 12}}} },
		"time before the epoch":   func(r *alerting.Receipt) { r.Marks = []alerting.PlaceMark{{At: -1}} },
		"time beyond all reason ": func(r *alerting.Receipt) { r.Marks = []alerting.PlaceMark{{At: 1 << 60}} },
	} {
		bad := good
		change(&bad)
		if err := s.Journal(ctx, []alerting.Receipt{good, bad}); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	if err := s.Journal(ctx, []alerting.Receipt{good}); err != nil {
		t.Error(err)
	}
	if err := s.Journal(ctx, nil); err != nil {
		t.Error(err)
	}
}

func TestConsumeReceiptsInBundles(t *testing.T) {
	s := testStream(t)
	ctx := testContext(t)
	const pages = 700
	var all []alerting.Receipt
	for page := range uint32(pages) {
		all = append(all, alerting.Receipt{World: alerting.Test, Alert: alerting.AlertID{9}, Channel: alerting.SMS, Page: page,
			Marks: []alerting.PlaceMark{{Mark: alerting.Mark{Best: alerting.Sent, Handed: 1}}}})
	}
	if err := s.Journal(ctx, all); err != nil {
		t.Fatal(err)
	}
	bundles := make(chan []alerting.Receipt, pages)
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeReceipts(ctx, "ledger", nil, func(_ context.Context, rs []alerting.Receipt, _ Ownership) error {
			bundles <- rs
			return nil
		})
	})
	seen, count := map[uint32]bool{}, 0
	for len(seen) < pages {
		bundle := receive(t, "a bundle of receipts", bundles)
		count++
		if len(bundle) == 0 || len(bundle) > receiptBundle {
			t.Fatalf("a bundle of %d", len(bundle))
		}
		for _, r := range bundle {
			if seen[r.Page] {
				t.Errorf("page %d came twice", r.Page)
			}
			seen[r.Page] = true
		}
	}
	if count > pages/10 {
		t.Errorf("%d receipts came in %d bundles", pages, count)
	}
}

func TestRecordsCarryOnlyTheAlertInHeaders(t *testing.T) {
	s := testStream(t)
	ctx := testContext(t)
	id := publish(t, s, testAlert("a", nil))
	b := testBatch(1, 3)
	if err := s.Dispatch(ctx, []alerting.Batch{b}); err != nil {
		t.Fatal(err)
	}
	headers := func(topicName string, partitions int) (out []kafka.Header) {
		for p := range partitions {
			_, last, err := s.bounds(ctx, topicName, p)
			if err != nil || last == 0 {
				continue
			}
			res, err := s.client.Fetch(ctx, &kafka.FetchRequest{Topic: topicName, Partition: p, MinBytes: 1, MaxBytes: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			r, err := res.Records.ReadRecord()
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, r.Headers...)
		}
		return out
	}
	if h := headers(s.cfg.issued(alerting.Test).name, 1); len(h) != 1 || h[0].Key != "alert" || string(h[0].Value) != id.String() {
		t.Errorf("issued: headers %v", h)
	}
	if h := headers(s.cfg.dispatch(b.World, b.Channel, b.Lane).name, 2); len(h) != 1 || string(h[0].Value) != b.Alert.String() {
		t.Errorf("dispatch: headers %v", h)
	}
}
