package report

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
	"tocsin/alerting/embedded/servertest"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
	"tocsin/cap"
)

// after is an alert whose deliveries stand in a real ledger, and what a report on it must say.
type after struct {
	*testing.T
	ledger   *ledger.Ledger
	progress fanout.Progress
	pages    []fanout.Page
	// model is the state of each place by page, and reasons those that were noted.
	model [][alerting.PageSize][4]alerting.State
}

// reasonOf is what is noted on a failure.
func reasonOf(page, place int) string { return fmt.Sprintf("refused for reason %d", (page+place)%3) }

func newAfter(t *testing.T, seed uint64, pages int) *after {
	t.Helper()
	server := new(ledger.Server)
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{servertest.Redis(t)}, OnConnect: server.OnConnect, ReadTimeout: 5 * time.Second})
	t.Cleanup(func() { _ = rdb.Close() })
	prefix := servertest.Prefix(t)
	a := &after{T: t, ledger: ledger.New(rdb, server, prefix)}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a.progress = fanout.Progress{Alert: alerting.NewAlertID("report@example.org", prefix, now), World: alerting.Actual, MsgType: string(cap.MsgAlert),
		State: fanout.Done, Issued: now, Expires: now.Add(time.Hour), Targeted: map[alerting.Channel]int64{}}
	err := a.ledger.Begin(t.Context(), a.progress.Alert, time.Hour, func(context.Context) (bool, error) { return true, nil })
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for n := range pages {
		a.page(random, n)
	}
	return a
}

// page adds a page of random people (the first page: sirens) with random states.
func (a *after) page(random *rand.Rand, n int) {
	p := fanout.Page{Alert: a.progress.Alert, Number: uint32(n), Kind: fanout.People}
	on := alerting.PeopleChannels()
	if n == 0 {
		p.Kind, on = fanout.Sirens, []alerting.Channel{alerting.Siren}
	}
	var states [alerting.PageSize][4]alerting.State
	receipts := make(map[alerting.Channel]*alerting.Receipt)
	for place := range 1 + random.IntN(alerting.PageSize) {
		p.Persons, p.Infos = append(p.Persons, int64(n*1000+place)), append(p.Infos, uint8(place%2))
		// In areas 1 to 3, or in none; of every fourth page the manifest does not know it.
		area := uint16(place/2) % 4
		if area > 0 || n%4 == 3 {
			p.Inside.Set(uint8(place))
		}
		if n%4 != 3 {
			p.Areas = append(p.Areas, area)
		}
		for _, ch := range on {
			c := slices.Index(alerting.Channels(), ch)
			// Ever so often no channel but one, and often the same end everywhere.
			s := alerting.State(random.IntN(alerting.StateCount))
			if ch == on[len(on)-1] && states[place] == [4]alerting.State{} && s == alerting.None {
				s = alerting.Failed
			}
			if s == alerting.None {
				continue
			}
			states[place][c] = s
			p.Targets[c].Set(uint8(place))
			a.progress.Targeted[ch]++
			if receipts[ch] == nil {
				receipts[ch] = &alerting.Receipt{World: alerting.Actual, Alert: a.progress.Alert, Channel: ch, Page: uint32(n)}
			}
			if mark := markOf(s, reasonOf(n, place)); s != alerting.Queued || place%2 == 0 { // Some queued places are not in the ledger yet.
				mark.Place = uint8(place)
				receipts[ch].Marks = append(receipts[ch].Marks, mark)
			}
		}
	}
	if p.Kind == fanout.People {
		a.progress.People += int64(len(p.Persons))
	}
	a.pages, a.model = append(a.pages, p), append(a.model, states)
	a.progress.Pages = uint32(len(a.pages))
	for _, r := range receipts {
		if merged, err := a.ledger.Merge(a.Context(), []alerting.Receipt{*r}); err != nil || len(merged.NotReady) > 0 {
			a.Fatal(merged, err)
		}
	}
}

// markOf is news that amounts to a state.
func markOf(s alerting.State, reason string) alerting.PlaceMark {
	switch {
	case s == alerting.Failed:
		return alerting.PlaceMark{Mark: alerting.Mark{Best: alerting.Queued, Handed: 1, Failure: 1}, Reason: reason, At: 1}
	case s >= alerting.Uncertain:
		return alerting.PlaceMark{Mark: alerting.Mark{Best: s, Handed: 1}}
	}
	return alerting.PlaceMark{Mark: alerting.Mark{Best: s}}
}

