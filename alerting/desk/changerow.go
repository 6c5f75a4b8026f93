package desk

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/seal"
)

// ChangeState is what became of a change.
type ChangeState string

// The states. A change is open until one of the others is its end.
const (
	ChangeOpen      ChangeState = "open"
	ChangeApplied   ChangeState = "applied"
	ChangeWithdrawn ChangeState = "withdrawn"
	ChangeLapsed    ChangeState = "lapsed"    // nobody signed it in time
	ChangeOvertaken ChangeState = "overtaken" // what it would have changed was changed by somebody else
)

// ChangeStates lists all states.
func ChangeStates() []ChangeState {
	return []ChangeState{ChangeOpen, ChangeApplied, ChangeWithdrawn, ChangeLapsed, ChangeOvertaken}
}

// Proposed is a change with what became of it.
type Proposed struct {
	alerting.Change
	// Chinese is the summary in Chinese, for whoever reads that; what is signed is the English. Missing of old changes.
	Chinese []string    `json:"summary_zh,omitempty"`
	State   ChangeState `json:"state"`
	// Proposer is who called; the first of the signatures is his, or that of whoever proposed it with a key.
	Proposer alerting.Actor `json:"proposer"`
	// Note is why it ended.
	Note  string    `json:"note,omitempty"`
	Ended time.Time `json:"ended,omitzero"`
	// Missing says in words what an open change lacks.
	Missing string `json:"missing,omitempty"`
}

// proposal is what a row keeps of what was proposed, as JSON.
type proposal struct {
	alerting.Change
	Chinese []string `json:"summary_zh,omitempty"`
}

type changeRow struct {
	bun.BaseModel `bun:"table:changes"`

	ID         string `bun:"id,pk"`
	Kind       string `bun:"kind"`
	State      string `bun:"state"`
	Proposal   string `bun:"proposal"`
	Body       []byte `bun:"body"`
	Signed     string `bun:"signed"`
	Actor      string `bun:"actor"`
	ActorKind  string `bun:"actor_kind"`
	Note       string `bun:"note"`
	ProposedMS int64  `bun:"proposed_ms"`
	ExpiresMS  int64  `bun:"expires_ms"`
	EndedMS    int64  `bun:"ended_ms"`
}

func newChangeID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails (crypto/rand)
	return "c" + hex.EncodeToString(id[:])
}

// bodyBeside is what a sealed body is bound to.
func bodyBeside(id string) []byte { return []byte("change\x00" + id) }

// rowOfChange is a new change as it is stored.
func (d *Desk) rowOfChange(p *Proposed) (changeRow, error) {
	c := p.Change
	c.Body, c.By = nil, nil
	text, err := json.Marshal(proposal{c, p.Chinese})
	if err != nil {
		return changeRow{}, fmt.Errorf("%w: change: %w", alerting.ErrInvalid, err)
	}
	row := changeRow{ID: p.ID, Kind: p.Kind, State: string(p.State), Proposal: string(text), Signed: "[]", Actor: p.Proposer.Name,
		ActorKind: p.Proposer.Kind, ProposedMS: d.Now().UnixMilli(), ExpiresMS: p.Expires.UnixMilli()}
	row.Body = d.Keys.Seal(seal.Addresses, p.Body, bodyBeside(p.ID))
	if p.State != ChangeOpen {
		row.EndedMS = row.ProposedMS
	}
	return row, nil
}

// change is a row as it is shown, without its body.
func (r *changeRow) change() (Proposed, error) {
	p := Proposed{State: ChangeState(r.State), Proposer: alerting.Actor{Name: r.Actor, Kind: r.ActorKind}, Note: r.Note, Ended: moment(r.EndedMS)}
	var stored proposal
	err := json.Unmarshal([]byte(r.Proposal), &stored)
	p.Change, p.Chinese = stored.Change, stored.Chinese
	if err == nil {
		err = json.Unmarshal([]byte(r.Signed), &p.By)
	}
	if err != nil {
		return p, fmt.Errorf("read change %s again: %w", r.ID, err)
	}
	if p.State == ChangeOpen {
		p.Missing = alerting.Say("change.lacks-second", "a second signature, of an operator who may administer and did not propose it")
		if len(p.By) == 0 {
			p.Missing = alerting.Say("change.lacks-both", "the signature of whoever proposes it, and %s", p.Missing)
		}
	}
	return p, nil
}

// bodyOf opens the body of a row.
func (d *Desk) bodyOf(r *changeRow) ([]byte, error) {
	body, err := d.Keys.Open(seal.Addresses, r.Body, bodyBeside(r.ID))
	if err != nil {
		return nil, fmt.Errorf("open the body of change %s: %w", r.ID, err)
	}
	return body, nil
}

func findChange(ctx context.Context, db bun.IDB, id string) (changeRow, error) {
	var row changeRow
	err := db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, alerting.Refuse(alerting.ErrNotFound, "change.unknown", "there is no change %.40q", id)
	}
	if err != nil {
		return row, fmt.Errorf("read change %s: %w: %w", id, alerting.ErrUnavailable, err)
	}
	return row, nil
}

// oneAfterAnother lets nobody else make a change until the transaction ends.
func oneAfterAnother(ctx context.Context, tx bun.Tx) error {
	res, err := tx.NewRaw("UPDATE counters SET value = value + 1 WHERE name = 'changes'").Exec(ctx)
	if err != nil {
		return fmt.Errorf("wait for other changes: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("wait for other changes: the table counters has no row changes: run the newest `tocsin serve` once"), err)
	}
	return nil
}

// endChange ends an open change; false when another has ended it.
func (d *Desk) endChange(ctx context.Context, tx bun.Tx, id string, to ChangeState, note string) (bool, error) {
	res, err := tx.NewUpdate().Model((*changeRow)(nil)).Set("state = ?", string(to)).Set("note = ?", note).
		Set("ended_ms = ?", d.Now().UnixMilli()).Where("id = ?", id).Where("state = ?", string(ChangeOpen)).Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}
