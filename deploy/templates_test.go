package deploy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/template"
	"tocsin/alerting/wording"
	"tocsin/cap"
	"tocsin/cmd/tocsin/serve"
)

// justified is what may be advised against a shipped template: advice of the standard, or a line of the writer of messages.
var justified = []string{
	"sms: the whole instruction is in the text",
	"sms: the description is cut", // what to do goes before what happens
}

// shelf are the templates that are shipped.
func shelf(t *testing.T) []*template.Template {
	t.Helper()
	s, err := template.Open("templates")
	if err != nil {
		t.Fatal(err)
	}
	good, broken, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Error(b)
	}
	if len(good) < 7 {
		t.Fatalf("only %d templates", len(good))
	}
	return good
}

// TestTemplatesAreReady: each is filled with its examples, in each status that it allows and each of its languages, keeps
// the standard, is worded for every channel, and its text message says in its first part what, where, and what to do.
func TestTemplatesAreReady(t *testing.T) {
	words := wording.New(wording.Options{})
	now := time.Date(2026, 5, 1, 14, 30, 0, 0, time.FixedZone("", 8*3600))
	office := template.Office{Sender: "warnings@office.example", Name: "Harbour Emergency Office"}
	for _, one := range shelf(t) {
		t.Run(one.ID, func(t *testing.T) {
			if err := serve.CheckSiren(one, words); err != nil {
				t.Error(err)
			}
			if !slices.Equal(one.Languages(), []string{"en", "zh-CN"}) {
				t.Errorf("languages %v", one.Languages())
			}
			if len(one.AllClear) == 0 || len(one.Update) == 0 || len(one.Cancel) == 0 {
				t.Error("what to say later is missing")
			}
			for _, status := range one.Statuses {
				filled, err := one.Trial(template.Request{Now: now, Status: status, Office: office, Random: bytes.NewReader(make([]byte, 64))})
				if err != nil {
					t.Fatal(err)
				}
				issued := &alerting.Issued{ID: alerting.IDOf(filled.Alert), Alert: filled.Alert}
				for _, f := range append(filled.Findings, words.Remarks(issued)...) {
					t.Errorf("%s: %s", status, f)
				}
				for i := range filled.Alert.Infos {
					worded(t, words, issued, i)
				}
				update, err := one.Trial(template.Request{Now: now, Status: status, Office: office, Random: bytes.NewReader(make([]byte, 64)), Update: true})
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range append(update.Findings, words.Remarks(&alerting.Issued{ID: alerting.IDOf(update.Alert), Alert: update.Alert})...) {
					t.Errorf("%s, update: %s", status, f)
				}
			}
		})
	}
}

// worded words an info for every channel and looks at what is lost.
func worded(t *testing.T, words *wording.Writer, issued *alerting.Issued, info int) {
	t.Helper()
	in := &issued.Alert.Infos[info]
	for _, ch := range alerting.Channels() {
		m, err := words.Render(issued, info, ch)
		if err != nil {
			t.Fatal(err)
		}
		if ch == alerting.SMS {
			t.Logf("%s, %s, %d parts: %s", issued.Alert.Status, in.Language, m.Cost, m.Body)
			if issued.Alert.Status == cap.StatusActual && m.Cost > 4 {
				t.Errorf("%s: %d parts: shorten the instruction", in.Language, m.Cost)
			}
		}
	}
	for _, line := range words.Advice(issued, info) {
		ok := issued.Alert.Status != cap.StatusActual // An exercise says that it is one, twice, and takes more room.
		for _, begin := range justified {
			ok = ok || strings.HasPrefix(line, begin)
		}
		if !ok {
			t.Errorf("%s, %s: %s", in.Language, issued.Alert.Status, line)
		}
	}
}

// TestTemplatesCoverWhatIsPromised: hazard and severity of each, so that none is dropped unnoticed.
func TestTemplatesCoverWhatIsPromised(t *testing.T) {
	var have []string
	for _, one := range shelf(t) {
		have = append(have, fmt.Sprintf("%s %s", one.Hazard, one.Severity))
	}
	for _, want := range []string{"flood Severe", "flood Extreme", "wildfire Extreme", "cyclone Severe", "chemical Extreme", "contamination Moderate", "notice Minor"} {
		if !slices.Contains(have, want) {
			t.Errorf("there is no template for %s among %v", want, have)
		}
	}
}
