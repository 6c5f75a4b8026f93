package report

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/cap"
)

// priced is a dry run of 1,000 people with SMS, half of them with mail, and four sirens, over these gateways.
func priced(t *testing.T, sms []string, terms map[string]Terms) DryRun {
	t.Helper()
	d, in := dryRunner(func(int, alerting.Channel) bool { return false })
	var w town
	for id := range int64(1000) {
		on := []alerting.Channel{alerting.SMS}
		if id%2 == 0 {
			on = append(on, alerting.Mail)
		}
		w.people = append(w.people, addressee(id, 0, "", on...))
	}
	for id, gateway := range []string{"horns", "horns", "horns", "bells"} {
		w.sirens = append(w.sirens, addressee(int64(id), 0, gateway, alerting.Siren))
	}
	d.Audience, d.Sirens, d.Terms = w, w, terms
	d.Gateways = fanout.Gateways{alerting.Actual: {alerting.SMS: sms, alerting.Mail: {"mail"}, alerting.Siren: {"horns", "bells"}}}
	run, err := d.Run(t.Context(), in, false)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestTimeAndMoney: every text of the fixture takes two permits.
func TestTimeAndMoney(t *testing.T) {
	euro := func(rate float64, micros int64) Terms { return Terms{Rate: rate, Price: micros, Currency: "EUR"} }
	for _, row := range []struct {
		name  string
		sms   []string
		terms map[string]Terms
		// times are those of sms, mail, siren and of all: seconds, "free" for no limit, "-" for nothing to send.
		times, money, note string
	}{
		{"nothing is known", []string{"a"}, nil, "free free free free", "", ""},
		{"one gateway", []string{"a"}, map[string]Terms{"a": euro(100, 7500)}, "20 free free 20", "15.00 EUR", "no price: mail, horns, bells"},
		{"two of the same pace add up", []string{"a", "b"}, map[string]Terms{"a": euro(50, 7500), "b": euro(50, 7500)}, "20 free free 20", "15.00 EUR", ""},
		{"the slower half decides", []string{"a", "b"}, map[string]Terms{"a": {Rate: 1000}, "b": {Rate: 10}}, "100 free free 100", "", ""},
		{"one without a limit", []string{"a", "b"}, map[string]Terms{"b": {Rate: 10}}, "100 free free 100", "", ""},
		{"all channels", []string{"a"}, map[string]Terms{"a": euro(100, 7500), "mail": euro(10, 1), "horns": euro(2, 1_000_000), "bells": euro(.1, 0)},
			"20 100 20 100", "21.001 EUR", ""},
		{"two currencies", []string{"a", "b"}, map[string]Terms{"a": euro(0, 3), "b": {Price: 5, Currency: "NZD"}}, "free free free free",
			"0.003 EUR + 0.005 NZD", ""},
		{"a share is rounded up", []string{"a", "b", "c"}, map[string]Terms{"a": euro(0, 1)}, "free free free free", "0.000667 EUR", "no price: b, c, mail, horns, bells"},
		{"more than can be counted", []string{"a"}, map[string]Terms{"a": euro(0, math.MaxInt64)}, "free free free free", "", "too large to be counted"},
	} {
		t.Run(row.name, func(t *testing.T) {
			run := priced(t, row.sms, row.terms)
			times := map[alerting.Channel]string{}
			for _, c := range run.Channels {
				times[c.Channel] = secondsOr(c.FinishS, "-")
				if c.Unlimited {
					times[c.Channel] = "free"
				}
			}
			have := fmt.Sprint(times[alerting.SMS], " ", times[alerting.Mail], " ", times[alerting.Siren], " ", secondsOr(run.FinishS, "free"))
			if have != row.times || times[alerting.Push] != "-" {
				t.Errorf("times %s, push %s, want %s", have, times[alerting.Push], row.times)
			}
			var money []string
			for _, m := range run.Money {
				money = append(money, m.String())
			}
			if have := strings.Join(money, " + "); have != row.money {
				t.Errorf("cost %q, want %q", have, row.money)
			}
			if notes := strings.Join(run.Notes, "\n"); !strings.Contains(notes, row.note) {
				t.Errorf("the notes %q do not say %q", notes, row.note)
			}
		})
	}
}

func secondsOr(s *float64, otherwise string) string {
	if s == nil {
		return otherwise
	}
	return fmt.Sprint(*s)
}

// TestADryRunCrossesTheWire: what the API says is what its client reads.
func TestADryRunCrossesTheWire(t *testing.T) {
	run := priced(t, []string{"a"}, map[string]Terms{"a": {Rate: 3, Price: 1, Currency: "EUR"}})
	run.Findings = cap.Findings{remark("nobody", "alert/info[1]/area[1]", "nobody")}
	text, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	var back DryRun
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(run, back) {
		t.Errorf("%v: %s", err, text)
	}
}
