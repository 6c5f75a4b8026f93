package stream

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
)

// committed gives what a group has committed for a topic: partition to offset, -1 for nothing.
func committed(t testing.TB, s *Stream, group, topicName string, partitions ...int) map[int]int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var res *kafka.OffsetFetchResponse
	// After a restart of the broker the first questions meet dead connections.
	eventually(t, "an answer about committed offsets", func() (ok bool) {
		var err error
		res, err = s.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: s.cfg.Prefix + group,
			Topics: map[string][]int{topicName: partitions}})
		return err == nil && res.Error == nil
	})
	out := map[int]int64{}
	for _, p := range res.Topics[topicName] {
		out[p.Partition] = p.CommittedOffset
	}
	return out
}

func dispatchPages(t testing.TB, s *Stream, pages ...uint32) {
	t.Helper()
	var batches []alerting.Batch
	for _, p := range pages {
		batches = append(batches, testBatch(p, 1))
	}
	if err := s.Dispatch(testContext(t), batches); err != nil {
		t.Fatal(err)
	}
}

func pagesTo(n uint32) (out []uint32) {
	for p := range n {
		out = append(out, p)
	}
	return out
}

func TestOnlyTheSettledHeadIsCommitted(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, servertest.Kafka(t))
	cfg.Partitions = 1
	s := openStream(t, cfg, testParts(t))
	dispatchPages(t, s, pagesTo(6)...)
	flash := s.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name
	release, done := make(chan struct{}), make(chan uint32, 6)
	owners := make(chan Ownership, 1)
	stop := consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(_ context.Context, b *alerting.Batch, own Ownership) error {
				if b.Page == 0 {
					owners <- own
					<-release
				}
				done <- b.Page
				return nil
			}})
	})
	own := receive(t, "page 0", owners)
	for range 5 {
		if page := receive(t, "a page behind page 0", done); page == 0 {
			t.Fatal("page 0 was not to end yet")
		}
	}
	// Two proofs of membership later, commits had their chance.
	began := time.Now()
	eventually(t, "proofs of membership", func() bool { return own.Proof().After(began.Add(1100 * time.Millisecond)) })
	if got := committed(t, s, "sms", flash, 0)[0]; got > 0 {
		t.Fatalf("offset %d is committed although record 0 is open", got)
	}
	close(release)
	eventually(t, "everything committed", func() bool { return committed(t, s, "sms", flash, 0)[0] == 6 })
	if share := own.Share(); share != 1 {
		t.Errorf("the only member's share is %v", share)
	}
	stop()
	if own.Owned() {
		t.Error("the partition is still owned after the group was left")
	}
}

func TestFailedRecordComesAgain(t *testing.T) {
	t.Parallel()
	s := testStream(t)
	dispatchPages(t, s, 1, 2)
	var tries atomic.Int32
	done := make(chan uint32, 4)
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(_ context.Context, b *alerting.Batch, _ Ownership) error {
				if b.Page == 1 && tries.Add(1) < 3 {
					return errors.New("the ledger is away")
				}
				done <- b.Page
				return nil
			}})
	})
	got := []uint32{receive(t, "a page", done), receive(t, "a page", done)}
	slices.Sort(got)
	if !slices.Equal(got, []uint32{1, 2}) || tries.Load() != 3 {
		t.Errorf("pages %v after %d tries", got, tries.Load())
	}
	if n := counted(t, s.metrics.handlers, "dispatch"); n != 2 {
		t.Errorf("%v failures counted", n)
	}
}

