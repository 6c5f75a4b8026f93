package cap

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Change is one element in which two alerts differ.
type Change struct {
	// Path names the element, such as alert/info[2]/headline: where it stands in the second alert, or in the first if it is gone.
	Path string `json:"path"`
	// Label says which one it is where a number says little: the language of an info, the description of an area, the valueName.
	Label string `json:"label,omitempty"`
	// Before and After are the texts of the element as Write would write them, unescaped; empty when it is not there. Of a
	// derefUri, which is a whole file, they give the size and the digest.
	Before string `json:"before"`
	After  string `json:"after"`
}

// Compare says in what b differs from a, element by element, in the order of the document (§3.2). Infos are paired by their
// language, those that have no partner by their order; areas, resources and codes by their order; eventCodes, parameters and
// geocodes by their valueName. Of what is only in one of them each element is a change. Another order of infos or of named values
// alone says nothing new, and is none. What Read could not understand is empty in an alert, so it is not compared.
func Compare(a, b *Alert) []Change {
	before, after := &elements{}, &elements{}
	before.alert(a, numbered(len(a.Infos)))
	after.alert(b, partners(a.Infos, b.Infos))
	at := make(map[string]int, len(after.all))
	for k, p := range after.all {
		at[p.key] = k
	}
	was := make(map[string]string, len(before.all))
	for _, p := range before.all {
		was[p.key] = p.text
	}
	var out []Change
	next := 0
	// upTo takes what the second alert has before an index.
	upTo := func(end int) {
		for ; next < end; next++ {
			p := after.all[next]
			if text, had := was[p.key]; !had || text != p.text {
				out = append(out, Change{p.path, p.label, text, p.text})
			}
		}
	}
	for _, p := range before.all {
		if k, stays := at[p.key]; stays {
			upTo(k + 1)
			continue
		}
		out = append(out, Change{Path: p.path, Label: p.label, Before: p.text})
	}
	upTo(len(after.all))
	return out
}

// numbered names n infos by their place.
func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = strconv.Itoa(i)
	}
	return out
}

// partners names each info of b by the place of its partner in a; one without has a name of its own.
func partners(a, b []Info) []string {
	out, taken := make([]string, len(b)), make([]bool, len(a))
	pair := func(fits func(x, y *Info) bool) {
		for j := range b {
			for i := range a {
				if out[j] == "" && !taken[i] && fits(&a[i], &b[j]) {
					out[j], taken[i] = strconv.Itoa(i), true
				}
			}
		}
	}
	pair(func(x, y *Info) bool { return strings.EqualFold(languageOf(x), languageOf(y)) })
	pair(func(*Info, *Info) bool { return true })
	for j := range out {
		if out[j] == "" {
			out[j] = "new " + strconv.Itoa(j)
		}
	}
	return out
}

// element is one that holds text. Its key is the same in both alerts.
type element struct{ key, path, label, text string }

// elements are the elements of an alert, in the order of the document.
type elements struct {
	all              []element
	key, path, label string
}

// add adds an element, unless it is empty.
func (p *elements) add(name, text string) {
	if text != "" {
		p.all = append(p.all, element{p.key + "/" + name, p.path + "/" + name, p.label, text})
	}
}

func (p *elements) time(name string, t time.Time) {
	if !t.IsZero() {
		p.add(name, string(appendTime(nil, t)))
	}
}

func (p *elements) decimal(name string, v *float64) {
	if v != nil {
		p.add(name, string(appendDecimal(nil, *v)))
	}
}

// nest adds what is inside of an element that has a number.
func (p *elements) nest(name string, i int, key, label string, content func()) {
	was := *p
	p.key, p.path = p.key+"/"+name+" "+key, fmt.Sprintf("%s/%s[%d]", p.path, name, i+1)
	p.label = strings.Trim(p.label+", "+label, ", ")
	content()
	p.key, p.path, p.label = was.key, was.path, was.label
}

