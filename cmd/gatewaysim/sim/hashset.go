package sim

import "sync"

// setShards spreads the locks of a hashSet; a power of two.
const setShards = 16

// hashSet counts 64-bit hashes: 12 bytes and at most twice that a member, so a million recipients take about 20 MB. Two
// recipients share a hash once in 10^13 pairs at that size, which no count of ours would notice. The zero value is
// empty; safe for many goroutines.
type hashSet struct {
	shards [setShards]setShard
}

type setShard struct {
	mu     sync.Mutex
	keys   []uint64
	counts []uint32
	used   int
	_      [8]byte
}

// add counts the hash and reports whether it is new.
func (s *hashSet) add(h uint64) bool {
	if h == 0 {
		h = 1 // 0 marks a free slot
	}
	sh := &s.shards[h>>60&(setShards-1)]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.used*4 >= len(sh.keys)*3 {
		sh.grow()
	}
	i := sh.slot(h)
	sh.counts[i]++
	if sh.keys[i] == h {
		return false
	}
	sh.keys[i] = h
	sh.used++
	return true
}

// count is how often the hash was added.
func (s *hashSet) count(h uint64) uint32 {
	if h == 0 {
		h = 1
	}
	sh := &s.shards[h>>60&(setShards-1)]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.keys) == 0 {
		return 0
	}
	i := sh.slot(h)
	if sh.keys[i] != h {
		return 0
	}
	return sh.counts[i]
}

// len is the number of different hashes.
func (s *hashSet) len() int {
	n := 0
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		n += sh.used
		sh.mu.Unlock()
	}
	return n
}

// slot is where h is, or the free slot where it belongs.
func (sh *setShard) slot(h uint64) int {
	mask := len(sh.keys) - 1
	i := int(h) & mask
	for sh.keys[i] != 0 && sh.keys[i] != h {
		i = (i + 1) & mask
	}
	return i
}

func (sh *setShard) grow() {
	keys, counts := sh.keys, sh.counts
	size := max(16, 2*len(keys))
	sh.keys, sh.counts = make([]uint64, size), make([]uint32, size)
	for i, k := range keys {
		if k != 0 {
			j := sh.slot(k)
			sh.keys[j], sh.counts[j] = k, counts[i]
		}
	}
}
