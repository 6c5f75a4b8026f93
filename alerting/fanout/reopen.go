package fanout

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// Reopen has all batches of a world produced anew that a channel may still need: of alerts that are not over, not stopped
// and not sealed. Whoever finds that batches were lost on Kafka before anybody read them calls it, in any process. The
// pages count as not produced again, on all their channels, and each expansion gets a new epoch, so that whoever works on
// it loses it and Run takes it up from its manifest. What was sent already is not sent again: no claim is granted for it. It
// returns how many alerts that is.
func Reopen(ctx context.Context, db DB, w alerting.World, ch alerting.Channel, now time.Time) (int, error) {
	c := channelIndex(ch)
	if c < 0 {
		return 0, fmt.Errorf("reopen alerts: %w: channel %q", alerting.ErrInvalid, ch)
	}
	var alerts []string
	err := db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		alerts = nil
		column := bun.Ident("e." + [channelCount]string{"targeted_sms", "targeted_push", "targeted_mail", "targeted_siren"}[c])
		err := tx.NewSelect().TableExpr("expansions AS e").Column("e.alert").Where("e.world = ?", string(w)).
			Where("e.sealed = 0").Where("e.expires_ms > ?", millis(now)).Where("e.state <> ?", string(Stopped)).
			Where("? > 0", column).
			Where("NOT EXISTS (SELECT 1 FROM tombstones AS t WHERE t.alert = e.alert AND t.world = e.world)").
			Scan(ctx, &alerts)
		if err != nil || len(alerts) == 0 {
			return err
		}
		_, err = tx.NewUpdate().Model((*manifestRow)(nil)).Set("produced = 0").Set("later_produced = 0").
			Where("alert IN (?)", bun.List(alerts)).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*expansionRow)(nil)).Set("epoch = epoch + 1").Set("updated_ms = ?", millis(now)).
			Set("state = CASE WHEN state = ? THEN ? ELSE state END", string(Done), string(Later)).
			Where("alert IN (?)", bun.List(alerts)).Exec(ctx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("reopen the alerts of world %s for channel %s: %w", w, ch, err)
	}
	return len(alerts), nil
}
