package fanout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// errLost: the expansion was moved by somebody else, or stopped, or our own last answer was lost. Reading the row again
// tells which.
var errLost = errors.New("the expansion moved on")

// pagesAStep is the most pages that one transaction writes. The first one writes a single page, so that the first
// message is on its way at once, and each later one twice as many as the one before.
const pagesAStep = 32

func expiredMeanwhile() string {
	return alerting.Say("note.expired-meanwhile", "expired during fan-out")
}

// expansion is one issued alert while somebody works on it. It is thrown away after any error and read again.
type expansion struct {
	f  *Fanout
	in *alerting.Issued
	// row is the expansion as this process last wrote it.
	row      expansionRow
	roll     *roll
	gateways [channelCount][]string
	// public are the channels on which a test reaches the public (see Config.Leaves).
	public channels
	texts  map[textKey]text
	// originals are the alerts that this one stops.
	originals map[alerting.AlertID]*alerting.Issued
	// dues are the pages with a later part that is not yet produced, earliest first.
	dues []duePage
	// entered is when the alert reached fan-out; first is true until its first batch is on its way.
	entered time.Time
	first   bool

	mu sync.Mutex
	// marks are pages that were produced and not yet marked so.
	marks []mark
	// muted: the ledger did not answer; it is not asked again before this time.
	muted time.Time
}

type duePage struct {
	number uint32
	at     time.Time
}

type mark struct {
	page  uint32
	later bool
}

// work brings an expansion as far as it can go now. It returns when to go on; a zero time means that nothing is left to
// do for this process.
func (f *Fanout) work(ctx context.Context, id alerting.AlertID) (time.Time, error) {
	const tries = 4
	for range tries {
		e, err := f.takeUp(ctx, id)
		if err != nil || e == nil {
			return time.Time{}, err
		}
		leave := f.gate.enter(e.in.Lane)
		f.counts.working.WithLabelValues(string(e.in.Lane)).Inc()
		due, err := e.advance(ctx)
		f.counts.working.WithLabelValues(string(e.in.Lane)).Dec()
		leave()
		if errors.Is(err, errLost) {
			continue
		}
		if err == nil && due.IsZero() {
			f.drop(id)
		}
		return due, err
	}
	return time.Time{}, fmt.Errorf("expand alert %s: %w", id, errLost)
}

// takeUp reads an expansion and makes sure that it is ours; nil when there is nothing to do or somebody else has it.
func (f *Fanout) takeUp(ctx context.Context, id alerting.AlertID) (*expansion, error) {
	row, err := readRow(ctx, f.DB.Read(), id)
	if err != nil {
		return nil, err
	}
	if row.State == Stopped {
		f.drop(id)
		return nil, nil
	}
	if by, err := stopperOf(ctx, f.DB.Read(), id, row.World); err != nil {
		return nil, err
	} else if !by.IsZero() {
		f.drop(id)
		return nil, f.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			return stopRow(ctx, tx, id, by, millis(f.Now()))
		})
	}
	in := f.knownIssued(id)
	if in == nil {
		if in, err = f.openRow(&row); err != nil {
			return nil, err
		}
	}
	held, ours := f.heldEpoch(id)
	switch {
	case ours && held != row.Epoch:
		f.counts.lost.Inc()
		f.drop(id)
		return nil, nil
	case !ours:
		if taken, err := f.seize(ctx, &row); err != nil || !taken {
			return nil, err
		}
		f.keep(id, in, row.Epoch)
	}
	return f.newExpansion(in, row), nil
}

// seize gives the expansion a new epoch, after which nobody who held it before can move it. Epochs follow the clock, so
// that a database that was restored from a copy does not give out one that was used before.
func (f *Fanout) seize(ctx context.Context, row *expansionRow) (taken bool, err error) {
	epoch := max(row.Epoch+1, f.Now().Unix())
	err = f.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*expansionRow)(nil)).Set("epoch = ?", epoch).
			Where("alert = ?", row.Alert).Where("epoch = ?", row.Epoch).Exec(ctx)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		taken = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take over the expansion of alert %s: %w", row.Alert, err)
	}
	row.Epoch = epoch
	return taken, nil
}

