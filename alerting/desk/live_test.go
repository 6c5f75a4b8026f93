package desk

import (
	"slices"
	"testing"
	"time"

	"tocsin/cap"
)

// live names the alerts that Live gives, in its order.
func (o *office) live(d *Desk, at time.Time) []string {
	o.t.Helper()
	posted, err := d.Live(o.t.Context(), at)
	if err != nil {
		o.t.Fatal(err)
	}
	var names []string
	for _, p := range posted {
		a, err := cap.Parse(p.Document, cap.Options{})
		if err != nil {
			o.t.Fatal(err)
		}
		names = append(names, a.Identifier)
	}
	return names
}

// TestLive: what is not over is given, with all that ended it, even what ended that and is over itself.
func TestLive(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		begin := o.now
		o.post(d, "a", cap.MsgAlert, 10*time.Hour)
		o.post(d, "short", cap.MsgAlert, time.Hour)
		before, err := d.Edition(t.Context(), o.now)
		if err != nil {
			t.Fatal(err)
		}
		o.post(d, "u", cap.MsgUpdate, 2*time.Hour, "a")
		o.post(d, "c", cap.MsgCancel, time.Hour, "u")
		after, err := d.Edition(t.Context(), o.now)
		if err != nil || after == before {
			t.Errorf("the edition stayed %+v when alerts came: %v", after, err)
		}
		if got := o.live(d, o.now); !slices.Equal(got, []string{"c", "u", "short", "a"}) {
			t.Errorf("now: %v", got)
		}
		if got := o.live(d, begin.Add(5*time.Hour)); !slices.Equal(got, []string{"c", "u", "a"}) {
			t.Errorf("later: %v", got)
		}
		over, err := d.Edition(t.Context(), begin.Add(5*time.Hour))
		if err != nil || over == after || over.Live != 1 {
			t.Errorf("the edition stayed %+v when alerts ended: %v", over, err)
		}
		if got := o.live(d, begin.Add(11*time.Hour)); len(got) != 0 {
			t.Errorf("in the end: %v", got)
		}
	})
}

// post issues an alert that refers to others, a second after the last.
func (o *office) post(d *Desk, name string, kind cap.MsgType, lives time.Duration, refs ...string) {
	o.t.Helper()
	o.now = o.now.Add(time.Second)
	a := &cap.Alert{Identifier: name, Sender: "office@warnings.example", Sent: o.now.Truncate(time.Second), Status: cap.StatusActual, MsgType: kind,
		Scope: cap.ScopePublic, Infos: []cap.Info{{Categories: []cap.Category{"Met"}, Event: "Flood", Urgency: cap.Immediate, Severity: cap.Severe,
			Certainty: cap.Observed, Expires: o.now.Truncate(time.Second).Add(lives), Areas: []cap.Area{{Description: "harbour",
				Circles: []cap.Circle{{Center: cap.Point{Lat: 53, Lon: 8}, RadiusKM: 5}}}}}}}
	for _, ref := range refs {
		posted, err := d.Live(o.t.Context(), o.now)
		if err != nil {
			o.t.Fatal(err)
		}
		for _, p := range posted {
			if b, err := cap.Parse(p.Document, cap.Options{}); err == nil && b.Identifier == ref {
				a.References = append(a.References, cap.Reference{Sender: b.Sender, Identifier: b.Identifier, Sent: b.Sent})
			}
		}
	}
	document, err := cap.Write(a)
	if err != nil {
		o.t.Fatal(err)
	}
	if _, err := d.Issue(o.t.Context(), document, officer); err != nil {
		o.t.Fatal(err)
	}
}