// list adds elements of one name that are told apart by their order.
func list[T any](p *elements, name string, all []T, text func(T) string) {
	for i, one := range all {
		p.add(fmt.Sprintf("%s[%d]", name, i+1), text(one))
	}
}

// values adds pairs, which are told apart by their names. One without a value is there all the same.
func (p *elements) values(name string, all []Value) {
	seen := make(map[string]int)
	for i, v := range all {
		p.nest(name, i, fmt.Sprintf("%d %s", seen[v.Name], v.Name), v.Name, func() {
			p.all = append(p.all, element{p.key, p.path, p.label, v.Value})
		})
		seen[v.Name]++
	}
}

func (p *elements) alert(a *Alert, infos []string) {
	p.key, p.path = "alert", "alert"
	p.all = append(p.all, element{"version", "alert", "CAP", a.Version})
	p.add("identifier", a.Identifier)
	p.add("sender", a.Sender)
	p.time("sent", a.Sent)
	p.add("status", string(a.Status))
	p.add("msgType", string(a.MsgType))
	p.add("source", a.Source)
	p.add("scope", string(a.Scope))
	p.add("restriction", a.Restriction)
	p.add("addresses", string(appendNames(nil, a.Addresses)))
	list(p, "code", a.Codes, func(s string) string { return s })
	p.add("note", a.Note)
	p.add("references", string(appendReferences(nil, a.References)))
	p.add("incidents", string(appendNames(nil, a.Incidents)))
	for i := range a.Infos {
		p.nest("info", i, infos[i], languageOf(&a.Infos[i]), func() { p.info(&a.Infos[i]) })
	}
}

func (p *elements) info(i *Info) {
	p.add("language", i.Language)
	list(p, "category", i.Categories, func(c Category) string { return string(c) })
	p.add("event", i.Event)
	list(p, "responseType", i.ResponseTypes, func(r ResponseType) string { return string(r) })
	p.add("urgency", string(i.Urgency))
	p.add("severity", string(i.Severity))
	p.add("certainty", string(i.Certainty))
	p.add("audience", i.Audience)
	p.values("eventCode", i.EventCodes)
	p.time("effective", i.Effective)
	p.time("onset", i.Onset)
	p.time("expires", i.Expires)
	p.add("senderName", i.SenderName)
	p.add("headline", i.Headline)
	p.add("description", i.Description)
	p.add("instruction", i.Instruction)
	p.add("web", i.Web)
	p.add("contact", i.Contact)
	p.values("parameter", i.Parameters)
	for k := range i.Resources {
		r := &i.Resources[k]
		p.nest("resource", k, strconv.Itoa(k), r.Description, func() { p.resource(r) })
	}
	for k := range i.Areas {
		ar := &i.Areas[k]
		p.nest("area", k, strconv.Itoa(k), ar.Description, func() { p.area(ar) })
	}
}

func (p *elements) resource(r *Resource) {
	p.add("resourceDesc", r.Description)
	p.add("mimeType", r.MIMEType)
	if r.Size != nil {
		p.add("size", strconv.FormatInt(*r.Size, 10))
	}
	p.add("uri", r.URI)
	if r.DerefURI != "" {
		p.add("derefUri", fmt.Sprintf("%d bytes of base64, SHA-256 %x", len(r.DerefURI), sha256.Sum256([]byte(r.DerefURI))))
	}
	p.add("digest", r.Digest)
}

func (p *elements) area(a *Area) {
	p.add("areaDesc", a.Description)
	list(p, "polygon", a.Polygons, func(ring Polygon) string {
		w := &writer{}
		w.ring(ring)
		return string(w.out)
	})
	list(p, "circle", a.Circles, func(c Circle) string {
		w := &writer{}
		w.circle(c)
		return string(w.out)
	})
	p.values("geocode", a.Geocodes)
	p.decimal("altitude", a.Altitude)
	p.decimal("ceiling", a.Ceiling)
}
