package wording

import (
	"fmt"
	"strings"

	"tocsin/alerting"
	"tocsin/cap"
)

// Remarks are what the messages of an alert lose that nobody should have to do without, as findings about its document,
// without lines: an instruction that no SMS of its language can hold. What cannot be worded has no remarks.
func (w *Writer) Remarks(issued *alerting.Issued) cap.Findings {
	var found cap.Findings
	if check(issued) != nil {
		return nil
	}
	for i := range issued.Alert.Infos {
		d := w.draftOf(issued, &issued.Alert.Infos[i])
		plan := w.sms(d)
		if !plan.instructionCut {
			continue
		}
		level := cap.LevelAdvice
		if d.severity.Rank() >= cap.Severe.Rank() {
			level = cap.LevelWarning
		}
		found = append(found, cap.Finding{ID: "sms.instruction", Clause: "CAP 1.2 §3.2.2 instruction", Level: level,
			Path:    fmt.Sprintf("alert/info[%d]/instruction", i+1),
			Message: fmt.Sprintf("the text message in %s cannot hold the whole instruction: %d parts are not enough (%s); shorten it", d.lang, MaxSMSParts, plan.encoding)})
	}
	return found
}

// Advice tells the author, in English, what the messages of one info will lose or cost: the first line says whether the
// whole instruction is in the SMS; further lines name what was shortened or left out, and what makes the SMS longer than
// it need be. An info that cannot be worded gives the error's text as its only line.
func (w *Writer) Advice(issued *alerting.Issued, info int) []string {
	d, err := w.prepare(issued, info)
	if err != nil {
		return []string{"not worded: " + err.Error()}
	}
	plan := w.sms(d)
	lines := append(w.adviceInstruction(d, plan), adviceSMS(d, plan)...)
	title := d.title(maxTitle)
	frame, err := encode(PushPayload{Title: title, Severity: string(d.severity), URL: d.link, Tag: d.tag, Lang: d.lang,
		Dir: d.dir(), World: d.world})
	if err != nil {
		return append(lines, "push: "+err.Error())
	}
	if _, whole := d.pushBody(MaxPush - len(frame)); !whole {
		lines = append(lines, fmt.Sprintf("push: the text is cut to hold the payload within %d bytes", MaxPush))
	}
	return lines
}

func (w *Writer) adviceInstruction(d *draft, plan smsPlan) []string {
	size := fmt.Sprintf("%d parts, %s", plan.parts, plan.encoding)
	if plan.parts == 1 {
		size = "1 part, " + string(plan.encoding)
	}
	switch {
	case plan.instructionCut:
		return []string{fmt.Sprintf("sms: the instruction is CUT: it does not fit %d parts (%s); shorten it",
			MaxSMSParts, plan.encoding)}
	case d.instruction == "" && d.action == "":
		return []string{"sms: there is no instruction, so nobody is told what to do (" + size + ")"}
	case d.instruction == "" && !d.cancel:
		return []string{fmt.Sprintf("sms: there is no instruction; the response type stands in: %q (%s)", d.action, size)}
	case plan.parts > w.smsParts:
		return []string{fmt.Sprintf("sms: the whole instruction is in the text, which takes %s instead of at most %d",
			size, w.smsParts)}
	}
	return []string{"sms: the whole instruction is in the text (" + size + ")"}
}

func adviceSMS(d *draft, plan smsPlan) []string {
	var lines []string
	add := func(is bool, format string, args ...any) {
		if is {
			lines = append(lines, fmt.Sprintf(format, args...))
		}
	}
	add(plan.kept < plan.told, "sms: the description is cut: %d of %d characters are in the text", plan.kept, plan.told)
	add(plan.eventShort, "sms: the event's name is shortened in the first part")
	add(plan.placeShort, "sms: the place is shortened in the first part")
	add(plan.senderDropped, "sms: the sender is left out to make room for the instruction")
	add(plan.linkDropped, "sms: the link is left out to make room for the instruction")
	add(plan.parts > 1 && d.action != "" && units(plan.head, plan.encoding) > partCapacity(plan.encoding),
		"sms: hazard, place and the instruction's first sentence do not fit the first part; make that sentence shorter")
	if n := len(d.link); n > 0 && !plan.linkDropped && plan.parts > 1 {
		without, _ := Segments(strings.Replace(plan.text, " "+d.link, "", 1))
		add(without < plan.parts, "sms: the link alone makes it %d parts instead of %d", plan.parts, without)
	}
	if few := costly(plan.text); plan.encoding == UCS2 && few != "" {
		add(true, "sms: a few characters outside GSM-7 more than halve what a part holds: %s", few)
	}
	return lines
}

// costly lists the characters that keep a text out of GSM-7 when they are few and a part of more could be saved.
func costly(text string) string {
	var b strings.Builder
	n, all := 0, 0
	for _, r := range text {
		all++
		if gsmRune(r, true) > 0 {
			continue
		}
		if n++; n > 8 || strings.ContainsRune(b.String(), r) {
			continue
		}
		fmt.Fprintf(&b, "%q (%U) ", r, r)
	}
	if n == 0 || n*10 > all {
		return ""
	}
	return strings.TrimSpace(b.String())
}
