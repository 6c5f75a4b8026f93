package wording

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"tocsin/alerting"
	"tocsin/cap"
)

// phrases are put together to texts: several scripts, odd blanks, hostile characters, no sentence ends, and many.
func phrases() []string {
	return []string{"Move to higher ground now", "Do not drive", "go", ". ", "! ", ".\n", "\n\n", "\n• ", ", ", "; ", "... ", "No. 5 ",
		"HEAVY RAIN", "€{}", "“quoted” – text…", "请立即转移到高处", "。", "，", "Évacúe ahora", "Уходите наверх", "انتقل إلى مكان مرتفع",
		"ऊँची जगह पर जाएँ", "।", "ไปที่สูงทันที", "👨‍👩‍👧🌊", "🇪🇸", "\u202Eevil\u202C", "\x00\x07", "\u200B", "e\u0301", "\u00A0", "10.30", "\t",
		"Donaudampfschifffahrtsgesellschaft", "<b>&amp;</b>", "\"", "\\", "\xff"}
}

func drawText(t *rapid.T, label string, most int) string {
	words := rapid.SliceOfN(rapid.SampledFrom(phrases()), 0, most).Draw(t, label)
	return strings.Join(words, rapid.SampledFrom([]string{" ", "", "\n"}).Draw(t, label+" joint"))
}

func drawInfo(t *rapid.T) cap.Info {
	info := cap.Info{
		Language: rapid.SampledFrom([]string{"", "en", "zh-CN", "es", "ar", "th", "hi", "de", "lv", "sp-US", "zh_CN"}).Draw(t, "language"),
		Severity: rapid.SampledFrom([]cap.Severity{cap.Extreme, cap.Severe, cap.Moderate, cap.Minor, cap.UnknownSeverity, ""}).Draw(t, "severity"),
		Event:    drawText(t, "event", 6), Headline: drawText(t, "headline", 6), SenderName: drawText(t, "sender", 4),
		Description: drawText(t, "description", 120), Instruction: drawText(t, "instruction", 60),
	}
	for range rapid.IntRange(0, 4).Draw(t, "areas") {
		info.Areas = append(info.Areas, cap.Area{Description: drawText(t, "area", 8)})
	}
	if rapid.Bool().Draw(t, "ends") {
		info.Expires = sentAt().AddDate(0, 0, 1)
	}
	if rapid.Bool().Draw(t, "all clear") {
		info.ResponseTypes = []cap.ResponseType{cap.AllClear}
	}
	return info
}

// squeeze makes texts comparable: plain forms, no blanks.
func squeeze(s string) string {
	var b strings.Builder
	for _, r := range s {
		if p := plainForm(r); p != "" {
			b.WriteString(p)
		} else {
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), "")
}

func TestEveryMessageProperty(t *testing.T) {
	w := New(Options{SMSParts: 2, PublicURL: "https://warn.example/alerts", Sender: "Office"})
	rapid.Check(t, func(t *rapid.T) {
		status := rapid.SampledFrom([]cap.Status{cap.StatusActual, cap.StatusExercise, cap.StatusTest}).Draw(t, "status")
		kind := rapid.SampledFrom([]cap.MsgType{cap.MsgAlert, cap.MsgUpdate, cap.MsgCancel}).Draw(t, "kind")
		issued := issue(status, kind, drawInfo(t))
		d, err := w.prepare(issued, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, ch := range alerting.Channels() {
			m, err := w.Render(issued, 0, ch)
			if err != nil {
				t.Fatalf("%s: %v", ch, err)
			}
			again, err := w.Render(issued, 0, ch)
			if err != nil || again != m {
				t.Fatalf("%s: rendered twice, two results", ch)
			}
			all := m.Subject + m.Body + m.HTML
			if r, bad := unsafeRune(all); bad || !utf8.ValidString(all) {
				t.Fatalf("%s: holds %U or is not UTF-8: %q", ch, r, all)
			}
			if word := d.words.world(d.world); word != "" {
				checkWorld(t, m, ch, word)
			}
			switch ch {
			case alerting.SMS:
				checkSMS(t, w, d, m)
			case alerting.Push:
				checkPush(t, d, m)
			case alerting.Mail:
				if m.HTML == "" || m.Subject == "" || utf8.RuneCountInString(m.Subject) > maxSubject || strings.Contains(m.Subject, "\n") {
					t.Fatalf("mail: subject %q", m.Subject)
				}
			}
		}
	})
}

func checkSMS(t *rapid.T, w *Writer, d *draft, m alerting.Message) {
	parts, encoding := Segments(m.Body)
	if parts != m.Cost || parts > MaxSMSParts || parts != len(Split(m.Body)) {
		t.Fatalf("sms: %d parts, cost %d: %q", parts, m.Cost, m.Body)
	}
	plan := w.sms(d)
	if parts > w.smsParts && parts > plan.limit {
		t.Fatalf("sms: %d parts beyond the limit of %d: %q", parts, plan.limit, m.Body)
	}
	body := squeeze(m.Body)
	if !plan.instructionCut {
		// The instruction is there, in order and whole, with end and sender behind its first sentence.
		action, rest := squeeze(d.action), squeeze(d.rest)
		_, behind, found := strings.Cut(body, action)
		if !found || !strings.Contains(behind, rest) {
			t.Fatalf("sms: instruction %q lost in %q", d.instruction, m.Body)
		}
	}
	if plan.instructionCut && d.link != "" && !strings.Contains(m.Body, d.link) {
		t.Fatalf("sms: cut without a link: %q", m.Body)
	}
	// Only the instruction may lift the limit: alone, with event, place and end, it is longer than the limit too.
	if parts > w.smsParts {
		anonymous := *d
		anonymous.sender = ""
		s := &smsText{draft: d, rest: d.rest, until: anonymous.until()}
		s.head, _, _ = d.head(encoding)
		if n := s.parts("", ""); n < parts && n <= w.smsParts {
			t.Fatalf("sms: %d parts, the instruction takes only %d: %q", parts, n, m.Body)
		}
	}
	if units(plan.head, encoding) <= partCapacity(encoding) && parts > 1 {
		if first := squeeze(Split(m.Body)[0]); !strings.HasPrefix(first, squeeze(plan.head)) {
			t.Fatalf("sms: first part %q lacks %q", first, plan.head)
		}
	}
}

func checkPush(t *rapid.T, d *draft, m alerting.Message) {
	var p PushPayload
	if err := json.Unmarshal([]byte(m.Body), &p); err != nil {
		t.Fatalf("push: %v: %q", err, m.Body)
	}
	if len(m.Body) > MaxPush || p.Tag != m.Tag || len(m.Tag) > 32 || p.Title == "" || p.World != d.world ||
		(p.Dir == "rtl") != (p.Lang == "ar") {
		t.Fatalf("push: %d bytes: %s", len(m.Body), m.Body)
	}
}

// TestGraphemesStayWhole: no cut text ends inside a cluster of the text it was cut from.
func TestGraphemesStayWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := cleanText(drawText(t, "text", 30))
		most := rapid.IntRange(1, 60).Draw(t, "most")
		cut := cutWords(text, func(s string) bool { return len(s) <= most })
		if cut == text {
			return
		}
		kept := strings.TrimSuffix(cut, "…")
		if !strings.HasPrefix(text, kept) || len(cut) > most {
			t.Fatalf("%q is no beginning of %q within %d bytes", kept, text, most)
		}
		at := 0
		for at < len(kept) {
			at += clusterLength(text[at:])
		}
		if at != len(kept) {
			t.Fatalf("%q was cut inside a character of %q", kept, text)
		}
	})
}
