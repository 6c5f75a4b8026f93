package ledger

import (
	"context"
	"strconv"

	"tocsin/alerting"
)

// Place is what the ledger knows of one place on one channel.
type Place struct {
	Channel alerting.Channel
	Held    Held
	Notes   []Note
}

// Explain reads one place over all channels; channels that do not target it are left out.
func (l *Ledger) Explain(ctx context.Context, id alerting.AlertID, page uint32, place uint8) ([]Place, error) {
	if ready, _, err := l.Ready(ctx, id); err != nil || !ready {
		if err == nil {
			err = ErrNotReady
		}
		return nil, err
	}
	var out []Place
	for _, ch := range alerting.Channels() {
		answer, err := l.Step(ctx, Step{Alert: id, Channel: ch, Page: page, Report: []uint8{place}})
		if err != nil {
			return nil, err
		}
		if len(answer.Report) != 1 || answer.Report[0].Mark.State() == alerting.None {
			continue
		}
		notes, err := l.rdb.HMGet(ctx, l.pagesKey(id, ch), "r"+strconv.FormatUint(uint64(page), 10)).Result()
		if err != nil {
			return nil, away("read notes", err)
		}
		out = append(out, Place{ch, answer.Report[0], readNotes(string(bytesOf(first(notes))), place)})
	}
	return out, nil
}