// openRow reads the alert of an expansion from its envelope.
func (f *Fanout) openRow(row *expansionRow) (*alerting.Issued, error) {
	var envelope alerting.Envelope
	if err := json.Unmarshal(row.Envelope, &envelope); err != nil {
		return nil, fmt.Errorf("read the envelope of alert %s again: %w", row.Alert, err)
	}
	in, err := f.Open(envelope)
	if err != nil {
		return nil, fmt.Errorf("read alert %s again: %w", row.Alert, err)
	}
	if in.ID.String() != row.Alert {
		return nil, fmt.Errorf("read alert %s again: %w: its envelope is that of alert %s", row.Alert, alerting.ErrInvalid, in.ID)
	}
	return in, nil
}

func (f *Fanout) newExpansion(in *alerting.Issued, row expansionRow) *expansion {
	e := &expansion{f: f, in: in, row: row, roll: newRoll(), texts: make(map[textKey]text),
		originals: make(map[alerting.AlertID]*alerting.Issued), first: row.Page == 0, entered: fromMillis(row.CreatedMS)}
	for c, ch := range alerting.Channels() {
		wanted := len(in.Envelope.Channels) == 0 || slices.Contains(in.Envelope.Channels, ch)
		if !wanted {
			continue
		}
		e.gateways[c] = e.through(c, ch)
		if len(e.gateways[c]) == 0 && row.State.open() {
			e.row.note(alerting.Say("note.no-gateway", "channel %s has no gateway for %s", ch, worldWords(in.Envelope.World)))
		}
	}
	return e
}

func worldWords(w alerting.World) string {
	switch w {
	case alerting.Exercise:
		return "exercises"
	case alerting.Test:
		return "tests"
	}
	return "actual alerts"
}

// advance goes through the states until the expansion is done or must wait; the latter gives the time to go on.
func (e *expansion) advance(ctx context.Context) (time.Time, error) {
	if e.row.Page > 0 {
		if err := e.resume(ctx); err != nil {
			return time.Time{}, err
		}
	}
	if err := e.correct(ctx); err != nil {
		return time.Time{}, err
	}
	for e.row.State.open() {
		if !e.f.Now().Before(e.in.Expires) {
			return time.Time{}, e.end(ctx, expiredMeanwhile())
		}
		if err := e.produceDue(ctx, e.dispatch); err != nil {
			return time.Time{}, err
		}
		var err error
		switch e.row.State {
		case Ahead:
			if due := fromMillis(e.row.DueMS); e.f.Now().Before(due) {
				return due, e.flush(ctx)
			}
			err = e.takeEffect(ctx)
		case Waiting:
			if due := fromMillis(e.row.DueMS); e.f.Now().Before(due) {
				return due, e.flush(ctx)
			}
			if stops(e.in.Alert) {
				err = e.beginClosing(ctx)
			} else {
				err = e.move(ctx, step{state: Scanning})
			}
		case Closing:
			err = e.closeAll(ctx)
		case Scanning:
			err = e.scanAll(ctx)
		case Held:
			return e.f.Now().Add(heldLook), e.flush(ctx)
		case Later:
			if len(e.dues) > 0 {
				return e.dues[0].at, e.flush(ctx)
			}
			err = e.end(ctx, "")
		}
		if err != nil {
			return time.Time{}, err
		}
	}
	return time.Time{}, nil
}

// end closes the expansion for good.
func (e *expansion) end(ctx context.Context, reason string) error {
	if reason != "" {
		e.row.Reason = reason
		e.row.note(reason)
	}
	return e.move(ctx, step{state: Done, cursor: e.row.Cursor})
}

