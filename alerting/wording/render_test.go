package wording

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

func mustRender(t *testing.T, w *Writer, issued *alerting.Issued, ch alerting.Channel) alerting.Message {
	t.Helper()
	m, err := w.Render(issued, 0, ch)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRenderRefuses(t *testing.T) {
	flood := floodEN()
	wrongWorld := issue(cap.StatusExercise, cap.MsgAlert, flood)
	wrongWorld.Envelope.World = alerting.Actual
	for _, row := range []struct {
		name   string
		issued *alerting.Issued
		info   int
		ch     alerting.Channel
	}{
		{"nothing", nil, 0, alerting.SMS},
		{"no document", &alerting.Issued{}, 0, alerting.SMS},
		{"info too high", issue(cap.StatusActual, cap.MsgAlert, flood), 1, alerting.SMS},
		{"info below zero", issue(cap.StatusActual, cap.MsgAlert, flood), -1, alerting.SMS},
		{"alert without info", issue(cap.StatusActual, cap.MsgAlert), 0, alerting.SMS},
		{"exercise in an actual envelope", wrongWorld, 0, alerting.SMS},
		{"draft", issue(cap.StatusDraft, cap.MsgAlert, flood), 0, alerting.Mail},
		{"system", issue(cap.StatusSystem, cap.MsgAlert, flood), 0, alerting.Push},
		{"acknowledgement", issue(cap.StatusActual, cap.MsgAck, flood), 0, alerting.Siren},
		{"unknown channel", issue(cap.StatusActual, cap.MsgAlert, flood), 0, "fax"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m, err := New(Options{}).Render(row.issued, row.info, row.ch)
			if !errors.Is(err, alerting.ErrInvalid) || m != (alerting.Message{}) {
				t.Errorf("got %+v, %v; want no message and ErrInvalid", m, err)
			}
		})
	}
}

func TestRenderCancelRefuses(t *testing.T) {
	original := issue(cap.StatusActual, cap.MsgAlert, floodEN())
	for _, row := range []struct {
		name             string
		cancel, original *alerting.Issued
		info             int
	}{
		{"no cancel", issue(cap.StatusActual, cap.MsgUpdate, floodEN()), original, 0},
		{"no original", issue(cap.StatusActual, cap.MsgCancel), nil, 0},
		{"other world", issue(cap.StatusExercise, cap.MsgCancel), original, 0},
		{"no such info", issue(cap.StatusActual, cap.MsgCancel), original, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := New(Options{}).RenderCancel(row.cancel, row.original, row.info, alerting.SMS); !errors.Is(err, alerting.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		})
	}
}

// TestWorldWords: whatever the language, the kind and the channel, the word stands first and last.
func TestWorldWords(t *testing.T) {
	w := New(Options{PublicURL: "https://warn.example/alerts"})
	entries, err := localeFiles.ReadDir("locales")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info := floodEN()
		info.Language = strings.TrimSuffix(e.Name(), ".json")
		info.Description = strings.Repeat("The river rises further, and this is far too long. ", 100)
		_, tag := languageOf(info.Language)
		for status, word := range map[cap.Status]string{
			cap.StatusExercise: w.lexicon.find(tag).Exercise, cap.StatusTest: w.lexicon.find(tag).Test,
		} {
			for _, kind := range []cap.MsgType{cap.MsgAlert, cap.MsgUpdate, cap.MsgCancel} {
				for _, ch := range alerting.Channels() {
					checkWorld(t, mustRender(t, w, issue(status, kind, info), ch), ch, word)
				}
			}
		}
	}
}

