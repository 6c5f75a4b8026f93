package fanout

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// State is how far an expansion is.
type State string

// The states of an expansion; see the package comment for the way through them.
const (
	Ahead    State = "ahead"
	Waiting  State = "waiting"
	Closing  State = "closing"
	Scanning State = "scanning"
	Held     State = "held"
	Later    State = "later"
	Done     State = "done"
	Stopped  State = "stopped"
)

// openStates are those in which work is left.
func openStates() []string {
	return []string{string(Ahead), string(Waiting), string(Closing), string(Scanning), string(Held), string(Later)}
}

func (s State) open() bool { return s != Done && s != Stopped }

// expansionRow is one issued alert as SQL keeps it.
type expansionRow struct {
	bun.BaseModel `bun:"table:expansions"`

	Alert         string `bun:"alert,pk"`
	World         string `bun:"world"`
	Epoch         int64  `bun:"epoch"`
	Lane          string `bun:"lane"`
	Kind          string `bun:"kind"`
	State         State  `bun:"state"`
	Cursor        string `bun:"cursor"`
	Page          int64  `bun:"page"`
	People        int64  `bun:"people"`
	PeopleStill   int64  `bun:"people_still"`
	PeopleGone    int64  `bun:"people_gone"`
	TargetedSMS   int64  `bun:"targeted_sms"`
	TargetedPush  int64  `bun:"targeted_push"`
	TargetedMail  int64  `bun:"targeted_mail"`
	TargetedSiren int64  `bun:"targeted_siren"`
	IssuedMS      int64  `bun:"issued_ms"`
	ExpiresMS     int64  `bun:"expires_ms"`
	Reason        string `bun:"reason"`
	Notes         string `bun:"notes"`
	CreatedMS     int64  `bun:"created_ms"`
	UpdatedMS     int64  `bun:"updated_ms"`
	Envelope      []byte `bun:"envelope"`
	Refs          string `bun:"refs"`
	Chain         string `bun:"chain"`
	DueMS         int64  `bun:"due_ms"`
	Sealed        int64  `bun:"sealed"`
	Proceed       int64  `bun:"proceed"`
	Totals        string `bun:"totals"`
}

// tombstoneRow says that an alert was stopped.
type tombstoneRow struct {
	bun.BaseModel `bun:"table:tombstones"`

	Alert   string `bun:"alert,pk"`
	ByAlert string `bun:"by_alert"`
	AtMS    int64  `bun:"at_ms"`
	World   string `bun:"world"`
}

// Progress is what fan-out knows of an alert.
type Progress struct {
	Alert alerting.AlertID
	World alerting.World
	Lane  alerting.Lane
	Epoch uint32
	// MsgType is the CAP msgType of the alert.
	MsgType string
	State   State
	// Pages, People and Targeted count what is written to the manifest so far.
	Pages    uint32
	People   int64
	Targeted map[alerting.Channel]int64
	// Groups are the people of an update; zero for other messages.
	Groups  Groups
	Issued  time.Time
	Expires time.Time
	// Started and Updated are when the alert reached fan-out and when it last moved, by fan-out's clock.
	Started time.Time
	Updated time.Time
	// Due is when the next step may be done; zero when nothing waits.
	Due time.Time
	// Reason says why it stopped, Notes what an officer should know ("nobody in the area").
	Reason string
	Notes  []string
	// References are the alerts it updates or cancels.
	References []alerting.AlertID
	// Sealed: the final states stand in the manifest; the ledger knows nothing of the alert any more.
	Sealed bool
	// Totals is the sum of the final states as the ledger wrote it; empty until the alert is sealed.
	Totals []byte
}

// ProgressOf reads how far the expansion of an alert is; ErrNotFound when fan-out never saw it.
func ProgressOf(ctx context.Context, db bun.IDB, id alerting.AlertID) (Progress, error) {
	row, err := readRow(ctx, db, id)
	if err != nil {
		return Progress{}, err
	}
	return row.progress(id)
}

func (r *expansionRow) progress(id alerting.AlertID) (Progress, error) {
	refs, err := parseIDs(r.Refs)
	if err != nil {
		return Progress{}, fmt.Errorf("expansion of alert %s: %w", id, err)
	}
	p := Progress{
		Alert: id, World: alerting.World(r.World), Lane: alerting.Lane(r.Lane), Epoch: uint32(r.Epoch), MsgType: r.Kind,
		State: r.State, Pages: uint32(r.Page), People: r.People, Targeted: make(map[alerting.Channel]int64),
		Issued: fromMillis(r.IssuedMS), Expires: fromMillis(r.ExpiresMS), Started: fromMillis(r.CreatedMS),
		Updated: fromMillis(r.UpdatedMS), Due: fromMillis(r.DueMS), Reason: r.Reason, References: refs, Sealed: r.Sealed != 0, Totals: []byte(r.Totals),
	}
	if r.Kind == string(cap.MsgUpdate) {
		p.Groups = Groups{Still: r.PeopleStill, Gone: r.PeopleGone, New: r.People - r.PeopleStill - r.PeopleGone}
	}
	for c, ch := range alerting.Channels() {
		p.Targeted[ch] = *r.targeted(c)
	}
	if r.Notes != "" {
		p.Notes = strings.Split(r.Notes, "\n")
	}
	return p, nil
}

// targeted is the counter of a channel.
func (r *expansionRow) targeted(c int) *int64 {
	return [channelCount]*int64{&r.TargetedSMS, &r.TargetedPush, &r.TargetedMail, &r.TargetedSiren}[c]
}

// note adds a line that is not there yet.
func (r *expansionRow) note(line string) {
	for have := range strings.SplitSeq(r.Notes, "\n") {
		if have == line {
			return
		}
	}
	if r.Notes != "" {
		r.Notes += "\n"
	}
	r.Notes += line
}

// readRow reads an expansion; ErrNotFound when there is none.
func readRow(ctx context.Context, db bun.IDB, id alerting.AlertID) (expansionRow, error) {
	var row expansionRow
	err := db.NewSelect().Model(&row).Where("alert = ?", id.String()).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, fmt.Errorf("%w: no expansion of alert %s", alerting.ErrNotFound, id)
	}
	if err != nil {
		return row, fmt.Errorf("read the expansion of alert %s: %w", id, err)
	}
	return row, nil
}

// stopperOf is who stopped an alert in its own world; zero when nobody did.
func stopperOf(ctx context.Context, db bun.IDB, id alerting.AlertID, world string) (alerting.AlertID, error) {
	var by string
	err := db.NewSelect().Model((*tombstoneRow)(nil)).Column("by_alert").
		Where("alert = ?", id.String()).Where("world = ?", world).Scan(ctx, &by)
	if errors.Is(err, sql.ErrNoRows) {
		return alerting.AlertID{}, nil
	}
	if err != nil {
		return alerting.AlertID{}, fmt.Errorf("read the tombstone of alert %s: %w", id, err)
	}
	return alerting.ParseAlertID(by)
}

func formatIDs(ids []alerting.AlertID) string {
	if len(ids) == 0 {
		return "[]"
	}
	b, err := json.Marshal(ids)
	if err != nil {
		return "[]" // Ids are hexadecimal text: this cannot fail.
	}
	return string(b)
}

func parseIDs(s string) ([]alerting.AlertID, error) {
	var ids []alerting.AlertID
	if s == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(s), &ids); err != nil {
		return nil, fmt.Errorf("%w: list of alert ids: %w", alerting.ErrInvalid, err)
	}
	return ids, nil
}
