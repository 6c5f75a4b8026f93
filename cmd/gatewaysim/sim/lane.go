package sim

import (
	"errors"
	"fmt"
	"os"
)

// pageSize is how many bytes of chores form a page; memoryPages pages (64 MB) are kept in memory by all lanes together.
const (
	pageSize    = 128 << 10
	memoryPages = 512
)

// lane is a queue of encoded chores: one page being read, one being written, the full ones between them.
type lane struct {
	head []byte
	read int
	full []page
	tail []byte
}

// page is a full page, in memory or, when data is nil, at an offset of the spill file.
type page struct {
	data   []byte
	offset int64
	length int
}

func (q *lane) push(c *chore, disk *spill) error {
	if len(q.tail) >= pageSize {
		p, err := disk.keep(q.tail)
		if err != nil {
			return err
		}
		q.full = append(q.full, p)
		if q.tail = q.tail[:0]; p.data != nil {
			q.tail = make([]byte, 0, pageSize+4096)
		}
	}
	q.tail = appendChore(q.tail, c)
	return nil
}

// front is the encoded rest that begins with the next chore, nil when the lane is empty.
func (q *lane) front(disk *spill) ([]byte, error) {
	for q.read >= len(q.head) {
		q.read = 0
		if len(q.full) == 0 {
			if len(q.tail) == 0 {
				return nil, nil
			}
			q.head, q.tail = q.tail, q.head[:0]
			continue
		}
		data, err := disk.fetch(q.full[0])
		if err != nil {
			return nil, err
		}
		q.head, q.full = data, q.full[1:]
	}
	return q.head[q.read:], nil
}

// spill is a file without a name for pages beyond memoryPages. It is emptied whenever nothing in it is needed.
type spill struct {
	file   *os.File
	pages  int // full pages in memory
	onDisk int // pages in the file
	end    int64
	used   int64
}

// keep stores a full page, on disk when memory is used up.
func (s *spill) keep(data []byte) (page, error) {
	if s.pages < memoryPages {
		s.pages++
		return page{data: data, length: len(data)}, nil
	}
	if s.file == nil {
		f, err := os.CreateTemp("", "gatewaysim-spill-*")
		if err != nil {
			return page{}, fmt.Errorf("make spill file: %w", err)
		}
		if err := os.Remove(f.Name()); err != nil {
			return page{}, errors.Join(fmt.Errorf("unlink spill file: %w", err), f.Close())
		}
		s.file = f
	}
	if _, err := s.file.WriteAt(data, s.end); err != nil {
		return page{}, fmt.Errorf("write spill file: %w", err)
	}
	p := page{offset: s.end, length: len(data)}
	s.end += int64(len(data))
	s.used += int64(len(data))
	s.onDisk++
	return p, nil
}

// fetch gives a page back and frees its place.
func (s *spill) fetch(p page) ([]byte, error) {
	if p.data != nil {
		s.pages--
		return p.data, nil
	}
	data := make([]byte, p.length)
	if _, err := s.file.ReadAt(data, p.offset); err != nil {
		return nil, fmt.Errorf("read spill file: %w", err)
	}
	s.used -= int64(p.length)
	if s.onDisk--; s.onDisk == 0 {
		s.end = 0
		if err := s.file.Truncate(0); err != nil {
			return nil, fmt.Errorf("empty spill file: %w", err)
		}
	}
	return data, nil
}

// forget frees all pages.
func (s *spill) forget() {
	s.pages, s.onDisk, s.end, s.used = 0, 0, 0, 0
}

func (s *spill) close() error {
	if s.file == nil {
		return nil
	}
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close spill file: %w", err)
	}
	return nil
}