// reporter reads the pages of the test, and names people after their ids.
func (a *after) reporter() *Reporter {
	refs := func(prefix string) func(context.Context, []int64) (map[int64]string, error) {
		return func(_ context.Context, ids []int64) (map[int64]string, error) {
			names := make(map[int64]string)
			for _, id := range ids {
				names[id] = prefix + fmt.Sprint(id)
			}
			return names, nil
		}
	}
	return &Reporter{Receipts: a.ledger, Standing: a.ledger.Standing, Refs: refs("P"), SirenRefs: refs("S"),
		Now: func() time.Time { return a.progress.Issued }, Manifest: Manifest{
			Progress:  func(context.Context, alerting.AlertID) (fanout.Progress, error) { return a.progress, nil },
			StoppedBy: func(context.Context, alerting.AlertID) (alerting.AlertID, error) { return alerting.AlertID{}, nil },
			SirenPages: func(context.Context, alerting.AlertID) (map[uint32]bool, error) {
				out := make(map[uint32]bool)
				for _, p := range a.pages {
					out[p.Number] = p.Kind == fanout.Sirens
				}
				return out, nil
			},
			Page: func(_ context.Context, _ alerting.AlertID, page uint32) (fanout.Page, error) {
				return a.pages[page], nil
			},
			Pages: func(_ context.Context, _ alerting.AlertID, from uint32) iter.Seq2[fanout.Page, error] {
				return func(yield func(fanout.Page, error) bool) {
					for _, p := range a.pages {
						if p.Number < from {
							continue
						}
						if !yield(p, nil) {
							return
						}
					}
				}
			},
		}}
}

// want works the figures out from the model alone.
func (a *after) want() (people, sirens Reach, lost map[string]bool, failed map[string]int64) {
	lost, failed = map[string]bool{}, map[string]int64{}
	for n, page := range a.pages {
		of, prefix := &people, "P"
		if page.Kind == fanout.Sirens {
			of, prefix = &sirens, "S"
		}
		for place, id := range page.Persons {
			states := a.model[n][place]
			has := func(all ...alerting.State) bool {
				return slices.ContainsFunc(states[:], func(s alerting.State) bool { return slices.Contains(all, s) })
			}
			of.Targeted++
			switch {
			case has(alerting.Sent, alerting.Delivered, alerting.Acknowledged):
				of.Reached++
				if has(alerting.Delivered, alerting.Acknowledged) {
					of.Delivered++
				}
				if has(alerting.Acknowledged) {
					of.Acknowledged++
				}
			case has(alerting.Queued):
				of.Open++
			case has(alerting.Uncertain):
				of.Uncertain++
			default:
				of.Unreached++
				lost[prefix+fmt.Sprint(id)] = true
			}
			for c, s := range states {
				if s == alerting.Failed {
					failed[string(alerting.Channels()[c])+" "+reasonOf(n, place)]++
				}
			}
		}
	}
	return people, sirens, lost, failed
}

// check compares a report with the model, and its sums with each other.
func (a *after) check() Outcome {
	a.Helper()
	people, sirens, lost, failed := a.want()
	listed := map[string]bool{}
	out, causes, err := a.reporter().Unreached(a.Context(), a.progress.Alert, func(u Unreached) error {
		if len(u.Channels) == 0 || listed[u.Who] {
			a.Errorf("listed twice, or without a channel: %+v", u)
		}
		listed[u.Who] = true
		return nil
	})
	if err != nil {
		a.Fatal(err)
	}
	if out.People != people || out.Sirens != sirens || !out.Consistent {
		a.Errorf("people %+v, sirens %+v, consistent %v\nwant   %+v,        %+v", out.People, out.Sirens, out.Consistent, people, sirens)
	}
	if !maps.Equal(listed, lost) || int64(len(listed)) != out.People.Unreached+out.Sirens.Unreached {
		a.Errorf("%d are listed, %d are unreached, want %d", len(listed), out.People.Unreached+out.Sirens.Unreached, len(lost))
	}
	for _, r := range []Reach{out.People, out.Sirens} {
		if r.Reached+r.Open+r.Uncertain+r.Unreached != r.Targeted {
			a.Errorf("%+v does not add up", r)
		}
	}
	var infos int64
	for _, in := range out.Infos {
		infos += in.People.Targeted
	}
	if infos != out.People.Targeted {
		a.Errorf("the infos have %d people, want %d", infos, out.People.Targeted)
	}
	for _, c := range out.Channels {
		if c.States.Sum() != c.Targeted || c.Targeted != a.progress.Targeted[c.Channel] || c.Reached != c.States.Sent+c.States.Delivered+c.States.Acknowledged {
			a.Errorf("%s: %+v does not add up to %d", c.Channel, c, a.progress.Targeted[c.Channel])
		}
	}
	have := map[string]int64{}
	for _, c := range causes {
		if c.State == alerting.Failed.String() {
			have[string(c.Channel)+" "+c.Reason] = c.Deliveries
		}
	}
	if !maps.Equal(have, failed) {
		a.Errorf("failures %v, want %v", have, failed)
	}
	same, _, err := a.reporter().Outcome(a.Context(), a.progress.Alert)
	if err != nil || !reflect.DeepEqual(same, out) {
		a.Errorf("without the list it says %+v, %v", same, err)
	}
	return out
}

