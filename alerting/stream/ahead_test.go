package stream

import (
	"slices"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// brought is one alert as the stream brings it to a follower: what it is, when it was issued and takes effect.
type brought struct {
	name     string
	kind     cap.MsgType
	refs     []string
	issued   time.Duration
	from     time.Duration
	lifetime time.Duration
}

// aheadCases: old is issued at 0, and what follows must leave old as wanted at each time.
func aheadCases() []struct {
	name    string
	follows []brought
	// stopped is who has stopped old at a time.
	stopped map[time.Duration]string
} {
	const h = time.Hour
	planned := brought{"planned", cap.MsgUpdate, []string{"old"}, h, 3 * h, 20 * h}
	return []struct {
		name    string
		follows []brought
		stopped map[time.Duration]string
	}{
		{"an update takes effect", []brought{planned}, map[time.Duration]string{h: "", 3*h - 1: "", 3 * h: "planned", 9 * h: "planned"}},
		{"it is cancelled before: the chain ends", []brought{planned, {"end", cap.MsgCancel, []string{"planned"}, 2 * h, 0, 20 * h}},
			map[time.Duration]string{2*h - 1: "", 2 * h: "end", 4 * h: "end"}},
		{"it is cancelled after", []brought{planned, {"end", cap.MsgCancel, []string{"planned"}, 4 * h, 0, 20 * h}},
			map[time.Duration]string{2 * h: "", 3 * h: "planned", 5 * h: "planned"}},
		{"another update comes first", []brought{planned, {"now", cap.MsgUpdate, []string{"old"}, 2 * h, 0, 20 * h}},
			map[time.Duration]string{h: "", 2 * h: "now", 4 * h: "now"}},
		{"it would be over by then", []brought{{"planned", cap.MsgUpdate, []string{"old"}, h, 3 * h, 2 * h}},
			map[time.Duration]string{h: "", 4 * h: ""}},
		{"a cancel stops at once whatever its infos say", []brought{{"end", cap.MsgCancel, []string{"old"}, h, 3 * h, 20 * h}},
			map[time.Duration]string{h: "end"}},
	}
}

func TestAnUpdateIssuedAheadLeavesWhatItReplacesInForce(t *testing.T) {
	s := testStream(t)
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, row := range aheadCases() {
		t.Run(row.name, func(t *testing.T) {
			var times []time.Duration
			for at := range row.stopped {
				times = append(times, at)
			}
			slices.Sort(times)
			follows := append([]brought{{"old", cap.MsgAlert, nil, 0, 0, 20 * time.Hour}}, row.follows...)
			// Live: what was issued by then has been folded, and time has passed. Anew: a process that starts then.
			live, err := s.NewFollower()
			if err != nil {
				t.Fatal(err)
			}
			seen := 0
			for _, at := range times {
				anew, err := s.NewFollower()
				if err != nil {
					t.Fatal(err)
				}
				for i, b := range follows {
					if b.issued > at {
						break
					}
					anew.fold(alerting.Test, b.issuedAt(start), int64(i))
					if i >= seen {
						live.takeEffect(alerting.Test, start.Add(b.issued))
						live.fold(alerting.Test, b.issuedAt(start), int64(i))
						seen++
					}
				}
				for name, f := range map[string]*Follower{"live": live, "anew": anew} {
					f.takeEffect(alerting.Test, start.Add(at))
					st, _ := f.Standing(idNamed("old"))
					if want := row.stopped[at]; st.Stopped != (want != "") || want != "" && st.By != idNamed(want) {
						t.Errorf("%s, at %v: stopped %v by %s, want by %q", name, at, st.Stopped, st.By, want)
					}
				}
			}
		})
	}
}

func idNamed(name string) alerting.AlertID { return alerting.IDOf(testAlert(name, nil)) }

func (b brought) issuedAt(start time.Time) *alerting.Issued {
	a := testAlert(b.name, func(a *cap.Alert) {
		a.MsgType = b.kind
		for _, r := range b.refs {
			a.References = append(a.References, refer(testAlert(r, nil)))
		}
		if b.from > 0 {
			a.Infos[0].Effective = start.Add(b.from)
		}
	})
	in := &alerting.Issued{ID: alerting.IDOf(a), Alert: a, Expires: start.Add(b.lifetime), Envelope: alerting.Envelope{
		World: alerting.Test, Issued: start.Add(b.issued)}}
	for _, r := range a.References {
		in.References = append(in.References, alerting.IDOfReference(r))
	}
	return in
}
