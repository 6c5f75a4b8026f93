package fanout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/store"
	"tocsin/cap"
)

// citizen is a person or a siren.
type citizen struct {
	id       int64
	zone     string
	info     int
	channels channels
	gateway  string
	moved    int
}

func (c *citizen) addressee(inside bool) alerting.Addressee {
	a := alerting.Addressee{ID: c.id, Info: c.info, Inside: inside, Gateway: c.gateway}
	for i := range channelCount {
		if c.channels.has(i) {
			a.Addresses[i] = fmt.Appendf(nil, "%d@%d.%d", c.id, i, c.moved)
		}
	}
	return a
}

// town is an audience in memory: areas are zones by name.
type town struct {
	w      *world
	mu     sync.Mutex
	people map[int64]*citizen
	// during is called before every step of a scan.
	during func()
	reason string
}

const allPeople = channels(7)

func (t *town) settle(zone string, from, n int64, on channels) {
	for id := from; id < from+n; id++ {
		t.people[id] = &citizen{id: id, zone: zone, info: int(id % 2), channels: on}
	}
}

func inZone(in *alerting.Issued, zone string) bool {
	return len(in.Alert.Infos) > 0 && slices.ContainsFunc(in.Alert.Infos[0].Areas, func(a cap.Area) bool { return a.Description == zone })
}

type townScan struct {
	t    *town
	in   *alerting.Issued
	at   int64
	ids  []int64
	seen map[int64]bool
}

