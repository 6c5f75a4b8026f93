package desk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// The states of an issue. lapsed: it was found issuing after its expiry, and nobody knows whether it ever went out.
const (
	issuing = "issuing"
	issued  = "issued"
	lapsed  = "lapsed"
)

// issueRow is what the desk keeps of an alert.
type issueRow struct {
	bun.BaseModel `bun:"table:issues"`

	Alert     string `bun:"alert,pk"`
	World     string `bun:"world"`
	Digest    []byte `bun:"digest"`
	Document  []byte `bun:"document"`
	Envelope  []byte `bun:"envelope"`
	State     string `bun:"state"`
	Actor     string `bun:"actor"`
	CreatedMS int64  `bun:"created_ms"`
	IssuedMS  int64  `bun:"issued_ms"`
	Kind      string `bun:"kind"`
	Refs      string `bun:"refs"`
	ExpiresMS int64  `bun:"expires_ms"`
	StoppedBy string `bun:"stopped_by"`
	Unit      string `bun:"unit"`
	// Filled is its alerting.Origin; empty when it has none.
	Filled string `bun:"filled"`
}

func (d *Desk) rowOf(in *alerting.Issued) (issueRow, error) {
	envelope, err := json.Marshal(in.Envelope)
	if err != nil {
		return issueRow{}, fmt.Errorf("%w: envelope: %w", alerting.ErrInvalid, err)
	}
	refs, err := json.Marshal(in.References)
	if err != nil {
		return issueRow{}, fmt.Errorf("%w: references: %w", alerting.ErrInvalid, err)
	}
	if in.References == nil {
		refs = []byte("[]")
	}
	filled, err := in.Origin.Encode()
	if err != nil {
		return issueRow{}, err
	}
	return issueRow{Alert: in.ID.String(), World: string(in.Envelope.World), Digest: in.Envelope.Digest[:],
		Document: in.Envelope.Document, Envelope: envelope, State: issuing, Actor: in.Envelope.Actor.Name,
		CreatedMS: d.Now().UnixMilli(), Kind: string(in.Alert.MsgType), Refs: string(refs),
		ExpiresMS: in.Expires.UnixMilli(), Unit: in.Envelope.Actor.Unit, Filled: filled}, nil
}

func (r *issueRow) references() ([]alerting.AlertID, error) {
	var ids []alerting.AlertID
	if err := json.Unmarshal([]byte(r.Refs), &ids); err != nil {
		return nil, fmt.Errorf("references of alert %s: %w", r.Alert, err)
	}
	return ids, nil
}

func (r *issueRow) expires() time.Time { return time.UnixMilli(r.ExpiresMS).UTC() }

// open reads the row's alert again.
func (r *issueRow) open() (*alerting.Issued, error) {
	in := &alerting.Issued{Expires: r.expires()}
	if err := json.Unmarshal(r.Envelope, &in.Envelope); err != nil {
		return nil, fmt.Errorf("read the envelope of alert %s again: %w", r.Alert, err)
	}
	var err error
	// It was within the limit of its day.
	if in.Alert, err = cap.Parse(r.Document, cap.Options{MaxBytes: len(r.Document)}); err != nil {
		return nil, fmt.Errorf("read alert %s again: %w", r.Alert, err)
	}
	in.ID, in.Lane = alerting.IDOf(in.Alert), alerting.LaneOf(in.Alert)
	if in.Origin, err = alerting.DecodeOrigin(r.Filled); err != nil {
		return nil, fmt.Errorf("alert %s: %w", r.Alert, err)
	}
	in.References, err = r.references()
	return in, err
}

// find reads a row; ErrNotFound when there is none.
func find(ctx context.Context, db bun.IDB, id alerting.AlertID) (issueRow, error) {
	var row issueRow
	err := db.NewSelect().Model(&row).Where("alert = ?", id.String()).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, alerting.Refuse(alerting.ErrNotFound, "alert.unknown", "this desk issued no alert %s", id)
	}
	if err != nil {
		return row, fmt.Errorf("read the issue of alert %s: %w: %w", id, alerting.ErrUnavailable, err)
	}
	return row, nil
}

// Document gives the CAP document of an alert as it was issued; ErrNotFound when this desk issued none.
func (d *Desk) Document(ctx context.Context, id alerting.AlertID) ([]byte, error) {
	row, err := d.published(ctx, id)
	return row.Document, err
}

// Issued gives an alert as it was issued, with its order; errors as for Document.
func (d *Desk) Issued(ctx context.Context, id alerting.AlertID) (*alerting.Issued, error) {
	row, err := d.published(ctx, id)
	if err != nil {
		return nil, err
	}
	return row.open()
}

// published is the row of an alert that the stream has.
func (d *Desk) published(ctx context.Context, id alerting.AlertID) (issueRow, error) {
	row, err := find(ctx, d.DB.Read(), id)
	if err == nil && row.State == issuing {
		return issueRow{}, alerting.Refuse(alerting.ErrState, "alert.going-out", "alert %s is still being issued", id)
	}
	return row, err
}

// enter writes the row of a new alert and marks what it stops, in one transaction. False: the row was there already.
func (d *Desk) enter(ctx context.Context, in *alerting.Issued, row issueRow) (entered bool, err error) {
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		entered = false
		one := row
		unit, err := d.unitOf(ctx, tx, in)
		if err != nil {
			return err
		}
		one.Unit = unit
		res, err := tx.NewInsert().Model(&one).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		entered = true
		if err := entitle(ctx, tx, in.Alert, &one); err != nil {
			return err
		}
		if err := d.useStanding(ctx, tx, in); err != nil {
			return err
		}
		if in.Alert.MsgType != cap.MsgAlert {
			if err := d.stopAll(ctx, tx, in); err != nil {
				return err
			}
		}
		return d.Note(ctx, tx, in.Envelope.Actor, verbEntered, subjectOf(row.Alert), enteringOf(in))
	})
	if err != nil {
		return false, fmt.Errorf("enter alert %s: %w", in.ID, err)
	}
	return entered, nil
}

