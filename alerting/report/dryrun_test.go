package report

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
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
