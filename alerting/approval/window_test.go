package approval

import (
	"errors"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// TestLeaves: each condition of a public test, one broken at a time.
func TestLeaves(t *testing.T) {
	area := func(code string) cap.Area {
		return cap.Area{Description: "the harbour", Geocodes: []cap.Value{{Name: "unit", Value: code}}}
	}
	type scene struct {
		w      alerting.TestWindow
		in     *alerting.Issued
		by     []string
		ch     alerting.Channel
		now    time.Time
		closed []string
		known  time.Time
		after  func(o *town, s *scene)
	}
	for _, row := range []struct {
		name   string
		change func(s *scene)
		passes bool
	}{
		{"as it should be", func(*scene) {}, true},
		{"a part of the area", func(s *scene) { s.in.Alert.Infos[0].Areas = []cap.Area{area("330106")} }, true},
		{"the first moment", func(s *scene) { s.now, s.known = s.w.From, s.w.From }, true},
		{"before", func(s *scene) { s.now, s.known = s.w.From.Add(-time.Second), s.w.From }, false},
		{"after", func(s *scene) { s.now, s.known = s.w.Until, s.w.Until }, false},
		{"closed", func(s *scene) { s.closed = []string{"w"} }, false},
		{"another was closed", func(s *scene) { s.closed = []string{"v"} }, true},
		{"nobody knows what was closed", func(s *scene) { s.known = noon.Add(-time.Minute) }, false},
		{"another channel", func(s *scene) { s.ch = alerting.Mail }, false},
		{"one area beyond", func(s *scene) { s.in.Alert.Infos[0].Areas = []cap.Area{area("3301"), area("3302")} }, false},
		{"an area that no code names", func(s *scene) { s.in.Alert.Infos[0].Areas = []cap.Area{{Description: "the harbour"}} }, false},
		{"an exercise", func(s *scene) { s.in.Envelope.World = alerting.Exercise }, false},
		{"no window", func(s *scene) { s.after = func(_ *town, s *scene) { s.in.Envelope.Window = nil } }, false},
		{"signed by one", func(s *scene) { s.by = []string{"first"} }, false},
		{"signed by one, twice", func(s *scene) { s.by = []string{"first", "first"} }, false},
		{"one of the two may not approve", func(s *scene) { s.by = []string{"first", "writer"} }, false},
		{"one of the two is enrolled", func(s *scene) { s.by = []string{"first", "reader"} }, true},
		{"altered after it was signed", func(s *scene) {
			s.after = func(_ *town, s *scene) { s.in.Envelope.Window.Until = s.w.Until.Add(time.Hour) }
		}, false},
		{"a signer's key was revoked", func(s *scene) {
			s.by = []string{"first", "reader"}
			s.after = func(o *town, _ *scene) {
				v := alerting.Revocation{KeyID: signerOf("reader").Key().ID(), At: noon}
				a, err := SignRevocation(signerOf("reader"), v, "reader", noon)
				if err != nil {
					t.Fatal(err)
				}
				v.By = []alerting.Approval{a}
				o.Revoke([]alerting.Revocation{v})
			}
		}, false},
		{"sirens of another group", func(s *scene) { s.ch, s.in.Envelope.Audience.Groups = alerting.Siren, []string{"south"} }, false},
		{"sirens of no group", func(s *scene) { s.ch = alerting.Siren }, false},
		{"sirens of its group", func(s *scene) { s.ch, s.in.Envelope.Audience.Groups = alerting.Siren, []string{"north"} }, true},
		{"a window longer than a day", func(s *scene) { s.w.Until = s.w.From.Add(alerting.MaxWindow + time.Second) }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := newTown(t, nil)
			s := &scene{by: []string{"first", "second"}, ch: alerting.SMS, now: noon, known: noon}
			s.w = alerting.TestWindow{ID: "w", From: noon.Add(-time.Hour), Until: noon.Add(time.Hour), Codes: []string{"unit=3301*"},
				Channels: []alerting.Channel{alerting.SMS, alerting.Siren}, Groups: []string{"north"}, Programme: "attention", Seconds: 10}
			s.in = &alerting.Issued{Alert: &cap.Alert{Infos: []cap.Info{{Areas: []cap.Area{area("3301")}}}},
				Envelope: alerting.Envelope{World: alerting.Test, Enrolments: o.enrolments}}
			row.change(s)
			w := s.w
			for _, name := range s.by {
				a, err := SignWindow(signerOf(name), w, name, noon)
				if err != nil {
					t.Fatal(err)
				}
				w.By = append(w.By, a)
			}
			s.in.Envelope.Window = &w
			o.CloseWindows(s.closed, s.known)
			if s.after != nil {
				s.after(o, s)
			}
			err := o.Leaves(s.in, s.ch, s.now)
			if row.passes != (err == nil) || err != nil && !errors.Is(err, alerting.ErrForbidden) {
				t.Errorf("passes %v, got %v", row.passes, err)
			}
			speaksChinese(t, err)
			var none *Office
			if none.Leaves(s.in, s.ch, s.now) == nil {
				t.Error("an office without operators lets a test out")
			}
		})
	}
}
