package serve

import (
	"context"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// windowsEvery is how often a process asks which public tests were closed, and so how long a closing takes to be heard.
const windowsEvery = time.Second

// watchWindows keeps it known which windows were closed. While SQL is away nothing is; then no test leaves.
func (h *house) watchWindows(ctx context.Context) error {
	if h.office == nil {
		return nil
	}
	tick := time.NewTicker(windowsEvery)
	defer tick.Stop()
	failed := false
	for {
		at := h.now()
		ids, err := desk.ClosedWindows(ctx, h.db.Read(), at)
		switch {
		case err == nil:
			h.office.CloseWindows(ids, at)
		case ctx.Err() == nil && !failed:
			h.log.Warn("it cannot be read which public tests were closed; soon none will leave", "error", err)
		}
		failed = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// leaves says whether an alert may pass a live gateway. Fan-out, workers and adapters each ask.
func (h *house) leaves(in *alerting.Issued, ch alerting.Channel, now time.Time) error {
	return h.office.Leaves(in, ch, now)
}
