package report

import "math/bits"

// crowd is a set of people by id. Ids were given one after the other, so that 64 of them mostly share a word.
type crowd struct {
	words map[int64]uint64
	count int64
}

func newCrowd() *crowd { return &crowd{words: make(map[int64]uint64)} }

func (c *crowd) add(id int64) {
	if word, bit := c.words[id>>6], uint64(1)<<(id&63); word&bit == 0 {
		c.words[id>>6] = word | bit
		c.count++
	}
}

// drop takes one out.
func (c *crowd) drop(id int64) {
	if word, bit := c.words[id>>6], uint64(1)<<(id&63); word&bit != 0 {
		c.words[id>>6] = word &^ bit
		c.count--
	}
}

func (c *crowd) has(id int64) bool { return c.words[id>>6]&(1<<(id&63)) != 0 }

// shared is how many people two crowds have in common.
func (c *crowd) shared(o *crowd) int64 {
	if len(o.words) < len(c.words) {
		c, o = o, c
	}
	n := 0
	for at, word := range c.words {
		n += bits.OnesCount64(word & o.words[at])
	}
	return int64(n)
}

// some are at most so many of the people.
func (c *crowd) some(most int) []int64 {
	var ids []int64
	for at, word := range c.words {
		for ; word != 0 && len(ids) < most; word &= word - 1 {
			ids = append(ids, at<<6+int64(bits.TrailingZeros64(word)))
		}
		if len(ids) == most {
			break
		}
	}
	return ids
}