func TestGracefulLeave(t *testing.T) {
	t.Parallel()
	brokers := servertest.Kafka(t)
	cfg := testConfig(t, brokers)
	first, second := openStream(t, cfg, testParts(t)), openStream(t, cfg, testParts(t))
	dispatchPages(t, first, 1)
	started, handled := make(chan Ownership, 1), make(chan uint32, 8)
	stop := consuming(t, func(ctx context.Context) error {
		return first.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(ctx context.Context, b *alerting.Batch, own Ownership) error {
				started <- own
				<-own.Draining()
				if ctx.Err() != nil {
					t.Error("the handler's context ended before the grace time")
				}
				handled <- b.Page
				return nil
			}})
	})
	receive(t, "page 1", started)
	consuming(t, func(ctx context.Context) error {
		return second.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(_ context.Context, b *alerting.Batch, _ Ownership) error { handled <- 100 + b.Page; return nil }})
	})
	stop()
	left := time.Now()
	if page := receive(t, "page 1", handled); page != 1 {
		t.Fatalf("page %d was handled, want 1 by the first member", page)
	}
	dispatchPages(t, second, 2, 3, 4, 5)
	var got []uint32
	for range 4 {
		got = append(got, receive(t, "a page by the second member", handled))
	}
	slices.Sort(got)
	if !slices.Equal(got, []uint32{102, 103, 104, 105}) {
		t.Errorf("after the first member left, %v were handled", got)
	}
	if took := time.Since(left); took > 5*time.Second {
		t.Errorf("the second member took over after %s: the first did not leave", took)
	}
}

func TestHandlerThatIgnoresShutdownIsCutShort(t *testing.T) {
	t.Parallel()
	s := testStream(t)
	dispatchPages(t, s, 1)
	started := make(chan struct{})
	ended := make(chan struct{})
	stop := consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS, Grace: 50 * time.Millisecond,
			Handle: func(ctx context.Context, _ *alerting.Batch, _ Ownership) error {
				close(started)
				<-ctx.Done()
				close(ended)
				return ctx.Err()
			}})
	})
	receive(t, "page 1", started)
	stop()
	receive(t, "the end of the handler's context", ended)
	from := s.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name
	for p, offset := range committed(t, s, "sms", from, 0, 1) {
		if offset > 0 {
			t.Errorf("partition %d: offset %d is committed, but the record failed", p, offset)
		}
	}
}

// history notes who was handed what, and whether it was lost meanwhile.
type history struct {
	mu    sync.Mutex
	given map[string]map[uint32]int
}

func (h *history) note(who string, page uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.given[who] == nil {
		h.given[who] = map[uint32]int{}
	}
	h.given[who][page]++
}

func (h *history) of(who string) map[uint32]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.given[who])
}

func TestRebalanceHandsNothingOutTwiceToItsOwner(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, servertest.Kafka(t))
	cfg.Partitions = 4
	first, second := openStream(t, cfg, testParts(t)), openStream(t, cfg, testParts(t))
	const pages = 32
	dispatchPages(t, first, pagesTo(pages)...)
	h := &history{given: map[string]map[uint32]int{}}
	release := make(chan struct{})
	var mu sync.Mutex
	owners := map[uint32]Ownership{}
	consume := func(s *Stream, who string, block bool) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
				Handle: func(_ context.Context, b *alerting.Batch, own Ownership) error {
					h.note(who, b.Page)
					if block {
						mu.Lock()
						owners[b.Page] = own
						mu.Unlock()
						<-release
					}
					return nil
				}})
		}
	}
	stopFirst := consuming(t, consume(first, "first", true))
	eventually(t, "the first member holds 4 records of each partition", func() bool { return len(h.of("first")) == 16 })
	consuming(t, consume(second, "second", false))
	eventually(t, "the second member works on the partitions it took over", func() bool { return len(h.of("second")) == pages/2 })

	// Half of the partitions were lost; the handlers of the others never noticed.
	lost := 0
	mu.Lock()
	for page, own := range owners {
		if own.Owned() {
			if h.of("second")[page] > 0 {
				t.Errorf("page %d is owned by the first member and was given to the second", page)
			}
			continue
		}
		lost++
		select {
		case <-own.Lost():
		default:
			t.Error("Lost is not closed for a partition that is not owned")
		}
		if h.of("second")[page] != 1 {
			t.Errorf("page %d was lost, and given to the second member %d times", page, h.of("second")[page])
		}
	}
	mu.Unlock()
	if lost != 8 {
		t.Errorf("%d open records were lost, want those of 2 partitions: 8", lost)
	}
	close(release)
	flash := first.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name
	eventually(t, "everything committed", func() bool {
		sum := int64(0)
		for _, offset := range committed(t, first, "sms", flash, 0, 1, 2, 3) {
			sum += max(0, offset)
		}
		return sum == pages
	})
	for page, n := range h.of("first") {
		if n != 1 {
			t.Errorf("page %d was given to the first member %d times", page, n)
		}
	}
	for page, n := range h.of("second") {
		if n != 1 {
			t.Errorf("page %d was given to the second member %d times", page, n)
		}
	}
	if n := counted(t, first.metrics.rebalances, "sms"); n < 2 {
		t.Errorf("%v rebalances counted", n)
	}

	// The partitions come back to the first member, which gets nothing that was settled.
	before := len(h.of("first"))
	stopFirst()
	if after := len(h.of("first")); after != before {
		t.Errorf("%d records more were given while draining", after-before)
	}
}

