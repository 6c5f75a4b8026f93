package audience

import (
	"slices"
	"strings"

	"tocsin/cap"
	"tocsin/cap/event"
)

// What a person wants to hear of is kept as bits: one for each CAP category in the order of cap.Categories(), then one for
// each hazard in the order of event.Hazards(). No bit at all wants everything.

// everything has all bits: an info that is filtered out for nobody.
const everything int64 = -1

// wantNames are the names of the bits.
func wantNames() []string {
	var out []string
	for _, c := range cap.Categories() {
		out = append(out, string(c))
	}
	for _, h := range event.Hazards() {
		out = append(out, string(h))
	}
	return out
}

// parseWants reads CAP categories and hazards, separated by "|" or blanks, into bits; empty wants all, which is 0.
func parseWants(text string) (int64, error) {
	var bits int64
	names := wantNames()
	for one := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '|' || r == ' ' || r == ';' || r == ',' }) {
		i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, one) })
		if i < 0 {
			return 0, amiss("import.wants", "%q is no CAP category and no hazard; want some of %s, separated by |", shortened(one), join(names))
		}
		bits |= 1 << i
	}
	return bits, nil
}

// wantsOf names the bits that are set.
func wantsOf(bits int64) []string {
	var out []string
	for i, name := range wantNames() {
		if bits&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// topics has the bits of what an info speaks of. An event that no table knows, one that may be any danger, and a category
// that nobody knows are filtered out for nobody.
func (a *Audience) topics(in *cap.Info) int64 {
	found := a.events.Find(in)
	if !found.Known() || slices.Contains(found.Hazards, event.General) || len(in.Categories) == 0 {
		return everything
	}
	var bits int64
	for _, c := range in.Categories {
		i := slices.Index(cap.Categories(), c)
		if i < 0 {
			return everything
		}
		bits |= 1 << i
	}
	for _, h := range found.Hazards {
		bits |= 1 << (len(cap.Categories()) + slices.Index(event.Hazards(), h))
	}
	return bits
}
