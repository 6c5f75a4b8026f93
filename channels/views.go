package channels

import (
	"context"
	"sync"
	"time"

	"tocsin/alerting"
)

// views keeps what the journal says of the few alerts whose ledger was lost, so that it is read once per alert and
// gained partition, not once per batch. Its zero value is ready for use.
type views struct {
	mu   sync.Mutex
	held map[viewKey]*view
	// order is the keys, oldest first.
	order []viewKey
}

type viewKey struct {
	id      alerting.AlertID
	channel alerting.Channel
	gained  time.Time
}

// view is the journal's word on one alert and channel.
type view struct {
	read sync.Once
	err  error

	mu    sync.Mutex
	pages map[uint32]*[alerting.PageSize]alerting.Mark
}

// maxViews bounds the memory: a view of a million places takes 4 MB.
const maxViews = 16

func (vs *views) get(ctx context.Context, w *Worker, b *alerting.Batch, issued *alerting.Issued, gained time.Time) (*view, error) {
	key := viewKey{b.Alert, b.Channel, gained}
	vs.mu.Lock()
	v := vs.held[key]
	if v == nil {
		if vs.held == nil {
			vs.held = make(map[viewKey]*view)
		}
		v = &view{pages: make(map[uint32]*[alerting.PageSize]alerting.Mark)}
		vs.held[key] = v
		vs.order = append(vs.order, key)
		if len(vs.order) > maxViews {
			delete(vs.held, vs.order[0])
			vs.order = vs.order[1:]
		}
	}
	vs.mu.Unlock()
	v.read.Do(func() {
		since := issued.Envelope.Issued.Add(-time.Minute)
		v.err = w.Records.Read(ctx, b.World, since, func(rc alerting.Receipt) error {
			if rc.Alert == b.Alert && rc.Channel == b.Channel {
				v.merge(rc)
			}
			return nil
		})
	})
	if v.err != nil {
		vs.forget(key)
	}
	return v, v.err
}

func (vs *views) forget(key viewKey) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	delete(vs.held, key)
	for i, k := range vs.order {
		if k == key {
			vs.order = append(vs.order[:i], vs.order[i+1:]...)
			return
		}
	}
}

// learn keeps the views true to what this process itself appends.
func (vs *views) learn(rc alerting.Receipt) {
	vs.mu.Lock()
	var matching []*view
	for key, v := range vs.held {
		if key.id == rc.Alert && key.channel == rc.Channel {
			matching = append(matching, v)
		}
	}
	vs.mu.Unlock()
	for _, v := range matching {
		v.merge(rc)
	}
}

func (v *view) merge(rc alerting.Receipt) {
	v.mu.Lock()
	defer v.mu.Unlock()
	marks := v.pages[rc.Page]
	if marks == nil {
		marks = new([alerting.PageSize]alerting.Mark)
		v.pages[rc.Page] = marks
	}
	for _, m := range rc.Marks {
		marks[m.Place] = marks[m.Place].Merge(m.Mark)
	}
}

func (v *view) mark(b *alerting.Batch, place uint8) alerting.Mark {
	v.mu.Lock()
	defer v.mu.Unlock()
	if marks := v.pages[b.Page]; marks != nil {
		return marks[place]
	}
	return alerting.Mark{}
}