func (t *town) Begin(_ context.Context, in *alerting.Issued, cursor string, already iter.Seq[int64]) (Scan, error) {
	s := &townScan{t: t, in: in, seen: map[int64]bool{}}
	if cursor != "" {
		var err error
		if s.at, err = strconv.ParseInt(cursor, 10, 64); err != nil {
			return nil, err
		}
	}
	for id := range already {
		s.seen[id] = true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for id := range t.people {
		if id > s.at {
			s.ids = append(s.ids, id)
		}
	}
	slices.Sort(s.ids)
	return s, nil
}

func (s *townScan) Next(_ context.Context, limit int) ([]alerting.Addressee, error) {
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	if s.t.during != nil {
		s.t.during()
	}
	if err := s.t.w.fault.before("scan"); err != nil {
		return nil, err
	}
	var out []alerting.Addressee
	for len(s.ids) > 0 && len(out) < limit {
		id := s.ids[0]
		s.ids, s.at = s.ids[1:], id
		if c := s.t.people[id]; inZone(s.in, c.zone) && !s.seen[id] && c.channels != 0 {
			s.seen[id] = true
			out = append(out, c.addressee(true))
		}
	}
	return out, nil
}

func (s *townScan) Cursor() string { return strconv.FormatInt(s.at, 10) }
func (s *townScan) Reason() string { return s.t.reason }
func (s *townScan) Notes() []string {
	if s.t.reason != "" {
		return nil
	}
	return []string{"one circle is empty"}
}

func (t *town) Lookup(_ context.Context, in *alerting.Issued, ids []int64) ([]alerting.Addressee, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.w.fault.before("lookup"); err != nil {
		return nil, err
	}
	var out []alerting.Addressee
	for _, id := range ids {
		if c := t.people[id]; c != nil {
			out = append(out, c.addressee(inZone(in, c.zone)))
		}
	}
	return out, nil
}

type sirenTown struct{ t *town }

func (s sirenTown) Sirens(_ context.Context, in *alerting.Issued) ([]alerting.Addressee, error) {
	if err := s.t.w.fault.before("sirens"); err != nil {
		return nil, err
	}
	var out []alerting.Addressee
	for _, c := range s.t.people {
		if inZone(in, c.zone) {
			out = append(out, c.addressee(true))
		}
	}
	slices.SortFunc(out, func(a, b alerting.Addressee) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

func (s sirenTown) LookupSirens(ctx context.Context, in *alerting.Issued, ids []int64) ([]alerting.Addressee, error) {
	return s.t.Lookup(ctx, in, ids)
}

// spot is one place on one channel.
type spot struct {
	alert alerting.AlertID
	ch    alerting.Channel
	page  uint32
	place uint8
}

// books is a ledger in memory, with the rules that matter to fan-out.
type books struct {
	w       *world
	mu      sync.Mutex
	states  map[spot]alerting.State
	claimed map[spot]bool
	// closed marks pages; its place is 0.
	closed map[spot]bool
	away   bool
	// deaf: receipts cannot be prepared.
	deaf   bool
	closes int
}

func (b *books) used(id alerting.AlertID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.states {
		if s.alert == id {
			return !b.away
		}
	}
	return false
}

func (b *books) Enqueue(_ context.Context, id alerting.AlertID, pages []PageOf) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.deaf {
		return alerting.ErrUnavailable
	}
	for _, p := range pages {
		for _, place := range p.Places {
			if s := (spot{id, p.Channel, p.Page, place}); b.states[s] == alerting.None {
				b.states[s] = alerting.Queued
			}
		}
	}
	return nil
}

func (b *books) Close(_ context.Context, id alerting.AlertID, ch alerting.Channel, page uint32, places []uint8) (Closed, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closes++
	if b.away {
		return Closed{}, alerting.ErrUnavailable
	}
	b.closed[spot{id, ch, page, 0}] = true
	var out Closed
	for _, place := range places {
		s := spot{id, ch, page, place}
		switch {
		case b.claimed[s]:
			out.Later = append(out.Later, place)
		case b.states[s] <= alerting.Queued:
			b.states[s] = alerting.Cancelled
		case b.states[s] == alerting.Sent:
			out.Told = append(out.Told, place)
		}
	}
	return out, nil
}

// work does what a worker does with the batches dispatched so far: each place is sent once, unless its page is closed.
func (b *books) work(batches []sentBatch, send func(spot) alerting.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, batch := range batches {
		for _, to := range batch.To {
			s := spot{batch.Alert, batch.Channel, batch.Page, to.Place}
			if b.closed[spot{s.alert, s.ch, s.page, 0}] || b.states[s] > alerting.Queued || b.claimed[s] {
				continue
			}
			switch state := send(s); state {
			case alerting.None:
				b.claimed[s] = true
			default:
				b.states[s] = state
			}
		}
	}
}

func sendAll(spot) alerting.State { return alerting.Sent }

// sentBatch is a batch and when it was dispatched.
type sentBatch struct {
	alerting.Batch
	at time.Time
}

// post is an outbox that keeps what it is given.
type post struct {
	w      *world
	mu     sync.Mutex
	sent   []sentBatch
	onSend func()
}

func (p *post) Dispatch(_ context.Context, batches []alerting.Batch) error {
	if err := p.w.fault.before("dispatch"); err != nil {
		return err
	}
	p.mu.Lock()
	for _, b := range batches {
		p.sent = append(p.sent, sentBatch{b, p.w.clock()})
	}
	p.mu.Unlock()
	if p.onSend != nil {
		p.onSend()
	}
	return p.w.fault.after("dispatch")
}

// of lists the batches of an alert.
func (p *post) of(in *alerting.Issued) []sentBatch {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []sentBatch
	for _, b := range p.sent {
		if b.Alert == in.ID {
			out = append(out, b)
		}
	}
	return out
}

// fault makes the n-th step fail: before it was done, or after, as when the answer is lost.
type fault struct {
	mu    sync.Mutex
	armed bool
	n     int
	late  bool
	fired string
}

var errKilled = errors.New("killed")

func (f *fault) arm(n int, late bool) { f.armed, f.n, f.late, f.fired = true, n, late, "" }

// before counts a step and fails it if it is the one.
func (f *fault) before(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.armed {
		return nil
	}
	f.n--
	if f.n == 0 && !f.late {
		f.armed, f.fired = false, what
		return fmt.Errorf("%w before %s", errKilled, what)
	}
	return nil
}

func (f *fault) after(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.armed || f.n > 0 {
		return nil
	}
	f.armed, f.fired = false, what
	return fmt.Errorf("%w after %s", errKilled, what)
}

type faultyDB struct {
	*store.DB
	fault *fault
}

func (d faultyDB) Write(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	if err := d.fault.before("write"); err != nil {
		return err
	}
	if err := d.DB.Write(ctx, fn); err != nil {
		return err
	}
	return d.fault.after("write")
}
