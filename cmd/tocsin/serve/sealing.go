package serve

import (
	"context"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
)

func (h *house) writeSealed(ctx context.Context, id alerting.AlertID, page uint32, sealed []byte) error {
	return h.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return fanout.Seal(ctx, tx, id, page, sealed) })
}

func (h *house) sealed(ctx context.Context, id alerting.AlertID, totals []byte) error {
	return h.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return fanout.MarkSealed(ctx, tx, id, totals) })
}
