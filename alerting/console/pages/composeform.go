package pages

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/console/pages/areatext"
	"tocsin/alerting/desk"
	"tocsin/cap"
)

// The form over a draft. Its values have three forms: the CAP alert; url.Values, which is what a browser sends; and fields to be drawn.
// valuesOf and (*formReader).alert go between the first two, so that a refused form is drawn again from what was sent.
//
// Names: note; category, response, urgency, severity, certainty; onset, holds, expires; area; channel, people, groups; lang, once for
// each language; and the words of language N as headline.N and so on (wordFields).

// untilTime is the choice of a warning that holds until a moment, and noEnd that of one that does not say.
const (
	untilTime = "until"
	noEnd     = "open"
)

// holdsFor are the spans that a warning may hold for.
func holdsFor() []time.Duration {
	hours := []int{1, 2, 3, 6, 12, 24, 48}
	out := make([]time.Duration, len(hours))
	for i, h := range hours {
		out[i] = time.Duration(h) * time.Hour
	}
	return out
}

// wordField is a text that each language has for itself.
type wordField struct {
	// name is that of the form, path the element of info below which findings stand.
	name, path string
	rows, max  int
	of         func(*cap.Info) *string
}

// wordFields are the texts of a language, in the order in which people read them. areaDesc is the first area's.
func wordFields() []wordField {
	return []wordField{
		{"event", "event", 0, 0, func(i *cap.Info) *string { return &i.Event }},
		{"headline", "headline", 0, 0, func(i *cap.Info) *string { return &i.Headline }},
		{"instruction", "instruction", 5, 0, func(i *cap.Info) *string { return &i.Instruction }},
		{"description", "description", 5, 0, func(i *cap.Info) *string { return &i.Description }},
		{"place", "areaDesc", 0, 0, func(i *cap.Info) *string { return &firstArea(i).Description }},
		{"sender", "senderName", 0, 0, func(i *cap.Info) *string { return &i.SenderName }},
		{"contact", "contact", 0, 0, func(i *cap.Info) *string { return &i.Contact }},
		{"web", "web", 0, 0, func(i *cap.Info) *string { return &i.Web }},
	}
}

// firstArea is the area that the form shows; it is made where there is none.
func firstArea(i *cap.Info) *cap.Area {
	if len(i.Areas) == 0 {
		i.Areas = []cap.Area{{}}
	}
	return &i.Areas[0]
}

func wordName(field string, language int) string { return field + "." + strconv.Itoa(language) }

// valuesOf are what a document and its order say, as the form sends it.
func (q *request) valuesOf(a *cap.Alert, d *desk.Draft) url.Values {
	v := url.Values{"note": {a.Note}, "people": {strings.Join(d.Audience.People, "\n")}, "groups": {strings.Join(d.Audience.Groups, "\n")}}
	for _, ch := range d.Channels {
		v.Add("channel", string(ch))
	}
	if len(d.Channels) == 0 {
		for _, ch := range alerting.Channels() {
			v.Add("channel", string(ch))
		}
	}
	for n := range a.Infos {
		info := a.Infos[n]
		info.Areas = slices.Clone(info.Areas)
		v.Add("lang", tagOf(&info))
		for _, w := range wordFields() {
			v.Set(wordName(w.name, n), *w.of(&info))
		}
	}
	if len(a.Infos) > 0 {
		q.sharedOf(a, v)
	}
	return v
}

// sharedOf are what all languages have in common: the form has it once.
func (q *request) sharedOf(a *cap.Alert, v url.Values) {
	info := &a.Infos[0]
	for _, c := range info.Categories {
		v.Add("category", string(c))
	}
	for _, r := range info.ResponseTypes {
		v.Add("response", string(r))
	}
	v.Set("urgency", string(info.Urgency))
	v.Set("severity", string(info.Severity))
	v.Set("certainty", string(info.Certainty))
	v.Set("onset", q.clock(info.Onset))
	v.Set("holds", holdsOf(a.Sent, info.Expires))
	v.Set("expires", q.clock(info.Expires))
	if len(info.Areas) > 0 {
		v.Set("area", areatext.Write(info.Areas[0]))
	}
}

