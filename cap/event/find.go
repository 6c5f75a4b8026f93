package event

import (
	"slices"
	"strings"

	"tocsin/cap"
)

// How says by what an event was recognised.
type How string

// The ways, the surest first.
const (
	ByCode How = "code" // an event code of a list
	ByName How = "name" // the event's text is a name of a list
	ByWord How = "word" // the event's text holds words that tell
	// ByCategory: nothing but the categories tell, and they only hint at it.
	ByCategory How = "category"
	Unknown    How = "unknown"
)

// Found is what the tables know of an event.
type Found struct {
	How How
	// Hazards are the dangers it speaks of, the main one first; none when Unknown.
	Hazards []Hazard
	// Entry is the line of a list, where one was found: always with ByCode and ByName.
	Entry *Entry

	tables *Tables
}

// Known reports whether a table knows the event. What is not known must be filtered out for nobody: Hazards are then a
// hint for choosing an icon, and no more.
func (f *Found) Known() bool { return f.How == ByCode || f.How == ByName || f.How == ByWord }

// Concerns reports whether the event may be of interest to somebody who wants to hear of a hazard: it is one of its
// hazards, or a danger of any kind, or nobody knows what it is.
func (f *Found) Concerns(h Hazard) bool {
	return !f.Known() || slices.Contains(f.Hazards, h) || slices.Contains(f.Hazards, General)
}

// Name is what the event is called in a language (a tag of RFC 3066), else in English; empty when Unknown.
func (f *Found) Name(tag string) string {
	switch {
	case f.Entry != nil:
		return f.tables.EntryName(f.Entry, tag)
	case len(f.Hazards) > 0:
		return f.tables.Name(f.Hazards[0], tag)
	}
	return ""
}

// Find tells which dangers an info speaks of: by its event codes first, else by the text of its event in whatever
// language, else by its categories. A code that names no danger, such as an evacuation, is filled up from the text.
func (t *Tables) Find(info *cap.Info) Found {
	f := Found{How: Unknown, tables: t}
	for _, v := range info.EventCodes {
		if e := t.code(v); e != nil {
			if f.Entry == nil {
				f.How, f.Entry = ByCode, e
			}
			f.Hazards = add(f.Hazards, e.Hazards...)
		}
	}
	if f.Known() && !slices.Contains(f.Hazards, General) {
		return f
	}
	text := strings.ToLower(strings.Join(strings.Fields(info.Event), " "))
	if e := t.named[text]; e != nil {
		if f.Entry == nil {
			f.How, f.Entry = ByName, e
		}
		f.Hazards = add(f.Hazards, e.Hazards...)
		return f
	}
	if hazards := t.words.find(text); len(hazards) > 0 {
		if f.Entry == nil {
			f.How = ByWord
		}
		f.Hazards = add(f.Hazards, hazards...)
	}
	if f.How == Unknown {
		if f.Hazards = t.Hints(info.Categories); len(f.Hazards) > 0 {
			f.How = ByCategory
		}
	}
	return f
}

// Hints are the hazards that categories hint at; none where they are not known.
func (t *Tables) Hints(categories []cap.Category) []Hazard {
	var out []Hazard
	for _, c := range categories {
		out = add(out, t.hints[c]...)
	}
	return out
}

// Lookup finds a code of a list: its own line, else that of the longest beginning that the list has. Case does not count.
func (t *Tables) Lookup(list, code string) (*Entry, bool) {
	code = strings.ToLower(strings.TrimSpace(code))
	if len(code) > 32 {
		return nil, false
	}
	if e := t.codes[[2]string{list, code}]; e != nil && !strings.HasSuffix(code, "*") {
		return e, true
	}
	for n := len(code); n > 0; n-- {
		if e := t.codes[[2]string{list, code[:n] + "*"}]; e != nil {
			return e, true
		}
	}
	return nil, false
}

// code finds an event code of an alert; nil when its list or the code is not known.
func (t *Tables) code(v cap.Value) *Entry {
	list := listOf(v.Name)
	if list == "" {
		return nil
	}
	e, _ := t.Lookup(list, v.Value)
	return e
}

// listOf is the list that an eventCode's valueName speaks of; empty when it is none of ours. Versions do not count.
func listOf(valueName string) string {
	name := strings.ToLower(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n\r/-_.", r) {
			return -1
		}
		return r
	}, valueName))
	for _, one := range []struct{ part, list string }{
		{"aueventlist", AU}, {"govsharegovau", AU}, {"capcp:event", CAPCP}, {"cdnevent", CAPCP},
		{"35561", GBT35561}, {"突发事件", GBT35561},
	} {
		if strings.Contains(name, one.part) {
			return one.list
		}
	}
	switch {
	case name == "same":
		return SAME
	case name == "oet" || strings.HasPrefix(name, "oet:"):
		return OET
	}
	return ""
}
