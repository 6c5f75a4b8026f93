package audience_test

import (
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// TestWhy: whoever a scan leaves out is told why, and whoever it finds is given no reason; language is never one.
func TestWhy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		people(t, a, "person,language,wants,sms,mail,verified,places",
			`inside,fr,,+12015550100,,yes,"30.5,120.5"`,
			`outside,en,,+12015550101,,yes,"40,120.5"`,
			`fire,en,Fire|Health,+12015550102,,yes,"30.5,120.5"`,
			`extreme,en,,+12015550103,,yes,"30.5,120.5@Extreme"`,
			`unverified,en,,+12015550104,a@example.org,no,"30.5,120.5"`,
			`silent,en,,,,yes,"30.5,120.5"`,
			`gone,en,,+12015550105,,yes,"30.5,120.5"`,
			`far and silent,en,,,,yes,"40,120.5"`)
		gone := ids(t, a, "gone")[0]
		if err := a.OptOut(t.Context(), "", gone); err != nil {
			t.Fatal(err)
		}
		issued := alert(info(cap.Severe, "en", box(30, 120, 31, 121)))
		found := strings.Join(told(t, a, everybody(t, a, issued)), " ")
		for who, want := range map[string]string{
			"inside":         "",
			"outside":        "no place of this person is in the area",
			"fire":           "this person wants to hear of other hazards only: Fire, Health",
			"extreme":        "this person wants to hear of graver warnings only at the places in the area",
			"unverified":     "this person cannot be reached: the address for mail is not verified; the address for sms is not verified",
			"silent":         "no address of this person is known",
			"gone":           "this person opted out of all warnings",
			"far and silent": "no place of this person is in the area; no address of this person is known",
		} {
			s, err := a.Why(t.Context(), issued, ids(t, a, who)[0])
			if err != nil || s.Why != want {
				t.Errorf("%s: %q %v, want %q", who, s.Why, err, want)
			}
			if strings.Contains(found, who+":") != (s.Why == "") {
				t.Errorf("%s: the scan found %s, and the reason is %q", who, found, s.Why)
			}
		}
		restricted := alert(info(cap.Severe, "en", box(30, 120, 31, 121)))
		restricted.Alert.Scope, restricted.Envelope.Audience.People = cap.ScopeRestricted, []string{"outside"}
		for who, want := range map[string]string{"outside": "", "inside": "the alert is for named people, and this person is not among them"} {
			if s, err := a.Why(t.Context(), restricted, ids(t, a, who)[0]); err != nil || s.Why != want {
				t.Errorf("%s of a restricted alert: %q %v, want %q", who, s.Why, err, want)
			}
		}
	})
}

// TestWhySiren: the same for sirens.
func TestWhySiren(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		_, err := a.ImportSirens(t.Context(), strings.NewReader("ref,lat,lon,protocol,gateway,group,enabled\n"+
			"in,30.5,120.5,http,g,north,yes\nout,40,120.5,http,g,north,yes\noff,30.5,120.5,http,g,north,no\n"), audience.SirenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		area := info(cap.Severe, "en", box(30, 120, 31, 121))
		grouped, closed := alert(area), alert(area)
		grouped.Envelope.Audience.Groups, closed.Alert.Scope = []string{"south"}, cap.ScopePrivate
		for _, row := range []struct {
			ref    string
			issued *alerting.Issued
			want   string
		}{
			{"in", alert(area), ""},
			{"out", alert(area), "the siren is not in the area"},
			{"off", alert(area), "the siren is switched off in the register"},
			{"in", grouped, "the alert is for other groups of sirens"},
			{"in", closed, "an alert of scope Private sounds no siren"},
			{"in", alert(info(cap.Severe, "en", geocode("X", "1"))), "no area has usable geometry, and no group of sirens is named"},
		} {
			id, err := a.FindSiren(t.Context(), row.ref)
			if err != nil {
				t.Fatal(err)
			}
			found, err := a.Sirens(t.Context(), row.issued)
			s, whyErr := a.WhySiren(t.Context(), row.issued, id)
			sounds := false
			for _, one := range found {
				sounds = sounds || one.ID == id
			}
			if err != nil || whyErr != nil || s.Why != row.want || sounds != (s.Why == "") {
				t.Errorf("%s: %q %v %v, sounds %v, want %q", row.ref, s.Why, err, whyErr, sounds, row.want)
			}
		}
	})
}
