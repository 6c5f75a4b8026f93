package serve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"tocsin/alerting"
	"tocsin/alerting/embedded/servertest"
	"tocsin/alerting/fanout"
	"tocsin/channels"
	"tocsin/channels/sms"
)

// oracle is a gateway that knows some messages.
type oracle struct {
	fates map[string]sms.Fate
	// fails is what the next questions end with.
	fails []error
	asked []string
}

func (o *oracle) Ask(_ context.Context, reference string, attempt uint8) (sms.Fate, error) {
	o.asked = append(o.asked, fmt.Sprintf("%s#%d", reference, attempt))
	if len(o.fails) > 0 {
		err := o.fails[0]
		o.fails = o.fails[1:]
		return sms.Fate{}, err
	}
	fate, ok := o.fates[reference]
	if !ok {
		return sms.Fate{}, alerting.ErrNotFound
	}
	fate.Mark.Handed, fate.Reference = attempt, reference
	if fate.Mark.Failure > 0 {
		fate.Mark.Failure = attempt
	}
	return fate, nil
}

// inquiry is an asker with a journal in memory and one alert, issued at noon.
type inquiry struct {
	*asker
	clock   time.Time
	journal []alerting.Receipt
	gone    []uint8
}

func inquire(t *testing.T, gateways ...sms.Reporter) *inquiry {
	t.Helper()
	q := &inquiry{clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{servertest.Redis(t)}})
	t.Cleanup(func() { _ = rdb.Close() })
	alert := fanout.Progress{Alert: alerting.AlertID{1}, World: alerting.Test, Issued: q.clock,
		Targeted: map[alerting.Channel]int64{alerting.SMS: 5}}
	q.asker = &asker{now: func() time.Time { return q.clock }, after: 10 * time.Minute, every: time.Hour,
		limit: rate.NewLimiter(rate.Inf, 1), rdb: rdb, prefix: servertest.Prefix(t), gateways: gateways,
		open: func(context.Context) ([]fanout.Progress, error) { return []fanout.Progress{alert}, nil },
		read: func(_ context.Context, _ alerting.World, _ time.Time, fn func(alerting.Receipt) error) error {
			for _, r := range slices.Clone(q.journal) {
				if err := fn(r); err != nil {
					return err
				}
			}
			return nil
		},
		journal: func(_ context.Context, receipts []alerting.Receipt) error {
			q.journal = append(q.journal, receipts...)
			return nil
		},
		left: func(_ context.Context, _ alerting.AlertID, _ alerting.Channel, _ uint32, place uint8, class channels.Class) {
			if class == channels.OptedOut {
				q.gone = append(q.gone, place)
			}
		},
	}
	return q
}

// sent puts a delivery into the journal.
func (q *inquiry) sent(place uint8, reference string, mark alerting.Mark) {
	q.journal = append(q.journal, alerting.Receipt{World: alerting.Test, Alert: alerting.AlertID{1}, Channel: alerting.SMS,
		Marks: []alerting.PlaceMark{{Place: place, Mark: mark, Reference: reference}}})
}

func (q *inquiry) state(place uint8) alerting.State {
	var mark alerting.Mark
	for _, r := range q.journal {
		for _, m := range r.Marks {
			if m.Place == place {
				mark = mark.Merge(m.Mark)
			}
		}
	}
	return mark.State()
}

func sent(attempt uint8) alerting.Mark { return alerting.Mark{Best: alerting.Sent, Handed: attempt} }

func delivered() sms.Fate {
	return sms.Fate{PlaceMark: alerting.PlaceMark{Mark: alerting.Mark{Best: alerting.Delivered}}}
}

func TestWhatNoCallbackToldIsAskedForInTime(t *testing.T) {
	stopped := sms.Fate{PlaceMark: alerting.PlaceMark{Mark: alerting.Mark{Best: alerting.Sent, Failure: 1}}, OptedOut: true}
	o := &oracle{fates: map[string]sms.Fate{"a": delivered(), "b": stopped, "c": {PlaceMark: alerting.PlaceMark{Mark: sent(1)}}, "e": delivered()}}
	q := inquire(t, o)
	q.sent(0, "a", sent(1))
	q.sent(1, "b", sent(1))
	q.sent(2, "c", sent(1))
	q.sent(3, "d", alerting.Mark{Best: alerting.Delivered, Handed: 1})
	// A reference belongs to the attempt that brought it, though the place has been handed over again since.
	q.sent(4, "e", sent(1))
	q.sent(4, "", alerting.Mark{Best: alerting.Uncertain, Handed: 2})
	q.sent(4, "e", alerting.Mark{Best: alerting.Sent, Handed: 2})
	q.sent(5, "", sent(1))
	before := len(q.journal)
	if err := q.round(t.Context()); err != nil || len(o.asked) != 0 {
		t.Fatalf("asked for %v before its time, %v", o.asked, err)
	}
	q.clock = q.clock.Add(q.after)
	if err := q.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a#1", "b#1", "c#1", "e#1"}; !slices.Equal(o.asked, want) {
		t.Errorf("asked for %v, want %v", o.asked, want)
	}
	for place, want := range []alerting.State{alerting.Delivered, alerting.Failed, alerting.Sent, alerting.Delivered, alerting.Delivered, alerting.Sent} {
		if got := q.state(uint8(place)); got != want {
			t.Errorf("place %d became %v, want %v", place, got, want)
		}
	}
	if !slices.Equal(q.gone, []uint8{1}) {
		t.Errorf("opted out: %v, want place 1", q.gone)
	}
	if n := len(q.journal) - before; n != 3 {
		t.Errorf("%d receipts, want 3: what is no news is not journalled", n)
	}
	// Nobody asks again before its time.
	o.asked = nil
	if err := q.round(t.Context()); err != nil || len(o.asked) != 0 {
		t.Errorf("asked again for %v, %v", o.asked, err)
	}
}

func TestAGatewayThatFailsKeepsNothingFromTheOthers(t *testing.T) {
	trouble := errors.New("no answer")
	first := &oracle{fates: map[string]sms.Fate{"a": delivered()}, fails: []error{trouble}}
	second := &oracle{fates: map[string]sms.Fate{"b": delivered()}}
	q := inquire(t, first, second)
	q.clock = q.clock.Add(q.after)
	q.sent(0, "a", sent(1))
	q.sent(1, "b", sent(1))
	if err := q.round(t.Context()); !errors.Is(err, trouble) {
		t.Errorf("the round ended with %v", err)
	}
	if q.state(0) != alerting.Sent || q.state(1) != alerting.Delivered {
		t.Errorf("places became %v and %v; the other gateway knew the second", q.state(0), q.state(1))
	}
	// What was not answered is asked for at the next look.
	if err := q.round(t.Context()); err != nil || q.state(0) != alerting.Delivered {
		t.Errorf("place 0 became %v, %v", q.state(0), err)
	}
}

func TestAGatewayThatIsAwayIsLeftAlone(t *testing.T) {
	trouble := errors.New("no answer")
	o := &oracle{fails: slices.Repeat([]error{trouble}, 100)}
	q := inquire(t, o)
	q.clock = q.clock.Add(q.after)
	for place := range uint8(50) {
		q.sent(place, fmt.Sprintf("m%d", place), sent(1))
	}
	if err := q.round(t.Context()); !errors.Is(err, trouble) || len(o.asked) != askPatience {
		t.Errorf("%d questions to a gateway that is away, %v; want %d", len(o.asked), err, askPatience)
	}
}
