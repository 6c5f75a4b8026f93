package inbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

type seenRow struct {
	bun.BaseModel `bun:"table:inbox_seen"`

	Source string `bun:"source,pk"`
	Entry  string `bun:"entry,pk"`
	AtMS   int64  `bun:"at_ms"`
}

type leaseRow struct {
	bun.BaseModel `bun:"table:inbox_feeds"`

	Source  string `bun:"source,pk"`
	Holder  string `bun:"holder"`
	UntilMS int64  `bun:"until_ms"`
}

// seenFor is how long an entry is remembered. One that still stands in its feed then is fetched once more, and its document is known.
const seenFor = 180 * 24 * time.Hour

// askedAtOnce bounds the names in one question: SQLite takes 32,766 and PostgreSQL 65,535.
const askedAtOnce = 500

// unseen leaves out the entries whose documents are in the inbox.
func (in *Inbox) unseen(ctx context.Context, source string, all []entry) ([]entry, error) {
	known := make(map[string]bool)
	for part := range slices.Chunk(all, askedAtOnce) {
		keys := make([]string, len(part))
		for i, e := range part {
			keys[i] = e.key
		}
		var rows []seenRow
		err := in.DB.Read().NewSelect().Model(&rows).Where("source = ?", source).Where("entry IN (?)", bun.List(keys)).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for what was seen: %w: %w", alerting.ErrUnavailable, err)
		}
		for _, row := range rows {
			known[row.Entry] = true
		}
	}
	return slices.DeleteFunc(all, func(e entry) bool { return known[e.key] }), nil
}

// see remembers an entry whose document is in the inbox, and forgets what is too old.
func (in *Inbox) see(ctx context.Context, source, key string) error {
	now := in.Now()
	err := in.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*seenRow)(nil)).Where("source = ?", source).Where("at_ms < ?", now.Add(-seenFor).UnixMilli()).Exec(ctx)
		if err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&seenRow{Source: source, Entry: key, AtMS: now.UnixMilli()}).On("CONFLICT DO NOTHING").Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("remember what was seen: %w", err)
	}
	return nil
}

// lease takes or keeps the right to read a feed for a time; false while another process has it. Clocks of the processes may differ: the
// worst is that two read one feed, and what they take in twice is taken once.
func (in *Inbox) lease(ctx context.Context, source, holder string, d time.Duration) (mine bool, err error) {
	now := in.Now()
	row := leaseRow{Source: source, Holder: holder, UntilMS: now.Add(d).UnixMilli()}
	err = in.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		one := row
		res, err := tx.NewInsert().Model(&one).On("CONFLICT (source) DO UPDATE").Set("holder = EXCLUDED.holder").Set("until_ms = EXCLUDED.until_ms").
			Where("lease_row.holder = ? OR lease_row.until_ms <= ?", holder, now.UnixMilli()).Exec(ctx)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		mine = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take the feed of %s: %w", source, err)
	}
	return mine, nil
}

// endLease gives the feed back, so that another process need not wait.
func (in *Inbox) endLease(ctx context.Context, source, holder string) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	err := in.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*leaseRow)(nil)).Where("source = ?", source).Where("holder = ?", holder).Exec(ctx)
		return err
	})
	if err != nil {
		in.Log.WarnContext(ctx, "a feed was not given back; another process waits until the lease has ended", "source", source, "error", err)
	}
}