func TestWorkOfALostPartitionIsNotCommittedByItsFormerOwner(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, servertest.Kafka(t))
	first, second := openStream(t, cfg, testParts(t)), openStream(t, cfg, testParts(t))
	dispatchPages(t, first, pagesTo(12)...)
	flash := first.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name
	release := make(chan struct{})
	var mu sync.Mutex
	running := map[uint32]Ownership{}
	consuming(t, func(ctx context.Context) error {
		return first.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(_ context.Context, b *alerting.Batch, own Ownership) error {
				mu.Lock()
				running[b.Page] = own
				mu.Unlock()
				<-release
				return nil
			}})
	})
	eventually(t, "the first member works", func() bool { mu.Lock(); defer mu.Unlock(); return len(running) == 8 })
	block := make(chan struct{})
	t.Cleanup(func() { close(block) })
	var taken atomic.Int32
	consuming(t, func(ctx context.Context) error {
		return second.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS, Grace: time.Millisecond,
			Handle: func(ctx context.Context, _ *alerting.Batch, _ Ownership) error {
				taken.Add(1)
				select {
				case <-block:
				case <-ctx.Done():
				}
				return errors.New("not done")
			}})
	})
	eventually(t, "the second member works", func() bool { return taken.Load() == 4 })
	close(release)
	var kept Ownership
	mu.Lock()
	for _, own := range running {
		if own.Owned() {
			kept = own
		}
	}
	mu.Unlock()
	began := time.Now()
	eventually(t, "the first member commits", func() bool { return kept.Proof().After(began.Add(1100 * time.Millisecond)) })
	offsets := committed(t, first, "sms", flash, 0, 1)
	done, open := max(offsets[0], offsets[1]), min(offsets[0], offsets[1])
	if done <= 0 || open > 0 {
		t.Errorf("committed %v: want the kept partition's head, and nothing of the lost one", offsets)
	}
}

func TestWorkThatOutlastsItsTenureIsNotGivenOutAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broker := servertest.Broker(t, embedded.KafkaConfig{Dir: dir, SessionTimeout: time.Second})
	cfg := testConfig(t, broker.Addrs())
	cfg.SessionTimeout = time.Second
	cfg.Partitions = 1
	s, err := Open(testContext(t), cfg, testParts(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	h := &history{given: map[string]map[uint32]int{}}
	owners, release := make(chan Ownership, 8), make(chan struct{})
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(_ context.Context, b *alerting.Batch, own Ownership) error {
				h.note("us", b.Page)
				if b.Page == 1 {
					owners <- own
					<-release
				}
				return nil
			}})
	})
	dispatchPages(t, s, 1)
	own := receive(t, "page 1", owners)
	// Kafka is not heard for a session: the partition may be another's, so the tenure is over.
	port := portOf(t, broker)
	broker.Close()
	receive(t, "the loss of the partition", own.Lost())
	if own.Owned() {
		t.Error("the partition is lost and owned")
	}
	servertest.Broker(t, embedded.KafkaConfig{Dir: dir, Port: port, SessionTimeout: time.Second})
	dispatchPages(t, s, 2)
	eventually(t, "page 2 is handled in the new tenure", func() bool { return h.of("us")[2] == 1 })
	close(release)
	flash := s.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name
	eventually(t, "both pages are committed", func() bool { return committed(t, s, "sms", flash, 0)[0] == 2 })
	if n := h.of("us")[1]; n != 1 {
		t.Errorf("page 1 was given out %d times", n)
	}
}

