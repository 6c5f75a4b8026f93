package desk

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// keyRow is a private key under its operator's password.
type keyRow struct {
	bun.BaseModel `bun:"table:operator_keys"`

	KeyID     string `bun:"key_id,pk"`
	Operator  string `bun:"operator"`
	Wrapped   []byte `bun:"wrapped"`
	Failures  int64  `bun:"failures"`
	LockedMS  int64  `bun:"locked_until_ms"`
	CreatedMS int64  `bun:"created_ms"`
}

const (
	// guesses is how many wrong passwords in a row shut a key, for shutFor.
	guesses = 5
	shutFor = 15 * time.Minute
	// openings is how many passwords are tried at once: each takes 64 MiB. Others wait so long.
	openings        = 2
	openingPatience = 20 * time.Second
	// newKeys bounds how many keys a name may be given in a day: most of them nobody ever enrols.
	newKeys = 8
)

// PasswordSignature is what an operator types to sign a draft.
type PasswordSignature struct {
	Operator, Password string
	// Act is approval.Author or approval.Approve.
	Act approval.Act
	// Pick is the place, where a rule wants it picked.
	Pick Pick
}

// errShut is the one answer to a name without a key, to a wrong password, and to any password while the key is shut: whoever
// guesses learns nothing.
func errShut() error {
	return alerting.Refuse(alerting.ErrForbidden, "key.wrong-password", "nothing was opened: the password is wrong, or there is no key under a password for this name that is enrolled, or %d wrong ones came in a row and it is shut for %s", guesses, shutFor)
}

// MakePasswordKey makes a key for an operator, keeps it under his password, and gives its public half, which must then be enrolled
// like every key: before, it counts for nothing.
func (d *Desk) MakePasswordKey(ctx context.Context, by alerting.Actor, operator, password string) (approval.Key, error) {
	if d.Office == nil {
		return approval.Key{}, errNoApproval()
	}
	if operator == approval.DeskName {
		return approval.Key{}, fmt.Errorf("make a key: %w", alerting.Refuse(alerting.ErrInvalid, "operators.desk-name", "the name %q is the desk's own", operator))
	}
	if err := approval.CheckPassword(operator, password); err != nil {
		return approval.Key{}, fmt.Errorf("make a key: %w", err)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return approval.Key{}, fmt.Errorf("make a key: %w", err)
	}
	defer clear(private)
	w, err := d.wrap(ctx, private, operator, password)
	if err != nil {
		return approval.Key{}, fmt.Errorf("make a key: %w", err)
	}
	now := d.Now()
	row := keyRow{KeyID: w.Key().ID(), Operator: operator, Wrapped: w.Bytes(), CreatedMS: now.UnixMilli()}
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*keyRow)(nil)).Where("operator = ?", operator).
			Where("created_ms > ?", now.Add(-24*time.Hour).UnixMilli()).Count(ctx)
		if err != nil {
			return err
		}
		if n >= newKeys {
			return alerting.Refuse(alerting.ErrState, "key.too-many", "%d keys were made for this name within a day; enrol one of them", n)
		}
		one := row
		if _, err := tx.NewInsert().Model(&one).Exec(ctx); err != nil {
			return err
		}
		return d.Note(ctx, tx, by, verbKeyMade, "operator/"+operator, map[string]any{"key": row.KeyID})
	})
	if err != nil {
		return approval.Key{}, fmt.Errorf("make a key: %w", err)
	}
	return w.Key(), nil
}

// wrap encrypts a key with a fresh salt, in its turn.
func (d *Desk) wrap(ctx context.Context, private ed25519.PrivateKey, operator, password string) (approval.Wrapped, error) {
	leave, err := d.awaitOpening(ctx)
	if err != nil {
		return approval.Wrapped{}, err
	}
	defer leave()
	var salt [approval.SaltSize]byte
	_, _ = rand.Read(salt[:]) // it never fails (crypto/rand)
	return approval.Wrap(private, operator, password, salt, d.PasswordCost)
}

