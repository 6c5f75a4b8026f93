package cap

import (
	"fmt"
	"strconv"
	"time"
)

// Write gives an alert as a document of CAP 1.2, whatever version it was read from: UTF-8, in the order of the schema,
// indented, UTC as -00:00, what is empty left out. The same alert always gives the same bytes, and Parse gives the same
// alert again, apart from its Version. An alert that breaks a rule of LevelError is not written; the error is then the
// Findings.
func Write(a *Alert) ([]byte, error) {
	current := *a
	current.Version = "1.2"
	if err := Check(&current, Profile{}).Err(); err != nil {
		return nil, err
	}
	return (&writer{}).document(&current), nil
}

// WriteDraft gives an alert that is being written as a document, whatever rules it breaks. What is empty is left out, also where
// the standard asks for it: Read then says that it is missing, and gives the rest of the alert again. The texts must be of characters
// that XML has.
func WriteDraft(a *Alert) []byte { return (&writer{draft: true}).document(a) }

// writer appends elements to a document.
type writer struct {
	out   []byte
	depth int
	// draft leaves out what is empty and required.
	draft bool
}

func (w *writer) document(a *Alert) []byte {
	w.out = make([]byte, 0, 4096)
	w.out = append(w.out, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<alert xmlns="`+namespace+`">`+"\n"...)
	w.depth = 1
	w.alert(a)
	w.out = append(w.out, "</alert>\n"...)
	return w.out
}

// required writes an element that the schema asks for; a draft leaves it out while it is empty.
func (w *writer) required(name, text string) {
	if text != "" || !w.draft {
		w.element(name, text)
	}
}

func (w *writer) indent() {
	for range w.depth {
		w.out = append(w.out, "  "...)
	}
}

func (w *writer) start(name string) {
	w.indent()
	w.out = append(append(append(w.out, '<'), name...), '>')
}

func (w *writer) end(name string) {
	w.out = append(append(append(w.out, "</"...), name...), ">\n"...)
}

// nest writes an element that holds elements.
func (w *writer) nest(name string, content func()) {
	w.start(name)
	w.out = append(w.out, '\n')
	w.depth++
	content()
	w.depth--
	w.indent()
	w.end(name)
}

// element writes an element that holds text, even if it is empty.
func (w *writer) element(name, text string) {
	w.start(name)
	w.out = appendEscaped(w.out, text)
	w.end(name)
}

// optional writes an element unless it is empty.
func (w *writer) optional(name, text string) {
	if text != "" {
		w.element(name, text)
	}
}

func (w *writer) time(name string, t time.Time) {
	if !t.IsZero() {
		w.start(name)
		w.out = appendTime(w.out, t)
		w.end(name)
	}
}

func (w *writer) decimal(name string, v *float64) {
	if v != nil {
		w.start(name)
		w.out = appendDecimal(w.out, *v)
		w.end(name)
	}
}

func (w *writer) values(name string, values []Value) {
	for _, v := range values {
		w.nest(name, func() {
			w.element("valueName", v.Name)
			w.element("value", v.Value)
		})
	}
}

func (w *writer) alert(a *Alert) {
	w.required("identifier", a.Identifier)
	w.required("sender", a.Sender)
	w.time("sent", a.Sent)
	w.required("status", string(a.Status))
	w.required("msgType", string(a.MsgType))
	w.optional("source", a.Source)
	w.required("scope", string(a.Scope))
	w.optional("restriction", a.Restriction)
	w.optional("addresses", string(appendNames(nil, a.Addresses)))
	for _, code := range a.Codes {
		w.element("code", code)
	}
	w.optional("note", a.Note)
	w.optional("references", string(appendReferences(nil, a.References)))
	w.optional("incidents", string(appendNames(nil, a.Incidents)))
	for i := range a.Infos {
		w.nest("info", func() { w.info(&a.Infos[i]) })
	}
}

func appendReferences(out []byte, refs []Reference) []byte {
	for i, r := range refs {
		if i > 0 {
			out = append(out, ' ')
		}
		out = appendTime(fmt.Appendf(out, "%s,%s,", r.Sender, r.Identifier), r.Sent)
	}
	return out
}

func (w *writer) info(i *Info) {
	w.optional("language", i.Language)
	for _, c := range i.Categories {
		w.element("category", string(c))
	}
	w.required("event", i.Event)
	for _, r := range i.ResponseTypes {
		w.element("responseType", string(r))
	}
	w.required("urgency", string(i.Urgency))
	w.required("severity", string(i.Severity))
	w.required("certainty", string(i.Certainty))
	w.optional("audience", i.Audience)
	w.values("eventCode", i.EventCodes)
	w.time("effective", i.Effective)
	w.time("onset", i.Onset)
	w.time("expires", i.Expires)
	w.optional("senderName", i.SenderName)
	w.optional("headline", i.Headline)
	w.optional("description", i.Description)
	w.optional("instruction", i.Instruction)
	w.optional("web", i.Web)
	w.optional("contact", i.Contact)
	w.values("parameter", i.Parameters)
	for k := range i.Resources {
		w.nest("resource", func() { w.resource(&i.Resources[k]) })
	}
	for k := range i.Areas {
		w.nest("area", func() { w.area(&i.Areas[k]) })
	}
}

func (w *writer) resource(r *Resource) {
	w.required("resourceDesc", r.Description)
	w.required("mimeType", r.MIMEType)
	if r.Size != nil {
		w.element("size", strconv.FormatInt(*r.Size, 10))
	}
	w.optional("uri", r.URI)
	w.optional("derefUri", r.DerefURI)
	w.optional("digest", r.Digest)
}

func (w *writer) area(a *Area) {
	w.required("areaDesc", a.Description)
	for _, p := range a.Polygons {
		w.start("polygon")
		w.ring(p)
		w.end("polygon")
	}
	for _, c := range a.Circles {
		w.start("circle")
		w.circle(c)
		w.end("circle")
	}
	w.values("geocode", a.Geocodes)
	w.decimal("altitude", a.Altitude)
	w.decimal("ceiling", a.Ceiling)
}

// ring writes what stands in a polygon.
func (w *writer) ring(p Polygon) {
	for k, point := range p {
		if k > 0 {
			w.out = append(w.out, ' ')
		}
		w.point(point)
	}
}

// circle writes what stands in a circle.
func (w *writer) circle(c Circle) {
	w.point(c.Center)
	w.out = appendDecimal(append(w.out, ' '), c.RadiusKM)
}

func (w *writer) point(p Point) {
	w.out = appendDecimal(w.out, p.Lat)
	w.out = appendDecimal(append(w.out, ','), p.Lon)
}

// appendEscaped writes text so that it reads as the same again. A carriage return must be a reference, for readers turn
// a literal one into a line feed (XML 1.0 §2.11).
func appendEscaped(out []byte, text string) []byte {
	from := 0
	for i := range len(text) {
		var escape string
		switch text[i] {
		case '&':
			escape = "&amp;"
		case '<':
			escape = "&lt;"
		case '>':
			escape = "&gt;"
		case '\r':
			escape = "&#xD;"
		default:
			continue
		}
		out = append(append(out, text[from:i]...), escape...)
		from = i + 1
	}
	return append(out, text[from:]...)
}
