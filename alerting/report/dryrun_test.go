package report

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/cap"
)

// town is an audience that is all there at once.
type town struct{ people, sirens []alerting.Addressee }

func (w town) Begin(context.Context, *alerting.Issued, string, iter.Seq[int64]) (fanout.Scan, error) {
	return &scan{w.people}, nil
}

func (w town) Lookup(context.Context, *alerting.Issued, []int64) ([]alerting.Addressee, error) {
	return nil, nil
}

func (w town) Sirens(context.Context, *alerting.Issued) ([]alerting.Addressee, error) {
	return w.sirens, nil
}

func (w town) LookupSirens(context.Context, *alerting.Issued, []int64) ([]alerting.Addressee, error) {
	return nil, nil
}

type scan struct{ left []alerting.Addressee }

func (s *scan) Next(_ context.Context, limit int) ([]alerting.Addressee, error) {
	n := min(limit, len(s.left))
	found := s.left[:n]
	s.left = s.left[n:]
	return found, nil
}

func (s *scan) Cursor() string { return "" }

// addressee has addresses on some channels.
func addressee(id int64, info int, gateway string, on ...alerting.Channel) alerting.Addressee {
	a := alerting.Addressee{ID: id, Info: info, Gateway: gateway}
	for i, ch := range alerting.Channels() {
		if slices.Contains(on, ch) {
			a.Addresses[i] = []byte("sealed")
		}
	}
	return a
}