// awaitOpening waits for a turn to try a password; leave ends it.
func (d *Desk) awaitOpening(ctx context.Context) (leave func(), err error) {
	patience := time.NewTimer(openingPatience)
	defer patience.Stop()
	select {
	case d.opening <- struct{}{}:
		return func() { <-d.opening }, nil
	case <-patience.C:
		return nil, alerting.Refuse(alerting.ErrUnavailable, "key.queue", "too many passwords are being tried; nothing was done")
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: wait to try a password: %w", alerting.ErrUnavailable, ctx.Err())
	}
}

// SignWithPassword is Sign with a key that the office keeps under the operator's password: over the version as it is stored, which
// must be the one that he looked at. Errors as for Sign, and ErrForbidden when the key is not opened.
func (d *Desk) SignWithPassword(ctx context.Context, id string, version int64, by alerting.Actor, p PasswordSignature) (Draft, error) {
	if d.Office == nil {
		return Draft{}, errNoApproval()
	}
	if p.Act != approval.Author && p.Act != approval.Approve {
		return Draft{}, fmt.Errorf("sign draft %s: %w", id, alerting.Refuse(alerting.ErrInvalid, "sign.acts", "a draft is signed as %s or %s", alerting.Term(approval.Author), alerting.Term(approval.Approve)))
	}
	v, err := findVersion(ctx, d.DB.Read(), id, version)
	if err != nil {
		return Draft{}, fmt.Errorf("sign: %w", err)
	}
	in, err := d.checkVersion(&v)
	if err != nil {
		return Draft{}, fmt.Errorf("sign draft %s: %w", id, err)
	}
	v.onto(&in.Envelope, nil)
	signed, err := d.signWith(ctx, by, &in.Envelope, p, p.Act)
	if err != nil {
		return Draft{}, fmt.Errorf("sign draft %s: %w", id, err)
	}
	return d.SignPicked(ctx, id, version, by, signed[0], p.Pick)
}

// ChangePassword puts an operator's key under another password. The key stays the same.
func (d *Desk) ChangePassword(ctx context.Context, by alerting.Actor, operator, password, next string) error {
	if d.Office == nil {
		return errNoApproval()
	}
	if err := approval.CheckPassword(operator, next); err != nil {
		return fmt.Errorf("change a password: %w", err)
	}
	signer, row, err := d.unlock(ctx, by, operator, password)
	if err != nil {
		return fmt.Errorf("change a password: %w", err)
	}
	defer clear(signer.Private)
	w, err := d.wrap(ctx, signer.Private, operator, next)
	if err != nil {
		return fmt.Errorf("change a password: %w", err)
	}
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*keyRow)(nil)).Set("wrapped = ?", w.Bytes()).Where("key_id = ?", row.KeyID).
			Where("wrapped = ?", row.Wrapped).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err == nil {
				err = alerting.Refuse(alerting.ErrConflict, "key.changed-meanwhile", "somebody else changed it meanwhile")
			}
			return err
		}
		return d.Note(ctx, tx, by, verbPassword, "operator/"+operator, map[string]any{"key": row.KeyID})
	})
	if err != nil {
		return fmt.Errorf("change a password: %w", err)
	}
	return nil
}

