package cap

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxFindings bounds the findings of one alert: so many of each level.
const maxFindings = 100

// notes collects findings. Those of one level never push out those of another.
type notes struct {
	list  Findings
	count [LevelAdvice + 1]int
}

func (n *notes) add(f Finding) {
	if n.room(f.Level) {
		n.list = append(n.list, f)
	}
}

// room counts a finding and reports whether it is to be noted.
func (n *notes) room(level Level) bool {
	level = min(level, LevelAdvice)
	n.count[level]++
	return n.count[level] <= maxFindings
}

// unlisted is how many findings below LevelError there was no room for.
func (n *notes) unlisted() int {
	return max(n.count[LevelWarning]-maxFindings, 0) + max(n.count[LevelAdvice]-maxFindings, 0)
}

// full reports whether no more errors are noted, so that reading on is pointless.
func (n *notes) full() bool { return n.count[LevelError] >= maxFindings }

// Parse reads a document of CAP 1.2, 1.1 or 1.0 strictly: what it accepts is well formed, in the order of the schema,
// with nothing doubled or foreign, and breaks no rule of LevelError. The error is then nil; otherwise it is a Findings
// that holds all that was found, up to 100 errors. XML that is not well formed or passes a limit ends at its first
// fault. Signatures are passed over unread and unverified.
//
// The alert holds none of data's bytes. A document of 3 KB takes some 50 µs.
func Parse(data []byte, opts Options) (*Alert, error) {
	alert, findings := ParseAll(data, opts)
	if err := findings.Err(); err != nil {
		return nil, err
	}
	return alert, nil
}

// ParseAll is Parse for those who show warnings too. The findings stand in the order of the document. The alert is nil
// exactly when findings.Err() is not.
func ParseAll(data []byte, opts Options) (*Alert, Findings) {
	alert, findings := Inspect(data, opts)
	if findings.Err() != nil {
		return nil, findings
	}
	return alert, findings
}

// Inspect is ParseAll for those who have rules of their own, and want to say all that is wrong at once. The alert is nil
// only when the document could not be read to its end. Where findings.Err() is not nil it may lack what a finding names:
// it is good for looking at, and for nothing else.
func Inspect(data []byte, opts Options) (*Alert, Findings) {
	d := newDecoder(data, opts, false)
	d.decode()
	alert := d.alert
	if alert != nil && d.scan.rootDone {
		d.check()
	} else {
		alert = nil
	}
	d.notes.list.sort()
	return alert, d.notes.list
}

// Merge adds what the caller's own rules found to the findings of reading a document: each gets the line of the element
// that its path names or, where that is missing, of the nearest one around it. Either list may be empty. It counts
// elements as the door did from which the findings of reading are: Read leaves some out.
func Merge(data []byte, opts Options, read, own Findings) Findings {
	if len(own) == 0 {
		return read
	}
	tolerant := slices.ContainsFunc(read, func(f Finding) bool { return strings.HasPrefix(f.ID, "read.") })
	lines := newDecoder(data, opts, tolerant).locate(own)
	all := slices.Clone(read)
	for _, f := range own {
		f.Line = lines.of(f.Path)
		all = append(all, f)
	}
	all.sort()
	return all
}

// Oversize is the finding about a document of so many bytes, for those who do not read it to the end.
func Oversize(size int64, limit int) Finding {
	return Finding{"xml.size", "CAP 1.2 §3.4", "document",
		fmt.Sprintf("the document has %d bytes, more than the %d allowed here: shorten it", size, limit), 1, LevelError}
}

// sort puts the findings into the order of the document.
func (f Findings) sort() {
	slices.SortStableFunc(f, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
}

func newDecoder(data []byte, opts Options, tolerant bool) *decoder {
	d := &decoder{source: data, opts: opts.withDefaults(), tolerant: tolerant, path: make([]step, 0, maxDepth)}
	d.scan = newScanner(data, d.slipAt)
	return d
}

// check runs the rules on the alert as read. Where an element could not be read, what the rules say of it is left out:
// they would only say that it is missing.
func (d *decoder) check() {
	alert, found := d.alert, d.settle()
	if d.tolerant {
		// What Read gives must be fit for Write, which writes CAP 1.2.
		current := *d.alert
		current.Version = "1.2"
		alert = &current
	}
	for _, f := range Check(alert, d.opts.Profile) {
		if !d.unread[f.Path] {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		return
	}
	lines := d.locate(found)
	for _, f := range found {
		f.Line = lines.of(f.Path)
		d.notes.add(f)
	}
}

// lineOf holds the lines of elements by path; 0 where the document has no such element.
type lineOf map[string]int

// of is the line of an element, or of the nearest one around it that is there.
func (l lineOf) of(path string) int {
	for ; path != ""; path = parentPath(path) {
		if l[path] > 0 {
			return l[path]
		}
	}
	return 0
}

// locate reads the document once more to find the lines of the elements that findings speak of, and of their parents.
func (d *decoder) locate(found []Finding) lineOf {
	again := newDecoder(d.source, d.opts, d.tolerant)
	again.wanted, again.silent = map[string]int{}, true
	for _, f := range found {
		for path := f.Path; path != ""; path = parentPath(path) {
			again.wanted[path] = 0
		}
	}
	again.decode()
	return again.wanted
}

// parentPath is a path without its last step.
func parentPath(path string) string {
	return path[:max(strings.LastIndexByte(path, '/'), 0)]
}