func TestRetryIsNeverHeldLongerThanItsTier(t *testing.T) {
	t.Parallel()
	parts := testParts(t)
	var mu sync.Mutex
	now := time.Now()
	read := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	parts.Now = read
	// Waiting takes no time but moves the clock.
	parts.After = func(d time.Duration) <-chan time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
		c := make(chan time.Time, 1)
		c <- now
		return c
	}
	s := openStream(t, testConfig(t, servertest.Kafka(t)), parts)
	began := read()
	b := testBatch(1, 1)
	b.NotBefore = began.Add(time.Hour)
	if err := s.Retry(testContext(t), Tier60, b); err != nil {
		t.Fatal(err)
	}
	at := make(chan time.Time, 1)
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(context.Context, *alerting.Batch, Ownership) error { at <- read(); return nil }})
	})
	if waited := receive(t, "the batch", at).Sub(began); waited < time.Minute || waited > 2*time.Minute {
		t.Errorf("it was held for %s, want a minute", waited)
	}
}

func TestTakeoverAfterACrash(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for a session to end")
	}
	// A real broker allows no session shorter than 6 s.
	session, brokers := 6*time.Second, servertest.Kafka(t)
	if !servertest.RealKafka() {
		session = 2 * time.Second
		brokers = servertest.Broker(t, embedded.KafkaConfig{SessionTimeout: session}).Addrs()
	}
	cfg := testConfig(t, brokers)
	cfg.SessionTimeout = session
	first, second := openStream(t, cfg, testParts(t)), openStream(t, cfg, testParts(t))
	joined := make(chan struct{}, 8)
	// A member that joins and is never heard again.
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{ID: first.cfg.Prefix + "sms", Brokers: cfg.Brokers,
		Topics: []string{first.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name}, SessionTimeout: session,
		HeartbeatInterval: time.Hour, GroupBalancers: []kafka.GroupBalancer{evenly{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { go group.Close() }()
	for {
		if _, err := group.Next(testContext(t)); err == nil {
			break
		}
	}
	dispatchPages(t, first, pagesTo(8)...)
	began := time.Now()
	consuming(t, func(ctx context.Context) error {
		return second.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(context.Context, *alerting.Batch, Ownership) error { joined <- struct{}{}; return nil }})
	})
	for range 8 {
		receive(t, "a record of the dead member", joined)
	}
	t.Logf("took over %s after joining", time.Since(began).Round(100*time.Millisecond))
	if took := time.Since(began); took > 2*session+2*time.Second {
		t.Errorf("took over only after %s", took)
	}
}

