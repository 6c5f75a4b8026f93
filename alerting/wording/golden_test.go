package wording

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/cap"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden renders on all channels into one readable file.
func golden(t *testing.T, render func(alerting.Channel) (alerting.Message, error)) string {
	t.Helper()
	var b strings.Builder
	for _, ch := range alerting.Channels() {
		m, err := render(ch)
		if err != nil {
			t.Fatalf("%s: %v", ch, err)
		}
		fmt.Fprintf(&b, "-- %s --\nlanguage %s, tag %s, urgency %s, cost %d\n", ch, m.Language, m.Tag, m.Urgency, m.Cost)
		if m.Subject != "" {
			fmt.Fprintf(&b, "subject: %s\n", m.Subject)
		}
		fmt.Fprintf(&b, "%s\n", m.Body)
		if m.HTML != "" {
			fmt.Fprintf(&b, "-- %s html --\n%s\n", ch, m.HTML)
		}
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	w := New(Options{PublicURL: "https://warn.example/alerts/", Sender: "Warning Office"})
	allClear := floodEN()
	allClear.ResponseTypes = []cap.ResponseType{cap.AllClear}
	allClear.Instruction, allClear.Headline = "You may return home.", ""
	allClear.Description = "The river is back in its bed."
	own := floodEN()
	own.Instruction, own.Description = floodEN().Instruction, "The warning was sent by mistake."
	for _, row := range []struct {
		name   string
		issued *alerting.Issued
		cancel *alerting.Issued
	}{
		{name: "flood-en", issued: issue(cap.StatusActual, cap.MsgAlert, floodEN())},
		{name: "flood-zh", issued: issue(cap.StatusActual, cap.MsgAlert, floodZH())},
		{name: "flood-es", issued: issue(cap.StatusActual, cap.MsgAlert, floodES())},
		{name: "exercise-zh", issued: issue(cap.StatusExercise, cap.MsgAlert, floodZH())},
		{name: "test-es", issued: issue(cap.StatusTest, cap.MsgAlert, floodES())},
		{name: "update-en", issued: issue(cap.StatusActual, cap.MsgUpdate, floodEN())},
		{name: "all-clear-en", issued: issue(cap.StatusActual, cap.MsgUpdate, allClear)},
		{name: "cancel-without-info-zh", issued: issue(cap.StatusActual, cap.MsgAlert, floodZH()),
			cancel: issue(cap.StatusActual, cap.MsgCancel)},
		{name: "cancel-repeating-instruction-en", issued: issue(cap.StatusActual, cap.MsgAlert, floodEN()),
			cancel: issue(cap.StatusActual, cap.MsgCancel, own)},
		{name: "exercise-cancel-es", issued: issue(cap.StatusExercise, cap.MsgAlert, floodES()),
			cancel: issue(cap.StatusExercise, cap.MsgCancel, floodZH())},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := golden(t, func(ch alerting.Channel) (alerting.Message, error) {
				if row.cancel != nil {
					return w.RenderCancel(row.cancel, row.issued, 0, ch)
				}
				return w.Render(row.issued, 0, ch)
			})
			name := filepath.Join("testdata", row.name+".golden")
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("not as in %s (go test -update writes it anew); got:\n%s", name, got)
			}
		})
	}
}

// TestSirenJSON pins the field names that siren adapters decode.
func TestSirenJSON(t *testing.T) {
	m, err := New(Options{}).Render(issue(cap.StatusActual, cap.MsgAlert, floodEN()), 0, alerting.Siren)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(m.Body), &fields); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"programme": "alarm-water", "seconds": 180.0, "test": false, "stop": false}
	if fmt.Sprint(fields) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", fields, want)
	}
}