// holdsOf says which choice an end is.
func holdsOf(sent, expires time.Time) string {
	switch span := expires.Sub(sent); {
	case expires.IsZero():
		return noEnd
	case slices.Contains(holdsFor(), span):
		return span.String()
	}
	return untilTime
}

// clock is a moment as <input type=datetime-local> has it, in the office's zone; empty for none.
func (q *request) clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(q.p.zone()).Format(localTime)
}

// formReader makes the alert that a form says, over the one that it was drawn from: what the form does not show stays.
type formReader struct {
	q *request
	v url.Values
	// said is what could not be read, by field; the alert has the old value there.
	said map[string][]Said
}

// alert is the alert of the form. It is new: base stays as it is.
func (r *formReader) alert(base *cap.Alert, now time.Time) *cap.Alert {
	a := *base
	a.Sent = now.In(r.q.p.zone()).Truncate(time.Second)
	a.Note = r.text("note")
	shapes, shaped := r.shapes()
	a.Infos = nil
	for n, tag := range r.v["lang"] {
		info := infoIn(base, strings.TrimSpace(tag))
		r.words(&info, n)
		r.shared(&info, base, a.Sent)
		if shaped {
			area := firstArea(&info)
			area.Polygons, area.Circles, area.Geocodes = shapes.Polygons, shapes.Circles, shapes.Geocodes
		}
		if area := firstArea(&info); emptyArea(area) {
			info.Areas = info.Areas[1:]
		}
		a.Infos = append(a.Infos, info)
	}
	return &a
}

func emptyArea(a *cap.Area) bool {
	return a.Description == "" && len(a.Polygons)+len(a.Circles)+len(a.Geocodes) == 0 && a.Altitude == nil && a.Ceiling == nil
}

// infoIn is a copy of the info in a language; a new language begins with what all have in common.
func infoIn(a *cap.Alert, tag string) cap.Info {
	at := slices.IndexFunc(a.Infos, func(i cap.Info) bool { return strings.EqualFold(tagOf(&i), tag) })
	if at >= 0 {
		info := a.Infos[at]
		info.Areas = slices.Clone(info.Areas)
		return info
	}
	info := cap.Info{Language: tag}
	if len(a.Infos) > 0 {
		first := &a.Infos[0]
		info.EventCodes, info.Effective, info.Parameters = first.EventCodes, first.Effective, first.Parameters
		for _, area := range first.Areas {
			area.Description = ""
			info.Areas = append(info.Areas, area)
		}
	}
	return info
}

// text is a value without blanks around it, with the line ends of XML.
func (r *formReader) text(name string) string {
	text := strings.ReplaceAll(r.v.Get(name), "\r\n", "\n")
	clean := strings.Map(func(c rune) rune {
		if c == '\t' || c == '\n' || c >= ' ' && c != 0xFFFE && c != 0xFFFF {
			return c
		}
		return -1
	}, strings.ToValidUTF8(text, ""))
	if clean != text {
		r.say(name, r.q.T("compose.wrong.control"), "warning")
	}
	return strings.TrimSpace(clean)
}

func (r *formReader) say(field, text, level string) {
	if r.said == nil {
		r.said = make(map[string][]Said)
	}
	r.said[field] = append(r.said[field], Said{Level: level, Text: text})
}

func (r *formReader) words(info *cap.Info, n int) {
	for _, w := range wordFields() {
		if _, sent := r.v[wordName(w.name, n)]; sent {
			*w.of(info) = r.text(wordName(w.name, n))
		}
	}
}

func (r *formReader) shared(info *cap.Info, base *cap.Alert, sent time.Time) {
	info.Categories, info.ResponseTypes = nil, nil
	for _, c := range r.v["category"] {
		info.Categories = append(info.Categories, cap.Category(c))
	}
	for _, c := range r.v["response"] {
		info.ResponseTypes = append(info.ResponseTypes, cap.ResponseType(c))
	}
	info.Urgency, info.Severity, info.Certainty = cap.Urgency(r.text("urgency")), cap.Severity(r.text("severity")), cap.Certainty(r.text("certainty"))
	var old cap.Info
	if len(base.Infos) > 0 {
		old = base.Infos[0]
	}
	info.Onset = r.moment("onset", old.Onset)
	switch span, err := time.ParseDuration(r.text("holds")); {
	case err == nil && slices.Contains(holdsFor(), span):
		info.Expires = sent.Add(span)
	case r.text("holds") == noEnd:
		info.Expires = time.Time{}
	default:
		info.Expires = r.moment("expires", old.Expires)
	}
}

