package audience

// blockBits is the size of a block of seen: 8 KB.
const blockBits = 1 << 16

// seen is a growing set of row ids: a bit each, in blocks, so that a few large ids cost no more than many small ones.
// Ten million people take 1.25 MB.
type seen struct {
	blocks map[int64]*[blockBits / 64]uint64
}

// add puts an id in and reports whether it was new.
func (s *seen) add(id int64) bool {
	block := s.blocks[id/blockBits]
	if block == nil {
		if s.blocks == nil {
			s.blocks = map[int64]*[blockBits / 64]uint64{}
		}
		block = new([blockBits / 64]uint64)
		s.blocks[id/blockBits] = block
	}
	bit := uint64(id) % blockBits //nolint:gosec // ids are positive
	word, mask := &block[bit/64], uint64(1)<<(bit%64)
	fresh := *word&mask == 0
	*word |= mask
	return fresh
}

// has reports whether an id is in the set.
func (s *seen) has(id int64) bool {
	block := s.blocks[id/blockBits]
	if block == nil {
		return false
	}
	bit := uint64(id) % blockBits //nolint:gosec // ids are positive
	return block[bit/64]&(1<<(bit%64)) != 0
}

// remove takes an id out.
func (s *seen) remove(id int64) {
	if block := s.blocks[id/blockBits]; block != nil {
		bit := uint64(id) % blockBits //nolint:gosec // ids are positive
		block[bit/64] &^= 1 << (bit % 64)
	}
}