// step is one move of an expansion, with the pages that it adds.
type step struct {
	state  State
	cursor string
	due    time.Time
	pages  []*Page
	fresh  int64
	groups [3]int64
	chain  string
	// also is done in the same transaction.
	also func(ctx context.Context, tx bun.Tx) error
}

// move writes the pages and moves the row in one transaction, or neither: errLost when the row is no longer as this
// process left it, or a tombstone names the alert.
func (e *expansion) move(ctx context.Context, s step) error {
	next := e.row
	next.State, next.Cursor, next.DueMS = s.state, s.cursor, millis(s.due)
	next.UpdatedMS = millis(e.f.Now())
	next.Page += int64(len(s.pages))
	next.People += s.fresh
	if e.in.Alert.MsgType == cap.MsgUpdate {
		next.PeopleStill += s.groups[still]
		next.PeopleGone += s.groups[gone]
	}
	if s.chain != "" {
		next.Chain = s.chain
	}
	rows := make([]manifestRow, len(s.pages))
	for i, p := range s.pages {
		rows[i] = p.row()
		for c := range p.Targets {
			*next.targeted(c) += int64(p.Targets[c].Count())
		}
	}
	marks := e.takeMarks()
	err := e.f.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := e.compareAndSet(ctx, tx, &next); err != nil {
			return err
		}
		if len(rows) > 0 {
			if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
				return fmt.Errorf("write %d pages: %w", len(rows), err)
			}
		}
		if err := writeMarks(ctx, tx, e.row.Alert, marks); err != nil {
			return err
		}
		if s.also != nil {
			return s.also(ctx, tx)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("move the expansion of alert %s: %w", e.in.ID, err)
	}
	e.row = next
	for _, p := range s.pages {
		e.f.counts.pages.WithLabelValues(string(p.Kind)).Inc()
		if !p.Due.IsZero() {
			e.dues = append(e.dues, duePage{p.Number, p.Due})
		}
	}
	return nil
}

func (e *expansion) compareAndSet(ctx context.Context, tx bun.Tx, next *expansionRow) error {
	res, err := tx.NewUpdate().Model(next).
		Column("state", "cursor", "page", "people", "people_still", "people_gone", "targeted_sms", "targeted_push", "targeted_mail", "targeted_siren",
			"reason", "notes", "updated_ms", "chain", "due_ms").
		Where("alert = ?", e.row.Alert).Where("epoch = ?", e.row.Epoch).Where("state = ?", string(e.row.State)).
		Where("cursor = ?", e.row.Cursor).Where("page = ?", e.row.Page).
		Where("NOT EXISTS (SELECT 1 FROM tombstones AS t WHERE t.alert = ? AND t.world = ?)", e.row.Alert, e.row.World).
		Exec(ctx)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = errLost
	}
	return err
}

func (e *expansion) takeMarks() []mark {
	e.mu.Lock()
	defer e.mu.Unlock()
	marks := e.marks
	e.marks = nil
	return marks
}

// writeMarks notes which pages were produced.
func writeMarks(ctx context.Context, tx bun.IDB, alert string, marks []mark) error {
	var now, later []int64
	for _, m := range marks {
		if m.later {
			later = append(later, int64(m.page))
		} else {
			now = append(now, int64(m.page))
		}
	}
	for column, pages := range map[string][]int64{"produced": now, "later_produced": later} {
		if len(pages) == 0 {
			continue
		}
		_, err := tx.NewUpdate().Model((*manifestRow)(nil)).Set("? = 1", bun.Ident(column)).
			Where("alert = ?", alert).Where("page IN (?)", bun.List(pages)).Exec(ctx)
		if err != nil {
			return fmt.Errorf("mark pages as produced: %w", err)
		}
	}
	return nil
}

// flush writes the marks that no move has taken along.
func (e *expansion) flush(ctx context.Context) error {
	marks := e.takeMarks()
	if len(marks) == 0 {
		return nil
	}
	return e.f.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		return writeMarks(ctx, tx, e.row.Alert, marks)
	})
}