// stopAll marks everything that the alert refers to as stopped by it. It refuses what this desk never issued, what
// belongs to another world, and what something else has stopped already, unless that is referred to as well.
func (d *Desk) stopAll(ctx context.Context, tx bun.Tx, in *alerting.Issued) error {
	var unknown cap.Findings
	for i, ref := range in.References {
		row, err := find(ctx, tx, ref)
		switch {
		case errors.Is(err, alerting.ErrNotFound) && d.UnknownReferences:
			continue
		case errors.Is(err, alerting.ErrNotFound):
			unknown = append(unknown, finding("desk.references.unknown", "CAP 1.2 §3.2.1 references", "alert/references",
				fmt.Sprintf("reference %d (%s) names no alert that was issued here", i+1, ref)))
			continue
		case err != nil:
			return err
		case row.World != string(in.Envelope.World):
			return d.refuse(in.Envelope.Document, finding("desk.references.world", "CAP 1.2 §3.2.1 status", "alert/references",
				fmt.Sprintf("alert %s is of the world %s; a message of the world %s cannot change it", ref, row.World, in.Envelope.World)))
		case in.Envelope.Window != nil && !row.within(in.Envelope.Window):
			return alerting.Refuse(alerting.ErrForbidden, "alert.other-window", "alert %s does not belong to window %s, so its readers are not those of this public test", ref, in.Envelope.Window.ID)
		case row.Kind == string(cap.MsgCancel):
			return alerting.Refuse(alerting.ErrState, "update.of-cancel", "alert %s is a cancel and cannot be changed", ref)
		}
		if err := d.mayStop(ctx, in.Envelope.Actor, &row); err != nil {
			return err
		}
		if by := row.StoppedBy; by != "" {
			if slices.ContainsFunc(in.References, func(id alerting.AlertID) bool { return id.String() == by }) {
				continue
			}
			return alerting.Refuse(alerting.ErrState, "update.stopped", "alert %s was stopped by %s; refer to that", ref, by)
		}
		if err := stopOne(ctx, tx, ref, in.ID); err != nil {
			return err
		}
	}
	if len(unknown) > 0 {
		return d.refuse(in.Envelope.Document, unknown...)
	}
	return nil
}

// stopOne marks an alert as stopped, if nothing stopped it meanwhile.
func stopOne(ctx context.Context, tx bun.Tx, id, by alerting.AlertID) error {
	res, err := tx.NewUpdate().Model((*issueRow)(nil)).Set("stopped_by = ?", by.String()).
		Where("alert = ?", id.String()).Where("stopped_by IN ('', ?)", by.String()).Exec(ctx)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = alerting.Refuse(alerting.ErrState, "alert.being-stopped", "alert %s is being stopped by another message", id)
	}
	if err != nil {
		return err
	}
	return strike(ctx, tx, id.String(), by.String())
}

// withdraw takes a row back that certainly never went out, and all its marks; false when it was issued after all.
func (d *Desk) withdraw(ctx context.Context, id alerting.AlertID, why error) (withdrawn bool, err error) {
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model((*issueRow)(nil)).Where("alert = ?", id.String()).Where("state = ?", issuing).Exec(ctx)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if withdrawn = n == 1; err != nil || !withdrawn {
			return err
		}
		if err := untitle(ctx, tx, id.String()); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*issueRow)(nil)).Set("stopped_by = ''").Where("stopped_by = ?", id.String()).Exec(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*useRow)(nil)).Where("alert = ?", id.String()).Exec(ctx); err != nil {
			return err
		}
		return d.Note(ctx, tx, engine(), verbWithdrawn, subjectOf(id.String()), map[string]string{"because": why.Error()})
	})
	if err != nil {
		return false, fmt.Errorf("withdraw alert %s: %w", id, err)
	}
	return withdrawn, nil
}

// settle notes that the stream has the alert. Should another process have withdrawn the row meanwhile, because its own
// attempt was refused, it is written again.
func (d *Desk) settle(ctx context.Context, in *alerting.Issued, row issueRow) error {
	at := d.Now().UnixMilli()
	err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*issueRow)(nil)).Set("state = ?", issued).Set("issued_ms = ?", at).
			Where("alert = ?", row.Alert).Exec(ctx)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if n == 0 {
			if err := d.reenter(ctx, tx, in, row, at); err != nil {
				return err
			}
		}
		return d.Note(ctx, tx, in.Envelope.Actor, verbIssued, subjectOf(row.Alert), struct{}{})
	})
	if err != nil {
		return fmt.Errorf("note that alert %s was issued: %w", in.ID, err)
	}
	return nil
}

// reenter writes a row again, as issued, with all its marks.
func (d *Desk) reenter(ctx context.Context, tx bun.Tx, in *alerting.Issued, row issueRow, at int64) error {
	again := row
	again.State, again.IssuedMS = issued, at
	if _, err := tx.NewInsert().Model(&again).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return err
	}
	if err := entitle(ctx, tx, in.Alert, &again); err != nil {
		return err
	}
	for _, ref := range in.References {
		for _, table := range []any{(*issueRow)(nil), (*headlineRow)(nil)} {
			_, err := tx.NewUpdate().Model(table).Set("stopped_by = ?", row.Alert).Where("alert = ?", ref.String()).Where("stopped_by = ''").Exec(ctx)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
