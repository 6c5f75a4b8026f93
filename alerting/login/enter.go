package login

import (
	"context"

	"github.com/uptrace/bun"
)

// ByPassword opens a session for a name, a password and the code that an authenticator shows, all three of which must be right. The
// error is ErrWrong, a *Locked, or ErrUnavailable when nothing could be tried. Whatever the name is, one record is tried, and it takes
// as long.
func (g *Gate) ByPassword(ctx context.Context, address, name, password, code string) (Opened, error) {
	r, step, err := g.prove(ctx, address, name, password, &code)
	if err != nil {
		return Opened{}, err
	}
	if err := g.enter(ctx, &r, step, byPassword); err != nil {
		return Opened{}, err
	}
	if err := g.forgive(ctx, address, name); err != nil {
		return Opened{}, err
	}
	return g.open(ctx, &r, byPassword)
}

// prove tries a password and, unless it is nil, a code, and counts the attempt before.
func (g *Gate) prove(ctx context.Context, address, name, password string, code *string) (r accountRow, step int64, err error) {
	shut, err := g.attempt(ctx, address, name)
	if err != nil {
		return r, 0, err
	}
	leave, err := g.await(ctx)
	if err != nil {
		return r, 0, g.counted("unavailable", err)
	}
	defer leave()
	r, exists, err := row(ctx, g.DB.Read(), keyOf(name))
	if err != nil {
		return r, 0, g.counted("unavailable", err)
	}
	right := fits(r.Password, password, g.Cost)
	secret, err := g.openSecret(r.Key, r.TOTP)
	if err != nil {
		return r, 0, g.counted("unavailable", err)
	}
	if code != nil {
		var shown bool
		step, shown = codeFits(secret, *code, g.Now(), r.Step)
		right = shown && len(r.TOTP) > 0 && right
	}
	if !right || !exists || r.State != Active {
		g.failed.failedAt(r.Name, shut)
		return accountRow{}, 0, g.counted("wrong", ErrWrong)
	}
	return r, step, nil
}

// enter uses a code up and records the login. Of two who come with the same code one enters.
func (g *Gate) enter(ctx context.Context, r *accountRow, step int64, how way) error {
	return g.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewUpdate().Model((*accountRow)(nil)).Where("name_key = ?", r.Key).Where("epoch = ?", r.Epoch).Where("state = ?", Active)
		if step > 0 {
			q = q.Set("totp_step = ?", step).Where("totp_step < ?", step)
		} else {
			q = q.Set("totp_step = totp_step")
		}
		res, err := q.Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err == nil {
				err = g.counted("wrong", ErrWrong)
			}
			return err
		}
		a := Account{Name: r.Name}
		return g.note(ctx, tx, a.actor(), verbOpened, r.Name, map[string]any{"with": string(how)})
	})
}
