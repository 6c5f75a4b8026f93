package ledger

import (
	"context"
	"strings"

	"tocsin/alerting"
)

// Closed says who of a closed page must hear that the alert was stopped.
type Closed struct {
	// Told were plainly handed over, in one attempt, on a page never sent by ownership: correct them at once.
	Told []uint8
	// Later may still be under way, in their last attempt or in one before it: correct them after it can no longer land.
	Later []uint8
}

// Close stops a page of one channel: what was never claimed becomes cancelled, all else counts as told. Closing twice
// gives the same places again. A ledger that was rebuilt since the issue answers ErrNotReady like one that is away:
// it cannot vouch for who was told, so the caller must take the whole page as told.
func (l *Ledger) Close(ctx context.Context, id alerting.AlertID, ch alerting.Channel, page uint32, places []uint8) (Closed, error) {
	v, err := l.shut.Run(ctx, l.rdb, l.keys(id, ch), l.server.RunID(), "", page, string(places), "").Slice()
	if err != nil {
		return Closed{}, away("close a page", err)
	}
	if err := verdict(v, 4); err != nil {
		return Closed{}, err
	}
	if intOf(v[3]) == 1 {
		return Closed{}, ErrNotReady
	}
	return Closed{Told: bytesOf(v[1]), Later: bytesOf(v[2])}, nil
}

// Lift is a set of places of a closed page that turned out to have been handed over.
type Lift struct {
	Channel alerting.Channel
	Page    uint32
	Places  []uint8

	field, value string
}

// Lifted lists the lifted places of a stopped alert; they stay listed until Forget.
func (l *Ledger) Lifted(ctx context.Context, id alerting.AlertID) ([]Lift, error) {
	m, err := l.rdb.HGetAll(ctx, l.liftedKey(id)).Result()
	if err != nil {
		return nil, away("list lifted places", err)
	}
	var lifts []Lift
	for field, value := range m {
		key, page, ok := strings.Cut(field, "/")
		n, err := parsePage(page)
		if !ok || err != nil {
			continue
		}
		ch := alerting.Channel(key[strings.LastIndexByte(key, ':')+1:])
		lifts = append(lifts, Lift{Channel: ch, Page: n, Places: []uint8(value), field: field, value: value})
	}
	return lifts, nil
}

// Forget drops a lift that has been taken over, unless it grew since; then it is listed again.
func (l *Ledger) Forget(ctx context.Context, id alerting.AlertID, lift Lift) error {
	const script = `if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return redis.call('HDEL', KEYS[1], ARGV[1]) end return 0`
	err := l.rdb.Eval(ctx, script, []string{l.liftedKey(id)}, lift.field, lift.value).Err()
	if err != nil {
		return away("forget a lift", err)
	}
	return nil
}
