package cap

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// step is one element of the path to the present one.
type step struct {
	name string
	// index counts from 1 among elements of that name; 0 where the name may stand only once.
	index int
}

// finding is what a finding is called: rule, clause and level.
type finding struct {
	id, clause string
	level      Level
}

// decoder turns the tokens of one document into an Alert.
type decoder struct {
	scan    *scanner
	opts    Options
	notes   notes
	version versions
	space   string
	path    []step
	// pos is the offset of the present element's start tag.
	pos      int
	points   int
	alert    *Alert
	info     *Info
	resource *Resource
	area     *Area
	value    *Value
	// unread holds the paths of elements that are missing or could not be read.
	unread map[string]bool
	// wanted, when not nil, collects the lines of these paths.
	wanted map[string]int
}

// errStop ends the reading after a finding that makes the rest pointless.
var errStop = errors.New("reading stopped")

// decode reads the document; the findings are in d.notes.
func (d *decoder) decode() {
	err := d.scan.prolog(d.opts)
	if err == nil {
		err = d.root()
	}
	if f := (*fault)(nil); errors.As(err, &f) {
		at := d.pathString()
		if at == "" {
			at = "document"
		}
		d.notes.add(Finding{f.id, f.clause, at, f.message, d.scan.line(f.pos), LevelError})
	}
}

func (d *decoder) root() error {
	t, err := d.scan.next()
	if err != nil {
		return err
	}
	var name string
	d.version, name = versionOf(t.space)
	if d.version == 0 || string(t.local) != "alert" {
		return &fault{"core.root", "CAP 1.2 §3.4",
			fmt.Sprintf("the root element is <%s> in the namespace %q: it must be <alert> in %q", clip(t.local), clip(t.space), namespace), t.pos}
	}
	d.space = t.space
	d.alert = &Alert{Version: name}
	d.enter("alert", 0, t)
	if err := d.left(d.parent(alertFields())); err != nil {
		return err
	}
	_, err = d.scan.next()
	return err
}

func (d *decoder) enter(name string, index int, t token) {
	d.path = append(d.path, step{name, index})
	d.pos = t.pos
	if d.wanted != nil {
		path := d.pathString()
		if line, ok := d.wanted[path]; ok && line == 0 {
			d.wanted[path] = d.scan.line(t.pos)
		}
	}
	if t.attr != "" {
		d.report(finding{"core.attribute", "CAP 1.2 §3.4", LevelError}, "the attribute "+t.attr+" is not allowed: remove it")
	}
	if t.hint {
		d.report(finding{"core.attribute.hint", "CAP 1.2 §3.4", LevelWarning}, "xsi:schemaLocation is not part of CAP: remove it")
	}
}

func (d *decoder) leave() { d.path = d.path[:len(d.path)-1] }

// left leaves an element that was read without error. After an error the path stays, so that it can be named.
func (d *decoder) left(err error) error {
	if err == nil {
		d.leave()
	}
	return err
}

func (d *decoder) pathString() string {
	var b strings.Builder
	for i, s := range d.path {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(s.name)
		if s.index > 0 {
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		}
	}
	return b.String()
}

// report notes a finding about the present element.
func (d *decoder) report(f finding, message string) {
	d.notes.add(Finding{f.id, f.clause, d.pathString(), message, d.scan.line(d.pos), f.level})
}

// unreadable notes that the model does not show what the present element says.
func (d *decoder) unreadable() {
	if d.unread == nil {
		d.unread = map[string]bool{}
	}
	d.unread[d.pathString()] = true
}

// maxFields is more than any element has kinds of children.
const maxFields = 32

// progress is how far the children of one element have been read.
type progress struct {
	fields []field
	// at is the field of the child that stands furthest in the order; after the signature it is len(fields).
	at   int
	seen [maxFields]int
}

// parent reads the children of an element up to its end tag.
func (d *decoder) parent(fields []field) error {
	p := progress{fields: fields}
	stray := false
	pos := d.pos
	for {
		t, err := d.scan.next()
		if err != nil {
			return err
		}
		switch t.kind {
		case tokenEnd:
			d.pos = pos
			d.missing(&p)
			return nil
		case tokenText:
			if !stray && !blank(t.text) {
				stray = true
				d.pos = t.pos
				d.report(finding{"core.text.stray", "CAP 1.2 §3.4", LevelError},
					fmt.Sprintf("the text %q stands between elements: remove it", clip(trim(string(t.text)))))
			}
		default:
			if err := d.child(&p, t); err != nil {
				return err
			}
			if d.notes.full() {
				return errStop
			}
		}
	}
}