func checkWorld(t interface {
	Helper()
	Errorf(string, ...any)
}, m alerting.Message, ch alerting.Channel, word string) {
	t.Helper()
	framed := func(what, text string) {
		t.Helper()
		if !strings.HasPrefix(text, word) || !strings.HasSuffix(text, word) || len(text) < 2*len(word) {
			t.Errorf("%s: %s does not begin and end with %q: %q", ch, what, word, text)
		}
	}
	switch ch {
	case alerting.SMS:
		framed("text", m.Body)
	case alerting.Push:
		var p PushPayload
		if err := json.Unmarshal([]byte(m.Body), &p); err != nil {
			t.Errorf("push: %v", err)
		}
		framed("subject", m.Subject)
		framed("title", p.Title)
		framed("body", p.Body)
	case alerting.Mail:
		framed("subject", m.Subject)
		framed("text", m.Body)
		framed("HTML", visibleText(m.HTML))
	case alerting.Siren:
		var p SirenProgramme
		if err := json.Unmarshal([]byte(m.Body), &p); err != nil || !p.Test {
			t.Errorf("siren: %s is not marked as a test (%v)", m.Body, err)
		}
	}
}

// visibleText is what a mail program shows of a page's body.
func visibleText(page string) string {
	_, body, _ := strings.Cut(page, "<body")
	var b strings.Builder
	inside := true
	for _, r := range body {
		switch {
		case r == '<':
			inside = true
		case r == '>':
			inside = false
		case !inside:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

func TestFirstPartNamesAll(t *testing.T) {
	many := strings.Split(strings.TrimSuffix(strings.Repeat("Adams County;Allen County;Fountain Creek;", 6), ";"), ";")
	for _, row := range []struct {
		name         string
		change       func(*cap.Info)
		place        string // what the first part must hold of it
		wholeActions bool
	}{
		{"short", func(*cap.Info) {}, "Riverside; Old Town", true},
		{"dozens of counties", func(i *cap.Info) { i.Areas = []cap.Area{{Description: strings.Join(many, "; ")}} }, "Adams County", true},
		{"one very long name", func(i *cap.Info) { i.Areas = []cap.Area{{Description: strings.Repeat("Longname ", 30)}} }, "Longname", true},
		{"description forces UCS-2", func(i *cap.Info) { i.Description = "Water 水 rises. " + i.Description }, "River", true},
		{"no place", func(i *cap.Info) { i.Areas = nil }, "", true},
		{"endless first sentence", func(i *cap.Info) {
			i.Instruction = strings.Repeat("move to higher ground and ", 12) + "wait. Then listen."
		}, "Riverside", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			info := floodEN()
			row.change(&info)
			m := mustRender(t, New(Options{}), issue(cap.StatusActual, cap.MsgAlert, info), alerting.SMS)
			first := Split(m.Body)[0]
			if !strings.HasPrefix(first, "Flood warning") || !strings.Contains(first, row.place) {
				t.Errorf("hazard or place missing in %q", first)
			}
			if row.wholeActions && !strings.Contains(first, "Move to higher ground now.") {
				t.Errorf("action missing in %q", first)
			}
			for _, sentence := range strings.Split("and wait.|Then listen.|flood water.", "|") {
				if strings.Contains(info.Instruction, sentence) && !strings.Contains(m.Body, sentence) {
					t.Errorf("%q missing in %q", sentence, m.Body)
				}
			}
		})
	}
}

func TestSMSLimits(t *testing.T) {
	sentence := "Go to the school in Hill Street and stay there until you are told otherwise. "
	for _, row := range []struct {
		name        string
		limit       int
		instruction string
		wantParts   int
		want, lack  string
		advice      string
	}{
		{"description is cut first", 2, "Move to higher ground now. Do not drive.", 2, "Do not drive.", "CLOSED",
			"sms: the description is cut"},
		{"limit is raised for the instruction", 2, strings.Repeat(sentence, 6) + "Last words.", 4, "Last words.", "CLOSED",
			"sms: the whole instruction is in the text, which takes 4 parts"},
		{"instruction beyond ten parts", 2, strings.Repeat(sentence, 30) + "Last words.", 10,
			"told otherwise. … https://warn.example/alerts/", "Last words", "sms: the instruction is CUT"},
		{"one endless sentence", 3, strings.Repeat("go on and ", 300) + "stop", 10, "go on and", "stop", "sms: the instruction is CUT"},
		{"no instruction", 3, "", 3, "Flood warning - Riverside; Old Town: Evacuate. Until 18:00", "", "the response type stands in"},
		{"more than networks carry", 99, "Stay.", 3, "Stay.", "", "sms: the link alone makes it 3 parts instead of 2"},
	} {
		t.Run(row.name, func(t *testing.T) {
			info := floodEN()
			info.Instruction = row.instruction
			w := New(Options{SMSParts: row.limit, PublicURL: "https://warn.example/alerts"})
			issued := issue(cap.StatusActual, cap.MsgAlert, info)
			m := mustRender(t, w, issued, alerting.SMS)
			if parts, _ := Segments(m.Body); parts != row.wantParts || m.Cost != parts {
				t.Errorf("%d parts, cost %d, want %d: %q", parts, m.Cost, row.wantParts, m.Body)
			}
			if !strings.Contains(m.Body, airText(row.want)) {
				t.Errorf("%q missing in %q", row.want, m.Body)
			}
			if row.lack != "" && strings.Contains(m.Body, row.lack) {
				t.Errorf("%q should not be in %q", row.lack, m.Body)
			}
			advice := w.Advice(issued, 0)
			if !slices.ContainsFunc(advice, func(s string) bool { return strings.Contains(s, row.advice) }) {
				t.Errorf("advice lacks %q: %q", row.advice, advice)
			}
		})
	}
}

func TestAdvice(t *testing.T) {
	w := New(Options{SMSParts: 1, PublicURL: "https://warn.example/alerts"})
	info := floodEN()
	info.Description = strings.Repeat("Water rises. ", 400)
	info.Instruction = "Move now → uphill."
	advice := strings.Join(w.Advice(issue(cap.StatusActual, cap.MsgAlert, info), 0), "\n")
	for _, want := range []string{"description is cut", "'→' (U+2192)", "push: the text is cut", "(1 part, UCS-2)"} {
		if !strings.Contains(advice, want) {
			t.Errorf("%q missing in:\n%s", want, advice)
		}
	}
	if got := w.Advice(issue(cap.StatusActual, cap.MsgAlert), 0); len(got) != 1 || !strings.HasPrefix(got[0], "not worded: ") {
		t.Errorf("got %q", got)
	}
	short := New(Options{}).Advice(issue(cap.StatusActual, cap.MsgAlert, cap.Info{Event: "Fog", Instruction: "Drive slowly."}), 0)
	if len(short) != 1 || short[0] != "sms: the whole instruction is in the text (1 part, GSM-7)" {
		t.Errorf("got %q", short)
	}
}

// TestRemarks: an instruction that is lost is a finding in its language; one that fits is not.
func TestRemarks(t *testing.T) {
	w := New(Options{})
	long := floodEN()
	long.Instruction = strings.Repeat("Go uphill, away from the river. ", 80)
	minor, chinese := long, long
	minor.Severity = cap.Minor
	chinese.Language, chinese.Instruction = "zh-CN", strings.Repeat("请远离河岸，转移到高处。", 80)
	found := w.Remarks(issue(cap.StatusActual, cap.MsgAlert, floodEN(), long, minor, chinese))
	var have []string
	for _, f := range found {
		have = append(have, f.ID+" "+f.Path+" "+f.Level.String())
	}
	want := "sms.instruction alert/info[2]/instruction warning\nsms.instruction alert/info[3]/instruction advice\nsms.instruction alert/info[4]/instruction warning"
	if strings.Join(have, "\n") != want {
		t.Errorf("got %v", found)
	}
	if found := w.Remarks(issue(cap.StatusDraft, cap.MsgAlert, long)); found != nil {
		t.Errorf("a draft has remarks: %v", found)
	}
}

func TestTag(t *testing.T) {
	alert := issue(cap.StatusActual, cap.MsgAlert, floodEN())
	update := issue(cap.StatusActual, cap.MsgUpdate, floodEN())
	second := issue(cap.StatusActual, cap.MsgUpdate, floodEN())
	second.Alert.Identifier = "2026-0601-9"
	second.Alert.References = []cap.Reference{
		{Sender: update.Alert.Sender, Identifier: update.Alert.Identifier, Sent: update.Alert.Sent},
		{Sender: alert.Alert.Sender, Identifier: alert.Alert.Identifier, Sent: alert.Alert.Sent},
	}
	second.ID = alerting.IDOf(second.Alert)
	cancel := issue(cap.StatusActual, cap.MsgCancel)
	w := New(Options{})
	tag := mustRender(t, w, alert, alerting.Push).Tag
	if tag != alert.ID.String() || len(tag) > 32 || strings.Trim(tag, "0123456789abcdef") != "" {
		t.Errorf("tag %q of alert %s is no push topic (RFC 8030 §5.4)", tag, alert.ID)
	}
	for name, issued := range map[string]*alerting.Issued{"update": update, "second update": second, "cancel": cancel} {
		if got := mustRender(t, w, issued, alerting.Push).Tag; got != tag {
			t.Errorf("%s: tag %q does not replace %q", name, got, tag)
		}
	}
	m, err := w.RenderCancel(cancel, update, 0, alerting.Push)
	if err != nil || m.Tag != tag {
		t.Errorf("cancel of an update: tag %q, %v", m.Tag, err)
	}
}

func TestUrgency(t *testing.T) {
	for _, row := range []struct {
		severity cap.Severity
		urgency  cap.Urgency
		kind     cap.MsgType
		want     string
	}{
		{cap.Extreme, cap.Immediate, cap.MsgAlert, "high"}, {cap.Severe, cap.Expected, cap.MsgAlert, "high"},
		{cap.Severe, cap.UnknownUrgency, cap.MsgAlert, "high"}, {cap.Severe, cap.Future, cap.MsgAlert, "normal"},
		{cap.Moderate, cap.Immediate, cap.MsgAlert, "normal"}, {cap.UnknownSeverity, cap.Immediate, cap.MsgAlert, "normal"},
		{cap.Minor, cap.Immediate, cap.MsgAlert, "low"}, {cap.Severe, cap.Past, cap.MsgAlert, "low"},
		{cap.Minor, cap.Past, cap.MsgCancel, "high"},
	} {
		info := floodEN()
		info.Severity, info.Urgency = row.severity, row.urgency
		if got := mustRender(t, New(Options{}), issue(cap.StatusActual, row.kind, info), alerting.Push).Urgency; got != row.want {
			t.Errorf("%s %s %s: got %q, want %q", row.kind, row.severity, row.urgency, got, row.want)
		}
	}
}

func TestClock(t *testing.T) {
	for _, row := range []struct {
		name    string
		expires time.Time
		want    string
	}{
		{"same day", sentAt().Add(9 * time.Hour), "18:00"},
		{"next day", sentAt().Add(20 * time.Hour), "2026-06-02 05:00"},
		{"UTC is named", sentAt().Add(9 * time.Hour).UTC(), "16:00 UTC"},
		{"other zone, its own day", sentAt().In(time.FixedZone("", 10*3600)).Add(9 * time.Hour), "2026-06-02 02:00"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := clock(row.expires, sentAt()); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// TestOneWriterForAll: a Writer serves many goroutines (run with -race), and all get the same words.
func TestOneWriterForAll(t *testing.T) {
	w := New(Options{})
	issued := issue(cap.StatusActual, cap.MsgAlert, floodEN(), floodZH())
	want, err := w.Render(issued, 1, alerting.Mail)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				if got, err := w.Render(issued, 1, alerting.Mail); err != nil || got != want {
					t.Errorf("another mail than before, %v", err)
				}
			}
		})
	}
	all.Wait()
}
