package fanout

import (
	"context"
	"errors"
	"fmt"

	"tocsin/alerting"
)

// restored is the reason of an alert that the ledger delivered and SQL does not know. A second expansion would go by the
// registers of the copy: its pages would hold other people under the same numbers, with the receipts of those who were told.
func restored() string {
	return alerting.Say("note.restored", "the database was restored from a copy that is older than this alert: who was told is known no more, and a cancel "+
		"of it would reach nobody; nothing is sent again, issue a new alert to those in the area")
}

// Recover enters an issued alert that the ledger has delivered and SQL does not know, without telling anybody again. Call it
// of every live alert: what was expanded after the copy was made does not come from the stream again.
func (f *Fanout) Recover(ctx context.Context, in *alerting.Issued) error {
	_, err := readRow(ctx, f.DB.Read(), in.ID)
	if !errors.Is(err, alerting.ErrNotFound) {
		return err
	}
	used, err := f.Used(ctx, in.ID)
	if err != nil {
		return fmt.Errorf("recover alert %s: %w", in.ID, err)
	}
	if !used {
		return nil
	}
	return f.add(ctx, in, true)
}
