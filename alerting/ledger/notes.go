package ledger

import (
	"fmt"
	"strconv"
	"strings"
)

// Note is a line in the side field of a page: the history of a place that a state alone cannot tell.
type Note struct {
	Place   uint8  `json:"place"`
	Attempt uint8  `json:"attempt"`
	What    string `json:"what"`
	// At is in milliseconds since 1970.
	At        int64  `json:"at_ms"`
	Reason    string `json:"reason,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// noteLimit bounds one field of a note, in bytes; gateways sometimes answer with pages of text.
const noteLimit = 160

func writeNote(b *strings.Builder, n Note) {
	fmt.Fprintf(b, "%d\t%d\t%s\t%d\t%s\t%s\n", n.Place, n.Attempt, n.What, n.At, oneLine(n.Reason), oneLine(n.Reference))
}

func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if len(s) > noteLimit {
		s = strings.ToValidUTF8(s[:noteLimit], "")
	}
	return s
}

// readNotes gives the notes of one place, oldest first. A line that does not parse is passed over: notes are for
// people, and nothing is decided by them.
func readNotes(field string, place uint8) []Note {
	var notes []Note
	for line := range strings.Lines(field) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(parts) != 6 {
			continue
		}
		p, err1 := strconv.ParseUint(parts[0], 10, 8)
		attempt, err2 := strconv.ParseUint(parts[1], 10, 8)
		at, err3 := strconv.ParseInt(parts[3], 10, 64)
		if err1 != nil || err2 != nil || err3 != nil || uint8(p) != place {
			continue
		}
		notes = append(notes, Note{uint8(p), uint8(attempt), parts[2], at, parts[4], parts[5]})
	}
	return notes
}
