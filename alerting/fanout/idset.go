package fanout

import (
	"iter"
	"math/bits"
	"slices"
)

// idSet is a set of row ids. Ids are handed out in blocks and lie close together, so a bit an id is enough: ten million
// of them take about two megabytes.
type idSet map[int64]*[16]uint64

// add reports whether the id is new.
func (s idSet) add(id int64) bool {
	chunk := s[id>>10]
	if chunk == nil {
		chunk = new([16]uint64)
		s[id>>10] = chunk
	}
	word, bit := (id&1023)>>6, uint64(1)<<(id&63)
	fresh := chunk[word]&bit == 0
	chunk[word] |= bit
	return fresh
}

func (s idSet) has(id int64) bool {
	chunk := s[id>>10]
	return chunk != nil && chunk[(id&1023)>>6]&(1<<(id&63)) != 0
}

// all yields the ids, in no order.
func (s idSet) all() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for block, chunk := range s {
			for i, word := range chunk {
				for ; word != 0; word &= word - 1 {
					if !yield(block<<10 + int64(i<<6+bits.TrailingZeros64(word))) {
						return
					}
				}
			}
		}
	}
}

// roll is who already stands in an expansion's manifest: as a person, by channel, and by channel among those who are
// told only later. Sirens stand under their own channel only, because their ids are not those of people.
type roll struct {
	people  idSet
	channel [channelCount]idSet
	later   [channelCount]idSet
}

func newRoll() *roll {
	r := &roll{people: idSet{}}
	for c := range channelCount {
		r.channel[c], r.later[c] = idSet{}, idSet{}
	}
	return r
}

// silent reports whether a person stands in the manifest and is told nothing.
func (r *roll) silent(id int64) bool {
	return r.people.has(id) && !slices.ContainsFunc(r.channel[:sirenChannel], func(on idSet) bool { return on.has(id) })
}

// note enters a page and returns how many people on it stood on no page before.
func (r *roll) note(p *Page) int64 {
	fresh := int64(0)
	for place, id := range p.Persons {
		if p.Kind == People && r.people.add(id) {
			fresh++
		}
		for c := range channelCount {
			if p.Targets[c].Has(uint8(place)) {
				r.channel[c].add(id)
			}
			if p.Later[c].Has(uint8(place)) {
				r.later[c].add(id)
			}
		}
	}
	return fresh
}