func TestPoisonGoesToTheDeadLetters(t *testing.T) {
	t.Parallel()
	s := testStream(t)
	ctx := testContext(t)
	issued := s.cfg.issued(alerting.Test)
	receipts := s.cfg.receipts(alerting.Test)
	flash := s.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash)
	stop := s.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Stop)
	b := testBatch(1, 2)
	moved, err := encodeBatch(s.parts.Keys, flash.name, &b)
	if err != nil {
		t.Fatal(err)
	}
	garbage := map[string][]byte{issued.name: []byte("\x01{not json"), receipts.name: {1, 2, 3}, flash.name: []byte("junk"),
		// A record copied to another topic cannot be opened there.
		stop.name: moved}
	for name, raw := range garbage {
		if err := s.write(ctx, s.batches, []kafka.Message{{Topic: name, Key: []byte("k"), Value: raw}}, "write garbage"); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, s, testAlert("good", nil))
	dispatchPages(t, s, 5, 6, 7, 8)
	if err := s.Journal(ctx, []alerting.Receipt{{World: alerting.Test, Alert: alerting.AlertID{9}, Channel: alerting.SMS,
		Marks: []alerting.PlaceMark{{Mark: alerting.Mark{Best: alerting.Sent}}}}}); err != nil {
		t.Fatal(err)
	}
	good := make(chan string, 16)
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeIssued(ctx, "fanout", nil, func(context.Context, *alerting.Issued, Ownership) error { good <- "issued"; return nil })
	})
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeReceipts(ctx, "ledger", nil, func(context.Context, []alerting.Receipt, Ownership) error { good <- "receipts"; return nil })
	})
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(_ context.Context, b *alerting.Batch, _ Ownership) error {
				if b.Page == 8 {
					return Poison(errors.New("nobody knows this alert"))
				}
				good <- "batch"
				return nil
			}})
	})
	var got []string
	for range 5 {
		got = append(got, receive(t, "a good record", good))
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"batch", "batch", "batch", "issued", "receipts"}) {
		t.Errorf("handled %v", got)
	}
	letters := map[string]Letter{}
	eventually(t, "five dead letters", func() bool {
		clear(letters)
		err := s.ReadDeadLetters(ctx, alerting.Test, time.Time{}, func(l Letter) error {
			letters[l.Topic+l.Reason] = l
			return nil
		})
		return err == nil && len(letters) == 5
	})
	found := 0
	for _, l := range letters {
		if raw, ok := garbage[l.Topic]; ok && slices.Equal(raw, l.Raw) {
			found++
		}
		if l.Reason == "" || l.World != alerting.Test || (l.Topic != flash.name && string(l.Key) != "k") {
			t.Errorf("letter %+v", l)
		}
	}
	if found != len(garbage) {
		t.Errorf("%d of %d garbage records are among the letters", found, len(garbage))
	}
	for kind, want := range map[string]float64{"issued": 1, "receipts": 1, "dispatch": 3} {
		eventually(t, "poison is counted", func() bool { return counted(t, s.metrics.poison, kind) == want })
	}
}

func TestEvenly(t *testing.T) {
	var partitions []kafka.Partition
	topics := []string{"a.flash", "a.routine", "a.retry"}
	for p := range 6 {
		partitions = append(partitions, kafka.Partition{Topic: "a.flash", ID: p}, kafka.Partition{Topic: "a.routine", ID: p})
	}
	partitions = append(partitions, kafka.Partition{Topic: "a.retry", ID: 0})
	member := func(id string, topics ...string) kafka.GroupMember { return kafka.GroupMember{ID: id, Topics: topics} }
	for _, row := range []struct {
		name    string
		members []kafka.GroupMember
		want    map[string]int
	}{
		{"one", []kafka.GroupMember{member("m1", topics...)}, map[string]int{"m1": 13}},
		{"two", []kafka.GroupMember{member("m2", topics...), member("m1", topics...)}, map[string]int{"m1": 7, "m2": 6}},
		{"one without a topic", []kafka.GroupMember{member("m1", "a.flash"), member("m2", topics...)}, map[string]int{"m1": 6, "m2": 7}},
		{"nobody for a topic", []kafka.GroupMember{member("m1", "a.retry")}, map[string]int{"m1": 1}},
		{"more members than partitions of a topic", []kafka.GroupMember{member("m1", "a.retry"), member("m2", "a.retry")},
			map[string]int{"m1": 1, "m2": 0}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := evenly{}.AssignGroups(row.members, partitions)
			slices.Reverse(row.members)
			slices.Reverse(partitions)
			again := evenly{}.AssignGroups(row.members, partitions)
			for id, want := range row.want {
				n := 0
				for topicName, ps := range got[id] {
					n += len(ps)
					if !slices.Equal(ps, again[id][topicName]) {
						t.Errorf("%s %s: %v, in another order %v", id, topicName, ps, again[id][topicName])
					}
				}
				if n != want {
					t.Errorf("%s has %d partitions, want %d", id, n, want)
				}
			}
		})
	}
}
