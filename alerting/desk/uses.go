package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
)

type useRow struct {
	bun.BaseModel `bun:"table:standing_uses"`

	Alert    string `bun:"alert,pk"`
	Standing string `bun:"standing"`
	AtMS     int64  `bun:"at_ms"`
	Rated    int64  `bun:"rated"`
	DueMS    int64  `bun:"due_ms"`
	SignedMS int64  `bun:"signed_ms"`
	SignedBy string `bun:"signed_by"`
	Body     string `bun:"body"`
}

// useStanding counts an alert against the rate of its standing authorisation, in the transaction that enters it. The lock on the
// row of the authorisation lets several desks count one after the other; whoever comes too late enters nothing.
func (d *Desk) useStanding(ctx context.Context, tx bun.Tx, in *alerting.Issued) error {
	s, id := in.Envelope.Standing, standingIn(&in.Envelope)
	if s == nil {
		return nil
	}
	rated := 1
	if in.Alert.MsgType == cap.MsgCancel && s.Kind == approval.Alone {
		rated = 0
	}
	locked, err := lockStanding(ctx, tx, id, 1)
	if err != nil {
		return err
	}
	if !locked {
		return beyondIt("standing.not-booked", "it is not in the books")
	}
	gone, err := tx.NewSelect().Model((*withdrawalRow)(nil)).Where("standing = ?", id).Exists(ctx)
	if err != nil {
		return err
	}
	if gone {
		return beyondIt("standing.withdrawn", "it was withdrawn")
	}
	now := d.Now()
	if rated == 1 {
		if err := keepsRate(ctx, tx, id, &s.Bounds, now); err != nil {
			return err
		}
	}
	row := useRow{Alert: in.ID.String(), Standing: id, AtMS: now.UnixMilli(), Rated: int64(rated)}
	if s.Kind == approval.Countersigned {
		row.DueMS = now.Add(time.Duration(s.CountersignWithin) * time.Minute).UnixMilli()
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return err
	}
	return d.Note(ctx, tx, in.Envelope.Actor, verbUsed, subjectOf(row.Alert), map[string]any{"standing": id, "kind": s.Kind, "name": s.Name, "countersign_by": moment(row.DueMS)})
}

func keepsRate(ctx context.Context, tx bun.Tx, id string, b *alerting.StandingBounds, now time.Time) error {
	for _, limit := range []struct {
		most int
		in   time.Duration
		name string
	}{{b.PerHour, time.Hour, "hour"}, {b.Burst, time.Minute, "minute"}} {
		n, err := tx.NewSelect().Model((*useRow)(nil)).Where("standing = ?", id).Where("rated = 1").
			Where("at_ms > ?", now.Add(-limit.in).UnixMilli()).Count(ctx)
		if err != nil {
			return err
		}
		if n >= int64(limit.most) {
			return beyondIt("standing.rate", "%d alerts have gone out under it in the last %s, and %d may", n, alerting.Term(limit.name), limit.most)
		}
	}
	return nil
}

// unattended issues what a partner signed when a standing authorisation lets it go; the id of that is the answer. Beyond says why
// none does, when there are some of this partner.
func (d *Desk) unattended(ctx context.Context, in *alerting.Issued, original []byte) (standing, beyond string, err error) {
	if d.Office == nil || original == nil {
		return "", "", nil
	}
	roll, err := d.roll(ctx, d.DB.Read())
	if err != nil {
		return "", "", err
	}
	all, err := d.standingOrders(ctx, d.DB.Read())
	if err != nil {
		return "", "", err
	}
	var counted *alerting.Counted
	var why []string
	for i := range all {
		s := &all[i].StandingOrder
		if s.Kind != approval.Alone || s.Source != in.Envelope.Actor.Name {
			continue
		}
		if counted == nil {
			n, err := d.Count(ctx, in)
			if err != nil {
				return "", "", fmt.Errorf("count whom it reaches: %w", err)
			}
			counted = &n
		}
		err := d.letGo(ctx, roll, in, s, original, *counted)
		if err == nil {
			return all[i].ID, "", nil
		}
		if !errors.Is(err, errBeyond) {
			return "", "", err
		}
		why = append(why, alerting.Say("standing.not-alone", "standing authorisation %q does not let it go alone: %s", s.Name, plainly(err)))
	}
	return "", strings.Join(why, "; "), nil
}

// plainly leaves out of an error what only programs want to know.
func plainly(err error) string {
	_, text, found := strings.Cut(err.Error(), errBeyond.Error()+": ")
	if !found {
		return err.Error()
	}
	return text
}

// letGo issues a copy of an alert under a standing authorisation; errBeyond when that does not let it.
func (d *Desk) letGo(ctx context.Context, roll *approval.Roll, in *alerting.Issued, s *alerting.StandingOrder, original []byte, counted alerting.Counted) error {
	one := *in
	e := &one.Envelope
	e.Author, e.Counted, e.Standing = e.Actor.Name, counted, s
	if string(original) != string(e.Document) {
		e.Original = original
	}
	if err := d.underStanding(roll, &one); err != nil {
		return err
	}
	_, err := d.submit(ctx, &one)
	return err
}

// underStanding puts the desk's signature on an envelope, and asks what fan-out and the workers will.
func (d *Desk) underStanding(roll *approval.Roll, in *alerting.Issued) error {
	e := &in.Envelope
	seal, err := approval.SignUnattended(d.Seal, e, d.Now())
	if err != nil {
		return err
	}
	e.Enrolments = roll.Needed(append(append([]alerting.Approval{}, e.Standing.By...), e.Approvals...))
	e.Approvals = append(e.Approvals, seal)
	if beyond := d.Office.Beyond(roll, in); len(beyond) > 0 {
		return beyondIt("standing.beyond", "%s", beyond)
	}
	return nil
}

// sayBeyond notes on a submitted draft why no standing authorisation let it go: in English, which alerting.SaidIn gives in Chinese.
func (d *Desk) sayBeyond(ctx context.Context, draft Draft, why string) (Draft, error) {
	if len(why) > longestReason {
		why = strings.ToValidUTF8(why[:longestReason], "")
	}
	err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*draftRow)(nil)).Set("reason = ?", why).Where("id = ?", draft.ID).Where("state = ?", string(Submitted)).Exec(ctx)
		if err != nil {
			return err
		}
		return d.Note(ctx, tx, engine(), verbBeyond, subjectOfDraft(draft.ID), map[string]any{"reason": why})
	})
	if err != nil {
		return draft, fmt.Errorf("note why draft %s did not go out: %w", draft.ID, err)
	}
	return d.DraftAt(ctx, draft.ID)
}
