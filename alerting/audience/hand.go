package audience

import "database/sql"

// hand is what a scan reads a row into, over and over, so that a row that is not kept costs no memory of its own.
type hand struct {
	cell, person, wants int64
	min                 int
	language            sql.RawBytes
	// addresses stand as in alerting.PeopleChannels().
	addresses [3]sql.RawBytes

	withCell []any
	arena    []byte
	// lastName and lastRanks spare a look-up: neighbours speak alike.
	lastName  string
	lastRanks []int
}

// arenaSize is the block in which kept addresses lie together.
const arenaSize = 64 << 10

// targets are where the columns of a row go; rows of places begin with the cell.
func (h *hand) targets(withCell bool) []any {
	if h.withCell == nil {
		h.withCell = []any{&h.cell, &h.person, &h.min, &h.language, &h.wants, &h.addresses[0], &h.addresses[1], &h.addresses[2]}
	}
	if withCell {
		return h.withCell
	}
	return h.withCell[1:]
}

// reachable reports whether any of some addresses is there.
func reachable[B ~[]byte](addresses []B) bool {
	for _, a := range addresses {
		if len(a) > 0 {
			return true
		}
	}
	return false
}

func (h *hand) reachable() bool { return reachable(h.addresses[:]) }

// ranks is the ranking for the row's language.
func (h *hand) ranks(t *tongues) []int {
	if h.lastRanks == nil || string(h.language) != h.lastName {
		h.lastName = string(h.language)
		h.lastRanks = t.of(h.lastName)
	}
	return h.lastRanks
}

// keep copies the row's addresses, since the driver's bytes last only until the next row.
func (h *hand) keep() (kept [4][]byte) {
	for i, a := range h.addresses {
		if len(a) == 0 {
			continue
		}
		if cap(h.arena)-len(h.arena) < len(a) {
			h.arena = make([]byte, 0, max(arenaSize, len(a)))
		}
		start := len(h.arena)
		h.arena = append(h.arena, a...)
		kept[i] = h.arena[start:len(h.arena):len(h.arena)]
	}
	return kept
}
