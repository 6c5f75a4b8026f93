package event

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"tocsin/cap"
)

// files hold the tables.
//
//go:embed data/*.tsv
var files embed.FS

// The lists of event codes.
const (
	OET      = "oet"      // OASIS Event Terms List
	SAME     = "same"     // US Emergency Alert System and weather radio
	CAPCP    = "capcp"    // Canadian profile
	AU       = "au"       // Australian profile
	GBT35561 = "gbt35561" // China, GB/T 35561
)

// Lists names the lists of event codes, in the order in which names are looked up.
func Lists() []string { return []string{OET, GBT35561, SAME, CAPCP, AU} }

// Entry is one line of a list: an event code, or the beginning that several share.
type Entry struct {
	// List is one of Lists.
	List string
	// Code ends with * when it stands for all that begin so.
	Code string
	// Hazards are the classes it belongs to, the main one first.
	Hazards []Hazard
	names   names
}

// Tables are all tables, ready to be asked. They never change: use them from as many goroutines as you like.
type Tables struct {
	entries []Entry
	// codes finds an entry by list and code, both in lower case; codes of prefixes end with *.
	codes map[[2]string]*Entry
	// named finds an entry by a name in lower case, in any language.
	named map[string]*Entry
	words *wordList
	hints map[cap.Category][]Hazard
	names map[Hazard]names
}

// Read decodes the embedded tables. The error names file and line; the tests rule it out. It takes some milliseconds: do
// it once.
func Read() (*Tables, error) {
	t := &Tables{codes: map[[2]string]*Entry{}, named: map[string]*Entry{}, hints: map[cap.Category][]Hazard{},
		names: map[Hazard]names{}}
	for _, step := range []func() error{t.readHazards, t.readLists, t.readWords, t.readHints} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	for i := range t.entries {
		e := &t.entries[i]
		t.codes[[2]string{e.List, strings.ToLower(e.Code)}] = e
		for _, n := range e.names {
			if key := strings.ToLower(n.text); t.named[key] == nil {
				t.named[key] = e
			}
		}
	}
	return t, nil
}

// Entries are all lines of all lists, in the order of Lists and of the files.
func (t *Tables) Entries() []Entry { return slices.Clone(t.entries) }

// line is a line of a table, split at its tabs.
type line struct {
	fields []string
	place  string
}

// readTable reads a table. Its first line that is no comment names the columns, and each other has as many fields.
func readTable(name string) (header []string, lines []line, err error) {
	data, err := files.ReadFile("data/" + name + ".tsv")
	if err != nil {
		return nil, nil, fmt.Errorf("event table %s: %w", name, err)
	}
	number := 0
	for text := range strings.Lines(string(data)) {
		number++
		text = strings.TrimRight(text, "\n")
		if text == "" || text[0] == '#' {
			continue
		}
		l := line{strings.Split(text, "\t"), fmt.Sprintf("event table %s, line %d", name, number)}
		if header == nil {
			header = l.fields
			continue
		}
		if len(l.fields) != len(header) || slices.Contains(l.fields, "") {
			return nil, nil, fmt.Errorf("%s: %d fields, of which none may be empty; the first line has %d", l.place, len(l.fields), len(header))
		}
		lines = append(lines, l)
	}
	return header, lines, nil
}

// hazardsOf reads hazards that are separated by blanks.
func hazardsOf(l line, text string) ([]Hazard, error) {
	var out []Hazard
	for one := range strings.FieldsSeq(text) {
		if !slices.Contains(Hazards(), Hazard(one)) {
			return nil, fmt.Errorf("%s: %q is no hazard", l.place, one)
		}
		out = append(out, Hazard(one))
	}
	return out, nil
}

// eachLine reads a table and calls take for each of its lines, with the hazards that one of its columns names.
func eachLine(table string, column int, take func(header []string, l line, hazards []Hazard)) error {
	header, lines, err := readTable(table)
	if err != nil {
		return err
	}
	for _, l := range lines {
		hazards, err := hazardsOf(l, l.fields[column])
		if err != nil {
			return err
		}
		take(header, l, hazards)
	}
	return nil
}

func (t *Tables) readHazards() error {
	err := eachLine("hazards", 0, func(header []string, l line, h []Hazard) { t.names[h[0]] = namesOf(header[1:], l.fields[1:]) })
	if err == nil && len(t.names) != len(Hazards()) {
		err = fmt.Errorf("event table hazards: %d of %d hazards", len(t.names), len(Hazards()))
	}
	return err
}

func (t *Tables) readLists() error {
	for _, list := range Lists() {
		err := eachLine(list, 1, func(header []string, l line, hazards []Hazard) {
			t.entries = append(t.entries, Entry{List: list, Code: l.fields[0], Hazards: hazards, names: namesOf(header[2:], l.fields[2:])})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Tables) readWords() error {
	t.words = &wordList{}
	err := eachLine("words", 0, func(_ []string, l line, hazards []Hazard) {
		for one := range strings.SplitSeq(l.fields[1], "|") {
			t.words.add(one, hazards)
		}
	})
	t.words.ready()
	return err
}

func (t *Tables) readHints() error {
	return eachLine("hints", 1, func(_ []string, l line, hazards []Hazard) { t.hints[cap.Category(l.fields[0])] = hazards })
}