// moment reads a moment in the office's zone. One that reads as before stays as it was, to the second and with its zone; one that cannot
// be read leaves the old one, and is said once.
func (r *formReader) moment(name string, old time.Time) time.Time {
	text := r.text(name)
	switch at, err := time.ParseInLocation(localTime, text, r.q.p.zone()); {
	case text == "":
		return time.Time{}
	case text == r.q.clock(old):
		return old
	case err != nil:
		if len(r.said[name]) == 0 {
			r.say(name, r.q.T("compose.wrong.time", localTime), "error")
		}
		return old
	default:
		return at
	}
}

// shapes reads the lines of the area; shaped is false where they have faults: the area then stays as it was.
func (r *formReader) shapes() (area cap.Area, shaped bool) {
	area, faults := areatext.Read(r.v.Get("area"))
	for _, f := range faults {
		r.say("area", f.In(r.q.Lang), "error")
	}
	return area, len(faults) == 0
}

// order is what the form says besides the document, as the query of whatever takes the document. All channels are the same as none.
func (r *formReader) order(d *desk.Draft) url.Values {
	out := url.Values{"person": strings.Fields(r.v.Get("people")), "group": lines(r.v.Get("groups"))}
	if channels := r.v["channel"]; len(channels) < len(alerting.Channels()) {
		out["channel"] = channels
	}
	if len(r.v["channel"]) == 0 {
		r.say("channel", r.q.T("compose.wrong.channel"), "error")
	}
	if d.Window != nil {
		out.Set("window", d.Window.ID)
	}
	return out
}

// lines are the lines of a text that hold something.
func lines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// unkept says why the form cannot be drawn over a document without losing some of it: the keys of words. Empty: it can.
func unkept(a *cap.Alert, found cap.Findings, document []byte) []string {
	var out []string
	if strings.Contains(string(document), "http://www.w3.org/2000/09/xmldsig#") {
		out = append(out, "compose.unkept.signature")
	}
	if lost(found) {
		out = append(out, "compose.unkept.unread")
	}
	seen := make(map[string]bool)
	for i := range a.Infos {
		info := &a.Infos[i]
		tag := strings.ToLower(tagOf(info))
		if seen[tag] {
			out = append(out, "compose.unkept.twice")
		}
		seen[tag] = true
		if i > 0 && sharedText(info) != sharedText(&a.Infos[0]) {
			out = append(out, "compose.unkept.differs")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sharedText holds all that languages have in common, to be compared.
func sharedText(i *cap.Info) string {
	text := fmt.Sprint(i.Categories, i.ResponseTypes, i.Urgency, i.Severity, i.Certainty, i.Onset.Unix(), i.Expires.Unix())
	if len(i.Areas) > 0 {
		text += areatext.Write(i.Areas[0])
	}
	return text
}

// lost reports whether reading left out something that the document has: what the decoder refuses, and values that CAP does not know.
func lost(found cap.Findings) bool {
	return slices.ContainsFunc(found, func(f cap.Finding) bool {
		if f.Level != cap.LevelError || f.ID == "core.element.missing" {
			return false
		}
		decoded := slices.ContainsFunc(cap.FormRules(), func(r cap.Rule) bool { return r.ID == f.ID })
		// A rule about a code also finds that it is missing: then there is nothing to lose.
		code := strings.HasPrefix(f.ID, "core.") && strings.HasSuffix(f.ID, ".value") && f.ID != "core.value.value" && !strings.Contains(f.Message, "missing or empty")
		return decoded || code || strings.HasSuffix(f.ID, ".form") || f.ID == "core.resource.size"
	})
}
