package fanout

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

const (
	// sweepEvery is how often SQL is asked for open expansions that nobody works on.
	sweepEvery = time.Second
	// orphanedAfter is how long an open expansion of another process must stand still before it is taken over.
	orphanedAfter = 3 * time.Second
	// firstDelay and the longest delays before a failed step is tried again.
	firstDelay   = 100 * time.Millisecond
	urgentDelay  = time.Second
	routineDelay = 5 * time.Second
)

// runner is the state of one Run.
type runner struct {
	f    *Fanout
	jobs map[alerting.AlertID]*job
	done chan result
	wg   sync.WaitGroup
	// sights are the open expansions of others, as last seen.
	sights map[alerting.AlertID]sighting
	swept  bool
}

// job is an expansion that this process works on, or will.
type job struct {
	lane    alerting.Lane
	running bool
	// again: something happened while it ran.
	again bool
	at    time.Time
	delay time.Duration
}

type result struct {
	id  alerting.AlertID
	due time.Time
	err error
}

// sighting is how an expansion stood and since when.
type sighting struct {
	epoch, page, due, updated int64
	state                     State
	cursor                    string
	since                     time.Time
}

func (s sighting) moved(o sighting) bool {
	o.since = s.since
	return s != o
}

// Run works the open expansions until ctx ends, and returns nil when all that it began has come to rest. One process at
// a time should run it, the one that reads the issued alerts; if two do, one of them loses each expansion.
func (f *Fanout) Run(ctx context.Context) error {
	r := &runner{f: f, jobs: make(map[alerting.AlertID]*job), done: make(chan result, 16),
		sights: make(map[alerting.AlertID]sighting)}
	defer r.wg.Wait()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	r.sweep(ctx)
	for {
		r.wakeUp()
		r.start(ctx)
		timer.Reset(r.nap())
		select {
		case <-ctx.Done():
			return nil
		case <-f.wake:
		case <-timer.C:
		case res := <-r.done:
			r.settle(ctx, res)
		case <-tick.C:
			r.sweep(ctx)
		}
	}
}

// wakeUp takes over what Accept entered.
func (r *runner) wakeUp() {
	for id, lane := range r.f.takeWoken() {
		r.call(id, lane)
	}
}

// call makes sure that an expansion is worked on soon.
func (r *runner) call(id alerting.AlertID, lane alerting.Lane) {
	j := r.jobs[id]
	if j == nil {
		j = &job{lane: lane}
		r.jobs[id] = j
	}
	j.again = j.again || j.running
	j.at = time.Time{}
	delete(r.sights, id)
}

// start starts what is due, the most urgent first. Only routine expansions are limited in number.
func (r *runner) start(ctx context.Context) {
	now := r.f.Now()
	var due []alerting.AlertID
	routine := 0
	for id, j := range r.jobs {
		switch {
		case j.running && j.lane == alerting.Routine:
			routine++
		case !j.running && !now.Before(j.at):
			due = append(due, id)
		}
	}
	slices.SortFunc(due, func(a, b alerting.AlertID) int { return cmp.Compare(r.jobs[a].lane.Rank(), r.jobs[b].lane.Rank()) })
	for _, id := range due {
		j := r.jobs[id]
		if j.lane == alerting.Routine {
			if routine >= r.f.Routine {
				continue
			}
			routine++
		}
		j.running, j.again = true, false
		r.wg.Go(func() {
			res := result{id: id}
			res.due, res.err = r.f.work(ctx, id)
			select {
			case r.done <- res:
			case <-ctx.Done():
			}
		})
	}
}

// nap is how long nothing is due.
func (r *runner) nap() time.Duration {
	now, nap := r.f.Now(), time.Hour
	for _, j := range r.jobs {
		// What is due and not running waits for another to end.
		if wait := j.at.Sub(now); !j.running && wait > 0 {
			nap = min(nap, wait)
		}
	}
	return nap
}

// settle notes what became of a job.
func (r *runner) settle(ctx context.Context, res result) {
	j := r.jobs[res.id]
	j.running = false
	switch {
	case res.err != nil && ctx.Err() == nil:
		longest := urgentDelay
		if j.lane == alerting.Routine {
			longest = routineDelay
		}
		j.delay = min(max(firstDelay, 2*j.delay), longest)
		j.at = r.f.Now().Add(j.delay)
		r.f.counts.failures.WithLabelValues(string(j.lane)).Inc()
		r.f.Log.WarnContext(ctx, "an expansion failed and is tried again", "alert", res.id.String(), "after", j.delay, "error", res.err)
	case j.again:
		j.at, j.delay = time.Time{}, 0
	case !res.due.IsZero():
		j.at, j.delay = res.due, 0
	default:
		delete(r.jobs, res.id)
	}
}

// sweep looks for open expansions that nobody works on, and for corrections that are due.
func (r *runner) sweep(ctx context.Context) {
	if err := r.sweepOpen(ctx); err != nil && ctx.Err() == nil {
		r.f.Log.WarnContext(ctx, "open expansions could not be read", "error", err)
	}
	due, _, err := r.f.dueStoppers(ctx)
	if err != nil && ctx.Err() == nil {
		r.f.Log.WarnContext(ctx, "due corrections could not be read", "error", err)
	}
	for id := range due {
		if j := r.jobs[id]; j == nil || !j.running {
			r.call(id, alerting.Stop)
		}
	}
}

func (r *runner) sweepOpen(ctx context.Context) error {
	var rows []expansionRow
	err := r.f.DB.Read().NewSelect().Model(&rows).
		Column("alert", "epoch", "state", "cursor", "page", "lane", "due_ms", "updated_ms").
		Where("state IN (?)", bun.List(openStates())).Scan(ctx)
	if err != nil {
		return fmt.Errorf("read open expansions: %w", err)
	}
	now := r.f.Now()
	present := make(map[alerting.AlertID]bool, len(rows))
	for _, row := range rows {
		id, err := alerting.ParseAlertID(row.Alert)
		if err != nil {
			return err
		}
		present[id] = true
		if r.jobs[id] != nil {
			continue
		}
		seen, known := r.sights[id]
		sight := sighting{row.Epoch, row.Page, row.DueMS, row.UpdatedMS, row.State, row.Cursor, now}
		switch {
		case !r.swept:
			r.call(id, alerting.Lane(row.Lane))
		case !known || seen.moved(sight):
			r.sights[id] = sight
		case !now.Before(later(seen.since, fromMillis(row.DueMS)).Add(orphanedAfter)):
			r.call(id, alerting.Lane(row.Lane))
		}
	}
	maps.DeleteFunc(r.sights, func(id alerting.AlertID, _ sighting) bool { return !present[id] })
	r.swept = true
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