func (d *decoder) missing(p *progress) {
	for i, f := range p.fields {
		if f.must && p.seen[i] == 0 {
			d.path = append(d.path, step{f.name, 0})
			d.unreadable()
			d.report(finding{"core.element.missing", "CAP 1.2 §3.4", LevelError}, "the element is missing: add it")
			d.leave()
		}
	}
}

// child reads one child element.
func (d *decoder) child(p *progress, t token) error {
	i := -1
	if t.space == d.space {
		i = d.find(p, t.local)
	}
	if i < 0 {
		return d.foreign(p, t)
	}
	f := &p.fields[i]
	p.seen[i]++
	index := p.seen[i]
	if !f.many && index == 1 {
		index = 0
	}
	d.enter(f.name, index, t)
	if i < p.at {
		after := "the signature"
		if p.at < len(p.fields) {
			after = p.fields[p.at].name
		}
		d.report(finding{"core.element.order", "CAP 1.2 §3.4", LevelError}, fmt.Sprintf("the element stands after %s: it must stand before it", after))
	}
	p.at = max(p.at, i)
	if !f.many && index > 0 {
		d.report(finding{"core.element.doubled", "CAP 1.2 §3.4", LevelError}, "the element may stand only once here: remove one")
		return d.left(d.skip())
	}
	if f.many && index > d.limit(f) {
		d.report(finding{"core.limit", "CAP 1.2 §3.4", LevelError}, fmt.Sprintf("there are more than %d of these elements", d.limit(f)))
		return errStop
	}
	if f.children != nil {
		f.open(d)
		return d.left(d.parent(f.children()))
	}
	return d.left(d.text(f))
}

func (d *decoder) limit(f *field) int {
	if f.limit != nil {
		return f.limit(d.opts)
	}
	return d.opts.MaxValues
}

// find gives the index of the field with a name, -1 when the version has none. It looks forward first: documents in
// the right order need only a step.
func (d *decoder) find(p *progress, local []byte) int {
	n := len(p.fields)
	for k := range n {
		i := (p.at + k) % n
		f := &p.fields[i]
		if f.name == string(local) && (f.in == 0 || f.in&d.version != 0) {
			return i
		}
	}
	return -1
}

// foreign deals with an element that CAP does not know here: a signature at the end of the alert is passed over,
// everything else is a finding.
func (d *decoder) foreign(p *progress, t token) error {
	signature := t.space == dsigSpace && len(d.path) == 1
	t.attr, t.hint = "", false
	d.enter(clip(t.local), 0, t)
	switch {
	case signature:
		p.at = len(p.fields)
		if d.version != in12 {
			d.report(finding{"core.signature.version", "CAP 1.2 §3.3.4", LevelWarning}, "the schema of this version has no place for a signature: use CAP 1.2")
		}
	case t.space == d.space:
		d.report(finding{"core.element.unknown", "CAP 1.2 §3.4", LevelError}, "CAP has no such element here: check its spelling and place, or remove it")
	default:
		d.report(finding{"core.element.foreign", "CAP 1.2 §3.4", LevelError},
			fmt.Sprintf("the element is of the namespace %q: only XML signatures may be added, after the last info", clip(t.space)))
	}
	return d.left(d.skip())
}

// skip passes over the content of the present element.
func (d *decoder) skip() error {
	for depth := 1; depth > 0; {
		t, err := d.scan.next()
		if err != nil {
			return err
		}
		switch t.kind {
		case tokenStart:
			depth++
		case tokenEnd:
			depth--
		}
	}
	return nil
}

// text reads the content of an element that holds text only. Comments and CDATA may cut the text into pieces; it must
// never be read in part.
func (d *decoder) text(f *field) error {
	text := ""
	var pieces []byte
	for {
		t, err := d.scan.next()
		if err != nil {
			return err
		}
		switch {
		case t.kind == tokenEnd:
			if len(pieces) > 0 {
				text = string(pieces)
			}
			if !f.long && len(text) > d.opts.MaxText {
				d.report(finding{"core.limit.text", "CAP 1.2 §3.4", LevelError}, fmt.Sprintf("the text is longer than %d bytes: shorten it", d.opts.MaxText))
				return nil
			}
			f.read(d, text)
			return nil
		case t.kind == tokenText && text == "":
			text = string(t.text)
		case t.kind == tokenText:
			if len(pieces) == 0 {
				pieces = append(pieces, text...)
			}
			pieces = append(pieces, t.text...)
		default:
			if err := d.foreign(&progress{}, t); err != nil {
				return err
			}
			if d.notes.full() {
				return errStop
			}
		}
	}
}
