package stream

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/seal"
)

// A batch that is sealed with a key which is not here is not poison: the key may be on its way, and the batch is
// somebody's warning. It is held and tried again; its partition commits nothing beyond it, but hands out what stands
// behind it. The other end of the rope: anybody who may write to the topic can name a key that never was, so only what
// the issued alerts confirm is held for long.

// Board is what is known of the issued alerts; a Follower is one.
type Board interface {
	Standing(id alerting.AlertID) (alerting.Standing, bool)
	// Fresh is false when the board may lack what was issued lately.
	Fresh(now time.Time) bool
}

const (
	// keyPause is how often a batch is tried whose key is missing.
	keyPause = time.Second
	// unknownFor is how long such a batch may name an alert that nobody knows of.
	unknownFor = 5 * time.Second
)

// missingKey is the key that a record waits for; nil for a record that is readable, or is not and never will be.
func missingKey(r *record) *seal.UnknownKey {
	var missing *seal.UnknownKey
	if errors.As(r.bad, &missing) {
		return missing
	}
	return nil
}

// keep holds a record whose key is missing, outside the window, until it can be read or it is vain to wait: then it has
// a place in the window again. It is nil when the partition is another's or the process drains.
func (p *partition) keep(r *record) *seat {
	s := p.m.s
	gauge := s.metrics.held.WithLabelValues(string(p.topic.kind))
	gauge.Inc()
	defer gauge.Dec()
	noted := ""
	defer func() { s.forgo(noted) }()
	header := readHeader(r.value)
	for begin := s.parts.Now(); ; {
		missing := missingKey(r)
		if missing == nil {
			return p.sit(r)
		}
		known, why := p.vain(r, header, begin)
		if why != "" {
			r.bad = fmt.Errorf("%w; it is not waited for: %s", r.bad, why)
			return p.sit(r)
		}
		// Records that nothing vouches for must not make a healthy process look ill.
		if known && noted == "" {
			noted = missing.Fingerprint
			s.lack(missing)
		}
		if p.ownership().t == nil || !s.wait(p.m.work, p.m.draining, keyPause) {
			return nil
		}
		p.m.decode(p.topic, r)
	}
}

// sit waits for a place in the window of a record's line. A partition that was lost and came back at once is still ours:
// the record is not handed out a second time while it is held here.
func (p *partition) sit(r *record) *seat {
	window := p.window(p.m.lineOf(r))
	for own := p.ownership(); own.t != nil; own = p.ownership() {
		select {
		case window <- struct{}{}:
			return &seat{window: window}
		case <-own.Lost():
		case <-p.m.draining:
			return nil
		case <-p.m.work.Done():
			return nil
		}
	}
	return nil
}

// vain says whether the alert of a batch without a key is known, and why the batch need not be held: because its alert
// is over, or because its header, which anybody can write, does not fit what was issued. Without a board the header is
// believed, within the longest validity.
func (p *partition) vain(r *record, b *alerting.Batch, begin time.Time) (known bool, why string) {
	s, now := p.m.s, p.m.s.parts.Now()
	until := b.Expires
	if latest := r.time.Add(s.cfg.LongestValidity); until.After(latest) {
		until = latest
	}
	if p.m.board != nil {
		st, ok := p.m.board.Standing(b.Alert)
		switch {
		case !ok || st.Issued == nil:
			if now.Sub(begin) >= unknownFor && p.m.board.Fresh(now) {
				return false, "no such alert was issued"
			}
			return false, ""
		case st.Issued.Envelope.World != p.topic.world:
			return true, "the alert was issued in the world " + string(st.Issued.Envelope.World)
		case st.Issued.Envelope.Digest != b.Digest:
			return true, "the batch was made from another document than the issued one"
		}
		if until.After(st.Issued.Expires) {
			until = st.Issued.Expires
		}
	}
	if !now.Before(until) {
		return true, "the alert is over"
	}
	return true, ""
}

// shortages are the keys that batches of known alerts wait for.
type shortages struct {
	mu   sync.Mutex
	keys map[string]*shortage
}

type shortage struct {
	missing *seal.UnknownKey
	records int
}

// lack notes that one more record waits for a key, and logs the first.
func (s *Stream) lack(missing *seal.UnknownKey) {
	s.lacking.mu.Lock()
	defer s.lacking.mu.Unlock()
	if s.lacking.keys == nil {
		s.lacking.keys = map[string]*shortage{}
	}
	k := s.lacking.keys[missing.Fingerprint]
	if k == nil {
		k = &shortage{}
		s.lacking.keys[missing.Fingerprint] = k
		s.log.Error("batches are held because they are sealed with a key that is not here: put its file into the folder",
			"key", missing.Fingerprint, "error", missing)
	}
	k.missing = missing
	k.records++
}

// forgo takes back what lack noted of a key; of none for an empty name.
func (s *Stream) forgo(fingerprint string) {
	s.lacking.mu.Lock()
	defer s.lacking.mu.Unlock()
	k := s.lacking.keys[fingerprint]
	if k == nil {
		return
	}
	if k.records--; k.records == 0 {
		delete(s.lacking.keys, fingerprint)
		s.log.Info("no batch is held any more for want of a key", "key", fingerprint)
	}
}

// MissingKeys says which keys held batches wait for; nil when none does.
func (s *Stream) MissingKeys() error {
	s.lacking.mu.Lock()
	defer s.lacking.mu.Unlock()
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.lacking.keys)) {
		k := s.lacking.keys[name]
		all = append(all, fmt.Sprintf("%d batches are held: %v", k.records, k.missing))
	}
	if len(all) == 0 {
		return nil
	}
	return errors.New(strings.Join(all, "; "))
}
