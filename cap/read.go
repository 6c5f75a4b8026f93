package cap

import (
	"fmt"
	"slices"
)

// Read reads a document of CAP 1.2, 1.1 or 1.0 as authorities really send them. It is the tolerant door beside Parse:
// what can mean one thing only is read, and each slip is a finding of LevelWarning that says what was passed over and
// what should have been written; Tolerances lists their kinds. Nothing is guessed: what may mean two things, or
// nothing, is a finding of LevelError. Signatures are passed over unread and unverified.
//
// The alert and the findings together have three meanings:
//   - The alert is nil: the document is hostile, too large, or cannot be read to its end. There is an error among the
//     findings.
//   - There is an alert and findings.Err() is nil: the alert means one thing and may be relied on. Write writes it, and
//     Parse then gives the same alert.
//   - There is an alert and findings.Err() is not nil: the alert is for people to look at, not to be passed on. What an
//     error names is empty where it could not be read or contradicts itself; otherwise it is as the document has it.
//
// Hostile input ends at both doors alike: a DOCTYPE and its entities, too much of anything, a second root or an alert
// inside the alert, NUL and other characters that XML does not have, bytes of no known encoding.
//
// The findings stand in the order of the document. At most 100 of each level are listed; read.more says how many warnings
// and pieces of advice were not.
func Read(data []byte, opts Options) (*Alert, Findings) {
	d := newDecoder(data, opts, true)
	var alert *Alert
	if d.decode() {
		d.check()
		alert = d.alert
		forgetUnknown(alert)
	}
	if more := d.notes.unlisted(); more > 0 {
		d.notes.list = append(d.notes.list, Finding{"read.more", "CAP 1.2 §3.4", "alert",
			fmt.Sprintf("%d more findings are not listed", more), d.scan.line(len(d.scan.data)), LevelWarning})
	}
	d.notes.list.sort()
	return alert, d.notes.list
}

// settle passes over the slips that only show once the whole alert is read. Its findings lack their lines.
func (d *decoder) settle() []Finding {
	var found []Finding
	if !d.tolerant {
		return nil
	}
	add := func(t tolerance, path, message string) {
		row := t.of()
		found = append(found, Finding{ID: row.ID, Clause: row.Clause, Path: path, Message: message, Level: LevelWarning})
	}
	a := d.alert
	others := slices.DeleteFunc(slices.Clone(a.References), func(r Reference) bool { return selfReference(a, r) != "" })
	if len(others) < len(a.References) {
		add(readReferencesSelf, "alert/references", "the message names itself among the earlier ones, which is left out: name earlier ones only")
		if a.References = others; len(others) == 0 {
			a.References = nil
		}
	}
	for i := range a.Infos {
		info := &a.Infos[i]
		if d.version == in10 && len(info.Categories) == 0 {
			add(readCategory, infoPath(i)+"/category", "the element is missing, as CAP 1.0 allowed, and read as Other: add it")
			info.Categories = []Category{"Other"}
		}
		for k := range info.Resources {
			path := fmt.Sprintf("%s/resource[%d]/mimeType", infoPath(i), k+1)
			if r := &info.Resources[k]; r.MIMEType == "" && !d.unread[path] {
				add(readMIMEType, path, "the element is missing and read as application/octet-stream, the type of what is not known: write the true one")
				r.MIMEType = "application/octet-stream"
			}
		}
	}
	return found
}