// seal closes the alert: what is open expires.
func (a *after) seal() {
	a.Helper()
	books := ledger.Books{Manifest: func(context.Context, alerting.AlertID) iter.Seq2[ledger.PageOf, error] {
		return func(yield func(ledger.PageOf, error) bool) {
			for _, p := range a.pages {
				for _, ch := range alerting.Channels() {
					on := p.On(ch)
					if !on.Empty() && !yield(ledger.PageOf{Channel: ch, Page: p.Number, Places: on.Places()}, nil) {
						return
					}
				}
			}
		}
	}}
	err := a.ledger.Seal(a.Context(), ledger.Live{ID: a.progress.Alert}, books, func(_ context.Context, page uint32, sealed []byte) error {
		a.pages[page].Sealed = sealed
		return nil
	}, func(_ context.Context, totals []byte) error {
		a.progress.Sealed, a.progress.Totals = true, totals
		return nil
	})
	if err != nil {
		a.Fatal(err)
	}
	for n := range a.model {
		for place := range a.model[n] {
			for c, s := range a.model[n][place] {
				if s == alerting.Queued {
					a.model[n][place][c] = alerting.ExpiredState
				}
			}
		}
	}
}

// checkTotals: the status from the totals is that of the pages.
func (a *after) checkTotals() {
	a.Helper()
	short, err := a.reporter().Status(a.Context(), a.progress.Alert)
	if err != nil {
		a.Fatal(err)
	}
	totals := a.progress.Totals
	a.progress.Totals = nil
	long, err := a.reporter().Status(a.Context(), a.progress.Alert)
	a.progress.Totals = totals
	if err != nil || short.People != long.People || !short.Consistent || !slices.EqualFunc(short.Channels, long.Channels, func(x, y Channel) bool {
		return x.Channel == y.Channel && x.Targeted == y.Targeted && x.States == y.States
	}) {
		a.Errorf("by its totals %+v, by its pages %+v, %v", short, long, err)
	}
}

// TestTheBooksOfAReport: random ends of random people, counted by a model, by the live ledger and from the sealed pages.
func TestTheBooksOfAReport(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			a := newAfter(t, seed, 1+int(seed)*sheetsAtOnce/2)
			live := a.check()
			if live.Final && live.People.Open+live.Sirens.Open > 0 {
				t.Error("it is final, and something is open")
			}
			a.seal()
			sealed := a.check()
			a.checkTotals()
			if sealed.Status != "sealed" || !sealed.Final || sealed.People.Open+sealed.Sirens.Open > 0 || sealed.People.Reached != live.People.Reached {
				t.Errorf("sealed: %+v", sealed)
			}
		})
	}
}

// TestAReportThatCannotBeVouchedFor: no figure is guessed.
func TestAReportThatCannotBeVouchedFor(t *testing.T) {
	a := newAfter(t, 1, 3)
	r := a.reporter()
	r.Standing = func(context.Context, alerting.AlertID, uint32, uint32) ([]ledger.SealedPage, error) {
		return nil, ledger.ErrNotReady
	}
	if _, _, err := r.Outcome(t.Context(), a.progress.Alert); !errors.Is(err, alerting.ErrUnavailable) {
		t.Errorf("without the ledger: %v", err)
	}
	missing := fmt.Errorf("%w: no expansion", alerting.ErrNotFound)
	r.Manifest.Progress = func(context.Context, alerting.AlertID) (fanout.Progress, error) { return fanout.Progress{}, missing }
	if _, _, err := r.Outcome(t.Context(), a.progress.Alert); !errors.Is(err, alerting.ErrNotFound) {
		t.Errorf("an alert that nobody knows: %v", err)
	}
	r.Accepted = func(context.Context, alerting.AlertID) (*alerting.Issued, error) { return &alerting.Issued{}, nil }
	if _, _, err := r.Outcome(t.Context(), a.progress.Alert); !errors.Is(err, alerting.ErrState) {
		t.Errorf("an alert that was just accepted: %v", err)
	}
	// A page that fan-out wrote after its progress was read is no part of the report, and books that differ are said to.
	r = a.reporter()
	a.progress.Pages--
	if out, _, err := r.Outcome(t.Context(), a.progress.Alert); err != nil || out.Consistent {
		t.Errorf("a page short: %v, consistent %v", err, out.Consistent)
	}
}

// TestReasonsAreBounded: a gateway that gives each failure a number of its own does not fill the memory.
func TestReasonsAreBounded(t *testing.T) {
	c := newCauses()
	for i := range 3 * causesKept {
		c.add(Cause{Channel: alerting.SMS, State: "failed", Reason: fmt.Sprint("request ", i)})
	}
	all := c.list()
	if len(all) != causesKept+1 || all[0].Reason != otherReasons() || all[0].Deliveries != 2*causesKept {
		t.Errorf("%d causes, the first of them %+v", len(all), all[0])
	}
}