// dryRunner tells two people and three sirens of an alert of two infos; words fail where the test says so.
func dryRunner(fails func(info int, ch alerting.Channel) bool) (*DryRunner, *alerting.Issued) {
	w := town{
		people: []alerting.Addressee{addressee(1, 0, "", alerting.SMS, alerting.Mail), addressee(2, 1, "", alerting.SMS)},
		sirens: []alerting.Addressee{addressee(1, 0, "harbour", alerting.Siren), addressee(2, 0, "drill", alerting.Siren),
			addressee(3, 0, "gone", alerting.Siren)},
	}
	refs := func(_ context.Context, ids []int64) (map[int64]string, error) {
		names := make(map[int64]string)
		for _, id := range ids {
			names[id] = fmt.Sprint(id)
		}
		return names, nil
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := &DryRunner{Audience: w, Sirens: w, Refs: refs, SirenRefs: refs, Now: func() time.Time { return now },
		Gateways: fanout.Gateways{alerting.Actual: {alerting.SMS: {"sms"}, alerting.Mail: {"mail"}, alerting.Siren: {"harbour"}},
			alerting.Exercise: {alerting.SMS: {"sms"}, alerting.Mail: {"mail"}, alerting.Siren: {"drill"}}},
		Words: func(_, _ *alerting.Issued, info int, ch alerting.Channel) (alerting.Message, error) {
			if fails(info, ch) {
				return alerting.Message{}, errors.New("no programme fits")
			}
			return alerting.Message{Language: "en", Body: "water", Cost: 2}, nil
		}}
	in := &alerting.Issued{Alert: &cap.Alert{Infos: []cap.Info{{Language: "en"}, {Language: "de"}}}, Expires: now.Add(time.Hour)}
	in.Envelope.World = alerting.Actual
	return d, in
}

func recipients(run DryRun, ch alerting.Channel) int64 {
	for _, c := range run.Channels {
		if c.Channel == ch {
			return c.Recipients
		}
	}
	return -1
}

// TestADryRunCountsSirensAsFanoutDoes: a siren hangs on one gateway, and that one must serve the alert's world.
func TestADryRunCountsSirensAsFanoutDoes(t *testing.T) {
	for world, want := range map[alerting.World]string{alerting.Actual: "1", alerting.Exercise: "2"} {
		d, in := dryRunner(func(int, alerting.Channel) bool { return false })
		in.Envelope.World = world
		run, err := d.Run(t.Context(), in, true)
		if err != nil {
			t.Fatal(err)
		}
		var sirens []string
		for _, l := range run.List {
			if l.Kind == "siren" {
				sirens = append(sirens, l.Who)
			}
		}
		if run.Sirens != 1 || recipients(run, alerting.Siren) != 1 || !slices.Equal(sirens, []string{want}) {
			t.Errorf("%s: %d sirens, %v, want number %s alone", world, run.Sirens, sirens, want)
		}
		if note := "siren gateway gone does not serve the world " + string(world); !slices.Contains(run.Notes, note) {
			t.Errorf("%s: no note %q: %q", world, note, run.Notes)
		}
	}
}

// TestADryRunOutlivesATextThatFails: it is noted once, nobody is counted by it, and everything else is shown.
func TestADryRunOutlivesATextThatFails(t *testing.T) {
	d, in := dryRunner(func(info int, ch alerting.Channel) bool { return ch == alerting.Siren || info == 1 })
	run, err := d.Run(t.Context(), in, false)
	if err != nil {
		t.Fatal(err)
	}
	if run.People != 1 || run.Sirens != 0 || recipients(run, alerting.SMS) != 1 || recipients(run, alerting.Mail) != 1 || len(run.Samples) != 2 {
		t.Errorf("%+v, want one person on two channels", run)
	}
	for _, note := range []string{"no words for channel siren: no programme fits", "no words for channel sms: no programme fits"} {
		n := 0
		for _, have := range run.Notes {
			if have == note {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d notes %q: %q", n, note, run.Notes)
		}
	}
}

// TestADryRunPartsThePeopleOfAnUpdate: by whom the alerts before told. Person 1 was told and is inside still, 2 is inside and was not
// told, 3 was told and is outside now; to 4 an earlier update said already that it no longer applies, and to 5 it spoke on no channel.
func TestADryRunPartsThePeopleOfAnUpdate(t *testing.T) {
	d, in := dryRunner(func(int, alerting.Channel) bool { return false })
	first, second := alerting.AlertID{1}, alerting.AlertID{2}
	all := func(n int) (b fanout.Bits) {
		for i := range n {
			b.Set(uint8(i))
		}
		return b
	}
	page := func(of alerting.AlertID, inside fanout.Bits, ids ...int64) fanout.Page {
		p := fanout.Page{Kind: fanout.People, Origin: of, Inside: inside, Persons: ids}
		p.Targets[0] = all(len(ids))
		return p
	}
	silent := page(alerting.AlertID{}, all(1), 5)
	silent.Targets[0] = fanout.Bits{}
	sirens := page(alerting.AlertID{}, all(1), 2)
	sirens.Kind = fanout.Sirens
	pages := map[alerting.AlertID][]fanout.Page{
		first:  {page(alerting.AlertID{}, all(3), 1, 3, 4), silent, sirens},
		second: {page(first, all(2), 1, 3), page(first, fanout.Bits{}, 4)},
	}
	issued := map[alerting.AlertID]*alerting.Issued{first: {ID: first}, second: {ID: second, References: []alerting.AlertID{first}}}
	issued[first].Envelope.Issued, issued[second].Envelope.Issued = d.Now().Add(-2*time.Hour), d.Now().Add(-time.Hour)
	d.Issued = func(_ context.Context, id alerting.AlertID) (*alerting.Issued, error) {
		if issued[id] == nil {
			return nil, alerting.ErrNotFound
		}
		return issued[id], nil
	}
	d.Pages = func(_ context.Context, id alerting.AlertID) iter.Seq2[fanout.Page, error] {
		return func(yield func(fanout.Page, error) bool) {
			for _, p := range pages[id] {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
	groups := func() *fanout.Groups {
		t.Helper()
		run, err := d.Run(t.Context(), in, false)
		if err != nil {
			t.Fatal(err)
		}
		return run.Groups
	}
	if g := groups(); g != nil {
		t.Errorf("of an alert: %+v", g)
	}
	in.Alert.MsgType, in.References = cap.MsgUpdate, []alerting.AlertID{second, {9}}
	if g := groups(); g == nil || *g != (fanout.Groups{Still: 1, New: 1, Gone: 1}) {
		t.Errorf("of an update: %+v", g)
	}
	for i := range in.Alert.Infos {
		in.Alert.Infos[i].ResponseTypes = []cap.ResponseType{cap.AllClear}
	}
	if g := groups(); g == nil || *g != (fanout.Groups{Still: 2}) {
		t.Errorf("of an all-clear: %+v", g)
	}
}

// TestADryRunSaysWhatLiesOutside: as a finding, and in words, and everything else is shown.
func TestADryRunSaysWhatLiesOutside(t *testing.T) {
	d, in := dryRunner(func(int, alerting.Channel) bool { return false })
	d.Outside = func(context.Context, *alerting.Issued) (cap.Findings, error) {
		return cap.Findings{{ID: "territory.polygon", Path: "alert", Level: cap.LevelError, Message: "reaches beyond the territory"}}, nil
	}
	run, err := d.Run(t.Context(), in, false)
	if err != nil || run.People != 2 || len(run.Findings) == 0 || !slices.ContainsFunc(run.Notes, func(n string) bool { return strings.Contains(n, "would be refused") }) {
		t.Errorf("%+v %v", run, err)
	}
}
