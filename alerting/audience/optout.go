package audience

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// FindAddress is whose an address is: an E.164 number, an e-mail address, or the endpoint of a push subscription.
// ErrNotFound when nobody has it, ErrInvalid when it is none.
func (a *Audience) FindAddress(ctx context.Context, ch alerting.Channel, address string) (int64, error) {
	normal, err := normalized(ch, address)
	if err != nil {
		return 0, fmt.Errorf("find an address: %w", err)
	}
	var person int64
	err = each(ctx, a.db.Read(), "find an address", "SELECT person FROM addresses WHERE hash IN (?) AND channel = ?",
		[]any{bun.List(a.keys.Hashes(string(ch), normal)), ch}, func(rows *sql.Rows) error { return rows.Scan(&person) })
	if err == nil && person == 0 {
		err = fmt.Errorf("find an address: %w: nobody has this %s address", alerting.ErrNotFound, ch)
	}
	return person, err
}

// OptOut notes that a person no longer wants messages on a channel, or on any channel where ch is empty: at once for new
// batches, and before the first claim of those already made. An address stays opted out when it is imported again. It is
// ErrNotFound when there is no such person or address; repeating it changes nothing.
func (a *Audience) OptOut(ctx context.Context, ch alerting.Channel, person int64) error {
	return a.setOptOut(ctx, ch, person, true)
}

// OptIn takes an opt-out back: the owner himself said so. With an empty channel it takes back what OptOut with an empty
// channel did, and no more.
func (a *Audience) OptIn(ctx context.Context, ch alerting.Channel, person int64) error {
	return a.setOptOut(ctx, ch, person, false)
}

func (a *Audience) setOptOut(ctx context.Context, ch alerting.Channel, person int64, out bool) error {
	now := a.now().UnixMilli()
	err := a.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if ch != "" {
			if err := setAddressOptOut(ctx, tx, ch, person, optOut{out, now}); err != nil {
				return err
			}
			return copyAddress(ctx, tx, ch, person)
		}
		result, err := tx.ExecContext(ctx, "UPDATE people SET opted_out = ?, updated_ms = ? WHERE id = ?", flag(out), now, person)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return alerting.ErrNotFound
		}
		for _, ch := range alerting.PeopleChannels() {
			if err := copyAddress(ctx, tx, ch, person); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("opt person %d out of or into %q: %w", person, ch, err)
	}
	return nil
}

// optOut is whether an address is opted out, and since when it is so.
type optOut struct {
	out bool
	now int64
}

// setAddressOptOut changes one address, and the list that survives it.
func setAddressOptOut(ctx context.Context, tx bun.Tx, ch alerting.Channel, person int64, o optOut) error {
	var hash []byte
	err := tx.QueryRowContext(ctx,
		"UPDATE addresses SET opted_out = ?, changed_ms = ? WHERE person = ? AND channel = ? RETURNING hash",
		flag(o.out), o.now, person, ch).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return alerting.ErrNotFound
	}
	if err != nil {
		return err
	}
	if o.out {
		_, err = tx.ExecContext(ctx, "INSERT INTO opt_outs (hash, channel, at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			hash, ch, o.now)
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM opt_outs WHERE hash = ? AND channel = ?", hash, ch)
	return err
}

// copyAddress brings the copies of an address in places and place_codes up to date: NULL unless it may be used.
func copyAddress(ctx context.Context, tx bun.Tx, ch alerting.Channel, person int64) error {
	if !slices.Contains(alerting.PeopleChannels(), ch) {
		return fmt.Errorf("%w: %q is no channel of people", alerting.ErrInvalid, ch)
	}
	for _, table := range []string{"places", "place_codes"} {
		// The columns are named after the channels.
		_, err := tx.ExecContext(ctx, `UPDATE ? SET ? = (SELECT a.sealed FROM addresses AS a JOIN people AS p ON p.id = a.person
			WHERE a.person = ? AND a.channel = ? AND a.verified = 1 AND a.opted_out = 0 AND p.opted_out = 0) WHERE person = ?`,
			bun.Ident(table), bun.Ident(ch), person, ch, person)
		if err != nil {
			return err
		}
	}
	return nil
}

// OptedOut tells which of the people no longer want messages on a channel, or were removed since. It is one query; ask it
// for a page.
func (a *Audience) OptedOut(ctx context.Context, ch alerting.Channel, ids []int64) (map[int64]bool, error) {
	out := make(map[int64]bool, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	for _, id := range ids {
		out[id] = true
	}
	err := each(ctx, a.db.Read(), "read opt-outs",
		`SELECT p.id FROM people AS p LEFT JOIN addresses AS a ON a.person = p.id AND a.channel = ?
		 WHERE p.id IN (?) AND p.opted_out = 0 AND COALESCE(a.opted_out, 0) = 0`, []any{ch, bun.List(ids)},
		func(rows *sql.Rows) error {
			var id int64
			err := rows.Scan(&id)
			delete(out, id)
			return err
		})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Prune deletes an address that is known to be dead: a push subscription that ended, a mailbox that is gone. An opt-out of
// it stays known. Nothing happens when there is none.
func (a *Audience) Prune(ctx context.Context, ch alerting.Channel, person int64) error {
	err := a.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM addresses WHERE person = ? AND channel = ?", person, ch)
		if err != nil {
			return err
		}
		return copyAddress(ctx, tx, ch, person)
	})
	if err != nil {
		return fmt.Errorf("prune the %s address of person %d: %w", ch, person, err)
	}
	return nil
}

// Remove deletes people by reference, with their places and addresses; what they opted out of stays known. It returns how
// many there were.
func (a *Audience) Remove(ctx context.Context, refs []string) (int, error) {
	var removed int64
	for lot := range slices.Chunk(refs, inList) {
		var n int64
		err := a.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			result, err := tx.ExecContext(ctx, "DELETE FROM people WHERE ref IN (?)", bun.List(lot))
			if err != nil {
				return err
			}
			n, err = result.RowsAffected()
			return err
		})
		if err != nil {
			return int(removed), fmt.Errorf("remove people: %w", err)
		}
		removed += n
	}
	return int(removed), nil
}
