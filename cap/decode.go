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
	// source is the document as it came; the scanner may read it in another encoding.
	source []byte
	scan   *scanner
	opts   Options
	// tolerant is true at the door of Read.
	tolerant bool
	// silent is true while nothing is to be noted.
	silent  bool
	notes   notes
	version versions
	times   timeReader
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
	// leftOut is set when the model holds nothing of an element, not even an empty one, so that it does not count.
	leftOut bool
	// unread holds the paths of elements that are missing or could not be read.
	unread map[string]bool
	// wanted, when not nil, collects the lines of these paths.
	wanted map[string]int
}

// errStop ends the reading after a finding that makes the rest pointless.
var errStop = errors.New("reading stopped")

// decode reads the document and reports whether it came to its end; the findings are in d.notes.
func (d *decoder) decode() (whole bool) {
	err := d.scan.prolog(d.opts)
	if err == nil {
		err = d.root()
	}
	if f := (*fault)(nil); errors.As(err, &f) {
		d.pos = f.pos
		d.report(finding{f.id, f.clause, LevelError}, f.message)
	}
	return err == nil
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
	d.space, d.times = t.space, strictTimes(d.version)
	if d.tolerant {
		d.times = tolerantTimes(d.opts.Zone)
	}
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
		d.slip(readAttribute, "the attribute "+t.attr+" is not allowed: remove it")
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

// pathString names the present element.
func (d *decoder) pathString() string {
	if len(d.path) == 0 {
		return "document"
	}
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
	if !d.silent && d.notes.room(f.level) {
		d.notes.list = append(d.notes.list, Finding{f.id, f.clause, d.pathString(), message, d.scan.line(d.pos), f.level})
	}
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
	// texts, kept at the tolerant door only, are what the fields said that may stand only once.
	texts []string
}

// says keeps what a field says.
func (p *progress) says(i int, text string) {
	if p.texts == nil {
		p.texts = make([]string, len(p.fields))
	}
	p.texts[i] = text
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
				d.slip(readText, fmt.Sprintf("the text %q stands between elements: remove it", clip(trim(string(t.text)))))
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
	i, misspelt := -1, false
	if t.space == d.space {
		if i = d.find(p, t.local); i < 0 && d.tolerant {
			i = d.findMisspelt(p, t.local)
			misspelt = i >= 0
		}
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
	if misspelt {
		d.tolerates(readName, fmt.Sprintf("the element <%s> is read as <%s>: write it so", clip(t.local), f.name))
	}
	d.order(p, i)
	if !f.many && index > 0 {
		return d.left(d.doubled(p, i))
	}
	if f.many && index > d.limit(f) {
		d.report(finding{"core.limit", "CAP 1.2 §3.4", LevelError}, fmt.Sprintf("there are more than %d of these elements", d.limit(f)))
		return errStop
	}
	if f.children != nil {
		f.open(d)
		return d.left(d.parent(f.children()))
	}
	text, err := d.text(f)
	if err == nil && d.tolerant && !f.many {
		p.says(i, text)
	}
	if d.leftOut {
		d.leftOut = false
		p.seen[i]--
	}
	return d.left(err)
}

// order notes an element that stands after one that it must stand before.
func (d *decoder) order(p *progress, i int) {
	if i < p.at {
		after := "the signature"
		if p.at < len(p.fields) {
			after = p.fields[p.at].name
		}
		d.slip(readOrder, fmt.Sprintf("the element stands after %s: it must stand before it", after))
	}
	p.at = max(p.at, i)
}

// doubled deals with an element that stood before and may stand only once. At the tolerant door it may say the same once
// more; if it says something else, nobody knows which is meant, and the alert holds neither.
func (d *decoder) doubled(p *progress, i int) error {
	refused := finding{"core.element.doubled", "CAP 1.2 §3.4", LevelError}
	if !d.tolerant {
		d.report(refused, "the element may stand only once here: remove one")
		return d.skip()
	}
	f := &p.fields[i]
	text, ok, err := d.content()
	if err != nil {
		return err
	}
	if ok && p.texts != nil && trim(text) == trim(p.texts[i]) {
		d.tolerates(readDoubled, "the element stands twice, and both say the same: remove one")
		return nil
	}
	d.report(refused, "the element stands twice, and the two do not say the same: remove one")
	d.path[len(d.path)-1].index = 0
	d.unreadable()
	d.silent = true
	f.read(d, "")
	d.silent, d.leftOut = false, false
	return nil
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

// text reads an element that holds text only.
func (d *decoder) text(f *field) (string, error) {
	text, ok, err := d.content()
	switch {
	case err != nil:
	case !ok:
		d.unreadable()
	case !f.long && len(text) > d.opts.MaxText:
		d.report(finding{"core.limit.text", "CAP 1.2 §3.4", LevelError}, fmt.Sprintf("the text is longer than %d bytes: shorten it", d.opts.MaxText))
	default:
		f.read(d, text)
	}
	return text, err
}

// content gives the text of an element. Comments and CDATA may cut it into pieces; it must never be read in part, so ok
// is false when an element stands inside.
func (d *decoder) content() (text string, ok bool, err error) {
	ok = true
	var pieces []byte
	for {
		t, err := d.scan.next()
		if err != nil {
			return "", false, err
		}
		switch {
		case t.kind == tokenEnd:
			if len(pieces) > 0 {
				text = string(pieces)
			}
			return text, ok, nil
		case t.kind == tokenText && text == "":
			text = string(t.text)
		case t.kind == tokenText:
			if len(pieces) == 0 {
				pieces = append(pieces, text...)
			}
			pieces = append(pieces, t.text...)
		default:
			ok = false
			if err := d.foreign(&progress{}, t); err != nil {
				return "", false, err
			}
			if d.notes.full() {
				return "", false, errStop
			}
		}
	}
}
