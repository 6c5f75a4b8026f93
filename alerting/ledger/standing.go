package ledger

import (
	"context"
	"strconv"
	"strings"

	"tocsin/alerting"
)

// Standing reads the pages from one number to before another of a live alert, in the form in which they will be sealed one
// day. ErrNotReady when the ledger cannot vouch for them. Its memory is that of the pages, so ask for few at a time.
func (l *Ledger) Standing(ctx context.Context, id alerting.AlertID, from, to uint32) ([]SealedPage, error) {
	return l.sealedPages(ctx, id, from, to)
}

// StatesAt are the states of a place, each at the index of its channel.
func (p *SealedPage) StatesAt(place uint8) (states [4]alerting.State) {
	for c := range states {
		states[c] = stateAt(p.states[c], int(place))
	}
	return states
}

// Notes are the notes on the places of a page, oldest first, of the channel with an index. Those of an alert that was rebuilt
// begin with the rebuild: the journal tells states, and no reasons.
func (p *SealedPage) Notes(channel int) map[uint8][]Note {
	lines := make(map[uint8]*strings.Builder)
	for line := range strings.Lines(p.notes[channel]) {
		number, _, _ := strings.Cut(line, "\t")
		place, err := strconv.ParseUint(number, 10, 8)
		if err != nil {
			continue // As readNotes does.
		}
		if lines[uint8(place)] == nil {
			lines[uint8(place)] = new(strings.Builder)
		}
		lines[uint8(place)].WriteString(line)
	}
	notes := make(map[uint8][]Note, len(lines))
	for place, text := range lines {
		notes[place] = readNotes(text.String(), place)
	}
	return notes
}
