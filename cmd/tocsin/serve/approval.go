package serve

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/alerting/fanout"
	"tocsin/cmd/tocsin/config"
)

// OperatorKey reads the private key of an operator, or of the desk.
func OperatorKey(file string) (approval.Signer, error) {
	key, err := privateKey(file)
	return approval.Signer{Kind: approval.File, Private: key}, err
}

// MakeOperatorKey writes an Ed25519 key (PKCS #8, PEM) and gives its public half as configurations and enrolments name it.
func MakeOperatorKey(file string) (public string, err error) {
	pub, err := makeEd25519(file)
	if err != nil {
		return "", fmt.Errorf("make an operator's key: %w", err)
	}
	return approval.Key{Kind: approval.File, Public: pub}.String(), nil
}

// deskKey is what the desk signs its cancels with; zero when nobody must approve.
func (h *house) deskKey() (approval.Signer, error) { return deskKeyOf(h.cfg, h.office) }

func deskKeyOf(cfg *config.Config, office *approval.Office) (approval.Signer, error) {
	if office == nil {
		return approval.Signer{}, nil
	}
	if cfg.Approval.DeskKeyFile == "" {
		return approval.Signer{}, fmt.Errorf("%w: it is missing: the role api must be able to stop an alert (`tocsin keys operator FILE`)", alerting.ErrInvalid)
	}
	s, err := OperatorKey(cfg.Approval.DeskKeyFile)
	if err == nil && s.Key().ID() != office.Desk.ID() {
		err = fmt.Errorf("%w: %s is not the private half of approval.desk_key, so no worker would believe it", alerting.ErrInvalid, cfg.Approval.DeskKeyFile)
	}
	return s, err
}

// count says whom an alert would reach, as a dry run does.
func (h *house) count(ctx context.Context, in *alerting.Issued) (alerting.Counted, error) {
	return h.dryRunner(nil).Count(ctx, in)
}

// revocationsEvery is how often a process looks for keys that were revoked.
const revocationsEvery = 10 * time.Second

// watchRevocations keeps the office's revocations up to date. While SQL is away those known last hold.
func (h *house) watchRevocations(ctx context.Context) error {
	if h.office == nil {
		return nil
	}
	tick := time.NewTicker(revocationsEvery)
	defer tick.Stop()
	for {
		all, err := desk.Revocations(ctx, h.db.Read())
		if err == nil {
			h.office.Revoke(all)
			var withdrawn []alerting.Withdrawal
			if withdrawn, err = desk.StandingWithdrawals(ctx, h.db.Read()); err == nil {
				h.office.Withdrawals(withdrawn)
			}
		}
		if err != nil && ctx.Err() == nil {
			h.log.Warn("the revocations and withdrawals cannot be read; those known last hold", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// checkApproval reads the desk's key where this machine has it: only the role api needs it.
func checkApproval(cfg *config.Config) error {
	office, err := cfg.Approval.Office()
	if err != nil || office == nil || cfg.Approval.DeskKeyFile == "" {
		return err
	}
	_, err = deskKeyOf(cfg, office)
	return err
}

func (h *house) fuse() fanout.Fuse {
	f := h.cfg.Approval.Fuse
	return fanout.Fuse{Factor: f.Factor, More: f.More, MoreSirens: f.Sirens}
}

// proceed lets an alert go on that fan-out holds back, and records who said so.
func (h *house) proceed(ctx context.Context, by alerting.Actor, id alerting.AlertID) error {
	return h.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := fanout.Proceed(ctx, tx, id, h.now()); err != nil {
			return err
		}
		return h.note(ctx, tx, by, "alert.proceeded", "alert/"+id.String(), struct{}{})
	})
}
