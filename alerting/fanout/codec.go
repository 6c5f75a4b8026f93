package fanout

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math/bits"

	"tocsin/alerting"
)

// Bits marks places of a page.
type Bits [alerting.PageSize / 64]uint64

// Set marks a place.
func (b *Bits) Set(place uint8) { b[place/64] |= 1 << (place % 64) }

// Has reports whether a place is marked.
func (b *Bits) Has(place uint8) bool { return b[place/64]&(1<<(place%64)) != 0 }

// Count is the number of marked places.
func (b *Bits) Count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// Empty reports whether no place is marked.
func (b *Bits) Empty() bool { return *b == Bits{} }

// Without is the places of b that o does not mark.
func (b Bits) Without(o Bits) Bits {
	for i := range b {
		b[i] &^= o[i]
	}
	return b
}

// Or is the places that b or o marks.
func (b Bits) Or(o Bits) Bits {
	for i := range b {
		b[i] |= o[i]
	}
	return b
}

// All yields the marked places in rising order.
func (b Bits) All() iter.Seq[uint8] {
	return func(yield func(uint8) bool) {
		for i, w := range b {
			for ; w != 0; w &= w - 1 {
				if !yield(uint8(i*64 + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}

// Places lists the marked places in rising order.
func (b Bits) Places() []uint8 {
	out := make([]uint8, 0, b.Count())
	for p := range b.All() {
		out = append(out, p)
	}
	return out
}

// A version begins the persons of every page; another one is refused rather than guessed at. Of the second, areas follow: the
// first is what is written where no area is known, and what was written before areas were.
const (
	plainVersion = 1
	areasVersion = 2
)

// packPersons writes ids in place order: version, count - 1, then each id as its difference from the one before.
// Neighbours in a scan were often registered together, so most differences are short. Areas follow where one is known.
func packPersons(ids []int64, areas []uint16) []byte {
	version := byte(plainVersion)
	if knownAreas(areas) {
		version = areasVersion
	}
	out := make([]byte, 0, 3+3*len(ids))
	out = append(out, version, byte(len(ids)-1))
	last := int64(0)
	for _, id := range ids {
		out = binary.AppendVarint(out, id-last)
		last = id
	}
	if version == areasVersion {
		out = appendAreas(out, areas)
	}
	return out
}

// unpackPersons reads what packPersons wrote and nothing else: ids are positive, numbers are in their shortest form,
// and nothing follows. The areas are nil of a page that knows none.
func unpackPersons(b []byte) ([]int64, []uint16, error) {
	if len(b) < 2 || b[0] != plainVersion && b[0] != areasVersion {
		return nil, nil, corrupt("persons: no known version")
	}
	version := b[0]
	ids := make([]int64, int(b[1])+1)
	b = b[2:]
	last := int64(0)
	for i := range ids {
		delta, n := binary.Varint(b)
		if n <= 0 || n > 1 && b[n-1] == 0 {
			return nil, nil, corrupt("persons: bad number")
		}
		// Ids are positive, so a sum that overflows shows as a negative id.
		if last += delta; last <= 0 {
			return nil, nil, corrupt("persons: id %d", last)
		}
		ids[i], b = last, b[n:]
	}
	if version == areasVersion {
		areas, err := readAreas(b, len(ids))
		return ids, areas, err
	}
	if len(b) > 0 {
		return nil, nil, corrupt("persons: %d bytes too many", len(b))
	}
	return ids, nil, nil
}

// packInfos writes one byte when all places share an info, else one byte a place.
func packInfos(infos []uint8) []byte {
	for _, v := range infos {
		if v != infos[0] {
			return append([]byte(nil), infos...)
		}
	}
	return []byte{infos[0]}
}

func unpackInfos(b []byte, count int) ([]uint8, error) {
	if len(b) != 1 && len(b) != count {
		return nil, corrupt("infos: %d bytes for %d places", len(b), count)
	}
	out := make([]uint8, count)
	if len(b) == 1 {
		for i := range out {
			out[i] = b[0]
		}
		return out, nil
	}
	copy(out, b)
	if len(packInfos(out)) != len(b) {
		return nil, corrupt("infos: not in the short form")
	}
	return out, nil
}

func appendBits(out []byte, b Bits, count int) []byte {
	for i := range (count + 7) / 8 {
		out = append(out, byte(b[i/8]>>(8*(i%8))))
	}
	return out
}

func readBits(b []byte, count int) (Bits, []byte, error) {
	var out Bits
	n := (count + 7) / 8
	if len(b) < n {
		return out, nil, corrupt("places: %d bytes for %d places", len(b), count)
	}
	for i := range n {
		out[i/8] |= uint64(b[i]) << (8 * (i % 8))
	}
	if count%8 != 0 && b[n-1]>>(count%8) != 0 {
		return out, nil, corrupt("places: marks beyond the last place")
	}
	return out, b[n:], nil
}

func packInside(b Bits, count int) []byte { return appendBits(nil, b, count) }

func unpackInside(b []byte, count int) (Bits, error) {
	out, rest, err := readBits(b, count)
	if err == nil && len(rest) > 0 {
		err = corrupt("inside: %d bytes too many", len(rest))
	}
	return out, err
}

// packTargets writes a byte that says which channels follow, then the places of each; nil when there are none.
func packTargets(t [channelCount]Bits, count int) []byte {
	out := []byte{0}
	for c := range t {
		if !t[c].Empty() {
			out[0] |= 1 << c
			out = appendBits(out, t[c], count)
		}
	}
	if out[0] == 0 {
		return nil
	}
	return out
}

func unpackTargets(b []byte, count int) ([channelCount]Bits, error) {
	var out [channelCount]Bits
	if len(b) == 0 {
		return out, nil
	}
	mask, rest := b[0], b[1:]
	if mask == 0 || mask >= 1<<channelCount {
		return out, corrupt("targets: channels %#x", mask)
	}
	for c := range out {
		if mask&(1<<c) == 0 {
			continue
		}
		var err error
		if out[c], rest, err = readBits(rest, count); err != nil {
			return out, err
		}
		if out[c].Empty() {
			return out, corrupt("targets: a channel without places")
		}
	}
	if len(rest) > 0 {
		return out, corrupt("targets: %d bytes too many", len(rest))
	}
	return out, nil
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: manifest row: %s", alerting.ErrInvalid, fmt.Sprintf(format, args...))
}
