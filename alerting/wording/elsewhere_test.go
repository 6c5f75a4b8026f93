package wording

import (
	"errors"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/cap"
)

func TestElsewhereIsShort(t *testing.T) {
	original := issue(cap.StatusActual, cap.MsgAlert, floodEN())
	update := issue(cap.StatusActual, cap.MsgUpdate, floodEN())
	w := New(Options{Sender: "Rivers Office"})
	for _, ch := range alerting.PeopleChannels() {
		m, err := w.RenderElsewhere(update, original, 0, ch)
		if err != nil {
			t.Fatal(err)
		}
		all := m.Subject + "\n" + m.Body
		for _, want := range []string{"UPDATE: ", original.Alert.Infos[0].Event, "no longer applies to the place where you are registered"} {
			if !strings.Contains(all, want) {
				t.Errorf("%s lacks %q: %s", ch, want, all)
			}
		}
		if strings.Contains(all, update.Alert.Infos[0].Instruction) || m.Urgency == "high" || m.Tag == "" {
			t.Errorf("%s says what is for others, or wakes people up: %+v", ch, m)
		}
	}
	sms, err := w.RenderElsewhere(update, original, 0, alerting.SMS)
	if err != nil || !strings.Contains(sms.Body, clock(update.Alert.Sent, update.Alert.Sent)) || !strings.Contains(sms.Body, update.Alert.Infos[0].SenderName) {
		t.Errorf("no time or no office: %q %v", sms.Body, err)
	}
	for name, bad := range map[string]struct {
		update, original *alerting.Issued
		info             int
		ch               alerting.Channel
	}{
		"no update":     {issue(cap.StatusActual, cap.MsgCancel), original, 0, alerting.SMS},
		"no such info":  {update, original, 9, alerting.SMS},
		"another world": {update, issue(cap.StatusExercise, cap.MsgAlert, floodEN()), 0, alerting.SMS},
		"a siren":       {update, original, 0, alerting.Siren},
	} {
		if _, err := w.RenderElsewhere(bad.update, bad.original, bad.info, bad.ch); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestElsewhereIsSaidInEveryLanguage: each locale has a sentence of its own for it.
func TestElsewhereIsSaidInEveryLanguage(t *testing.T) {
	lex, err := readLexicon()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, l := range lex.locales {
		if l.Elsewhere == "" || l.Elsewhere == l.Ended || seen[l.Elsewhere] {
			t.Errorf("%q: %q", l.Ended, l.Elsewhere)
		}
		seen[l.Elsewhere] = true
	}
}
