package channels

import (
	"context"
	"slices"
	"sync"
	"time"

	"tocsin/alerting"
)

// views keeps what the journal says of the few alerts whose ledger was lost, so that it is read once per alert, not once per
// batch: partitions that were gained together share a view, and one gained later, whose last owner may have journalled since, has
// it read again. Its zero value is ready for use.
type views struct {
	mu   sync.Mutex
	held map[viewKey]*view
	// order is the keys, oldest first.
	order []viewKey
}

type viewKey struct {
	id      alerting.AlertID
	channel alerting.Channel
}

// view is the journal's word on one alert and channel.
type view struct {
	read sync.Once
	err  error
	// begun is when it was asked for, before the first record was read.
	begun time.Time

	mu    sync.Mutex
	pages map[uint32]*[alerting.PageSize]alerting.Mark
}

// maxViews bounds the memory: a view of a million places takes 4 MB.
const maxViews = 16

// get is a view that was read from a time on, or later: that is when the last owner of the partition can have journalled nothing more.
func (vs *views) get(ctx context.Context, w *Worker, b *alerting.Batch, issued *alerting.Issued, from time.Time) (*view, error) {
	key := viewKey{b.Alert, b.Channel}
	v := vs.begun(key, from, w.Now())
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
		vs.forget(key, v)
	}
	return v, v.err
}

// begun is the view that is held, if it is young enough, else a new one in its place.
func (vs *views) begun(key viewKey, from, now time.Time) *view {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if v := vs.held[key]; v != nil && !v.begun.Before(from) {
		return v
	}
	v := &view{pages: make(map[uint32]*[alerting.PageSize]alerting.Mark), begun: now}
	if vs.held == nil {
		vs.held = make(map[viewKey]*view)
	}
	if _, held := vs.held[key]; !held {
		vs.order = append(vs.order, key)
	}
	vs.held[key] = v
	if len(vs.order) > maxViews {
		delete(vs.held, vs.order[0])
		vs.order = vs.order[1:]
	}
	return v
}

// forget drops a view that could not be read; the next caller reads it again.
func (vs *views) forget(key viewKey, v *view) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if vs.held[key] != v {
		return
	}
	delete(vs.held, key)
	vs.order = slices.DeleteFunc(vs.order, func(k viewKey) bool { return k == key })
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