// unlock opens an operator's key. Whatever the name and the password are, one record is tried: a decoy where there is no key, or it
// is shut. The attempt counts as a failure before it is made, so that many at once are no more guesses than one after another.
func (d *Desk) unlock(ctx context.Context, by alerting.Actor, operator, password string) (approval.Signer, keyRow, error) {
	leave, err := d.awaitOpening(ctx)
	if err != nil {
		return approval.Signer{}, keyRow{}, err
	}
	defer leave()
	row, w, err := d.passwordKey(ctx, operator)
	if err != nil {
		return approval.Signer{}, keyRow{}, err
	}
	claimed, err := d.claim(ctx, by, row.KeyID, operator) // of no key there is nothing to claim
	if err != nil {
		return approval.Signer{}, keyRow{}, err
	}
	if !claimed {
		w = approval.Decoy(d.PasswordCost)
	}
	signer, err := w.Open(password)
	if err != nil || !claimed {
		clear(signer.Private)
		return approval.Signer{}, keyRow{}, errShut()
	}
	if err := d.forgive(ctx, by, row.KeyID, operator); err != nil {
		clear(signer.Private)
		return approval.Signer{}, keyRow{}, err
	}
	return signer, row, nil
}

// passwordKey is the latest key of an operator that is enrolled; zero when he has none.
func (d *Desk) passwordKey(ctx context.Context, operator string) (keyRow, approval.Wrapped, error) {
	var rows []keyRow
	err := d.DB.Read().NewSelect().Model(&rows).Where("operator = ?", operator).Order("created_ms DESC", "key_id").Scan(ctx)
	if err != nil {
		return keyRow{}, approval.Wrapped{}, fmt.Errorf("read the keys: %w: %w", alerting.ErrUnavailable, err)
	}
	roll, err := d.roll(ctx, d.DB.Read())
	if err != nil {
		return keyRow{}, approval.Wrapped{}, err
	}
	for _, row := range rows {
		if have, ok := roll.Find(row.KeyID); !ok || have.Operator != operator {
			continue
		}
		w, err := approval.ParseWrapped(operator, row.Wrapped)
		if err == nil && w.Key().ID() != row.KeyID {
			err = fmt.Errorf("%w: it is of another key", alerting.ErrInvalid)
		}
		if err != nil {
			d.Log.ErrorContext(ctx, "a row of the keys under a password counts for nothing", "key", row.KeyID, "error", err)
			continue
		}
		return row, w, nil
	}
	return keyRow{}, approval.Wrapped{}, nil
}

// claim counts an attempt on a key before it is made; false when the key is shut. The fifth in a row shuts it.
func (d *Desk) claim(ctx context.Context, by alerting.Actor, keyID, operator string) (claimed bool, err error) {
	now := d.Now()
	until := now.Add(shutFor)
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		claimed = false
		res, err := tx.NewUpdate().Model((*keyRow)(nil)).
			Set("failures = CASE WHEN failures >= ? THEN 1 ELSE failures + 1 END", guesses).
			Set("locked_until_ms = CASE WHEN failures = ? THEN ? ELSE 0 END", guesses-1, until.UnixMilli()).
			Where("key_id = ?", keyID).Where("locked_until_ms <= ?", now.UnixMilli()).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		claimed = true
		var row keyRow
		if err := tx.NewSelect().Model(&row).Where("key_id = ?", keyID).Scan(ctx); err != nil || row.LockedMS == 0 {
			return err
		}
		return d.Note(ctx, tx, by, verbShut, "operator/"+operator, map[string]any{"key": keyID, "failures": row.Failures, "until": moment(row.LockedMS)})
	})
	if err != nil {
		return false, fmt.Errorf("count a password: %w", err)
	}
	return claimed, nil
}

// forgive forgets the failures of a key that was opened; it tells the journal when the last of them had shut it.
func (d *Desk) forgive(ctx context.Context, by alerting.Actor, keyID, operator string) error {
	err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row keyRow
		if err := tx.NewSelect().Model(&row).Where("key_id = ?", keyID).Scan(ctx); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*keyRow)(nil)).Set("failures = 0").Set("locked_until_ms = 0").Where("key_id = ?", keyID).Exec(ctx)
		if err != nil || row.LockedMS == 0 {
			return err
		}
		return d.Note(ctx, tx, by, verbReopened, "operator/"+operator, map[string]any{"key": keyID})
	})
	if err != nil {
		return fmt.Errorf("forget the wrong passwords: %w", err)
	}
	return nil
}
