package cap

import (
	"fmt"
	"strings"
)

// This file is about elements that do not belong where they stand.

// findMisspelt gives the field that a name means which no field has: in another case, or with a slip that authorities
// make.
func (d *decoder) findMisspelt(p *progress, local []byte) int {
	name := string(local)
	switch name {
	case "reference":
		name = "references"
	case "address":
		name = "addresses"
	case "incident":
		name = "incidents"
	}
	for i := range p.fields {
		if f := &p.fields[i]; len(f.name) == len(name) && strings.EqualFold(f.name, name) && (f.in == 0 || f.in&d.version != 0) {
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
	if err := nested(t); err != nil {
		return err
	}
	switch {
	case signature:
		p.at = len(p.fields)
		if d.version != in12 {
			d.report(finding{"core.signature.version", "CAP 1.2 §3.3.4", LevelWarning}, "the schema of this version has no place for a signature: use CAP 1.2")
		}
	case t.space == d.space:
		d.unknown(p, readUnknown, "CAP has no such element here: check its spelling and place, or remove it")
	default:
		d.unknown(p, readForeign, fmt.Sprintf("the element is of the namespace %q: only XML signatures may be added, after the last info", clip(t.space)))
	}
	return d.left(d.skip())
}

// unknown notes an element that does not belong here. It is passed over between elements only: inside a text, part of
// what is said would be lost with it.
func (d *decoder) unknown(p *progress, t tolerance, message string) {
	if p.fields != nil {
		d.slip(t, message)
		return
	}
	row := t.of()
	d.report(finding{row.Strict, row.Clause, LevelError}, message)
}

// nested refuses an alert inside an alert, be it in a signature: whoever looks for the alert in such a document may find
// the wrong one.
func nested(t token) error {
	if v, _ := versionOf(t.space); v != 0 && string(t.local) == "alert" {
		return &fault{"core.alert.nested", "CAP 1.2 §3.4", "an alert stands inside the alert: one document holds one alert", t.pos}
	}
	return nil
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
			if err := nested(t); err != nil {
				return err
			}
			depth++
		case tokenEnd:
			depth--
		}
	}
	return nil
}
