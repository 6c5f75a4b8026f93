package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
)

// text is a body or sender, with all that is worth computing once: thousands of messages share it.
type text struct {
	index uint32
	plain string
	// json is the text as a JSON string, quotes included.
	json string
	// key is the first 16 hexadecimal digits of its SHA-256, the alert of a message that names none.
	key      string
	segments int
}

// maxTexts bounds how many are kept; a message whose text is not kept is later shown without it.
const maxTexts = 1 << 16

// texts interns strings; safe for many goroutines.
type texts struct {
	mu    sync.RWMutex
	index map[string]*text
	list  []*text
}

func newTexts() *texts {
	t := &texts{index: map[string]*text{}}
	t.intern(nil) // number 0 is the empty text
	return t
}

// intern finds or makes a text.
func (t *texts) intern(b []byte) *text {
	t.mu.RLock()
	found := t.index[string(b)]
	t.mu.RUnlock()
	if found != nil {
		return found
	}
	made := newText(string(b))
	t.mu.Lock()
	defer t.mu.Unlock()
	if found = t.index[made.plain]; found != nil {
		return found
	}
	if len(t.list) >= maxTexts {
		return made
	}
	made.index = uint32(len(t.list))
	t.list = append(t.list, made)
	t.index[made.plain] = made
	return made
}

func (t *texts) at(i uint32) *text {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.list[i]
}

func newText(plain string) *text {
	quoted, err := json.Marshal(plain)
	if err != nil {
		quoted = []byte(`""`) // a string always marshals
	}
	return &text{plain: plain, json: string(quoted), key: shortHash([]byte(plain)), segments: segments(plain)}
}

// shortHash is the first 16 hexadecimal digits of SHA-256: what stands for an alert when a message does not name one.
func shortHash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// outbox remembers the messages that the SMS gateway took: 48 bytes each, the last four million or so.
type outbox struct {
	salt uint64

	mu     sync.RWMutex
	chunks []*[outboxChunk]message
	next   uint64
}

const (
	outboxChunk  = 8192
	outboxChunks = 512
)

// message is one SMS. Its status follows from these times and the clock.
type message struct {
	to      uint64 // the digits of the number, without "+"
	created int64  // unix microseconds
	sent    int64
	final   int64
	body    uint32
	from    uint32
	code    uint16
	flags   choreFlags
}

func newOutbox(salt uint64) *outbox { return &outbox{salt: mix(salt)} }

// add keeps a message and returns its number, 1 for the first.
func (o *outbox) add(m message) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := o.next
	if i%outboxChunk == 0 {
		o.chunks = append(o.chunks, new([outboxChunk]message))
		if n := len(o.chunks); n > outboxChunks {
			o.chunks[n-1-outboxChunks] = nil
		}
	}
	o.chunks[i/outboxChunk][i%outboxChunk] = m
	o.next++
	return o.next
}

// get finds a message by its number.
func (o *outbox) get(seq uint64) (message, bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if seq == 0 || seq > o.next {
		return message{}, false
	}
	chunk := o.chunks[(seq-1)/outboxChunk]
	if chunk == nil {
		return message{}, false
	}
	return chunk[(seq-1)%outboxChunk], true
}

// sid is the message's name: it holds the number, so no index is needed.
func (o *outbox) sid(b []byte, seq uint64) []byte {
	a := mix(seq ^ o.salt)
	return appendHex(appendHex(append(b, "SM"...), seq^a), a)
}

// number reads what sid wrote.
func (o *outbox) number(sid string) (uint64, bool) {
	var a, b uint64
	if len(sid) != 34 || sid[:2] != "SM" {
		return 0, false
	}
	if _, err := fmt.Sscanf(sid[2:], "%16x%16x", &b, &a); err != nil {
		return 0, false
	}
	seq := a ^ b
	return seq, mix(seq^o.salt) == a
}

// appendHex writes 16 hexadecimal digits.
func appendHex(b []byte, v uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[v>>shift&15])
	}
	return b
}
