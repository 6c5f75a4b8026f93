package pace

import "time"

// Ahead is how far into the future a reservation may reach; it bounds what a crash can waste and what a higher lane has
// to wait for.
const Ahead = 50 * time.Millisecond

// reserve is GCRA as pure arithmetic: of want units, each taking interval, it grants those that begin before now+Ahead. It
// waits for half of what fits there, or for want if that is less, so that a busy gateway is not fed one delivery at a time,
// each with a call of the ledger; where less than two fit, it grants as early as it can, so that no unit is left unused.
// It answers how many, when the first falls due, the new TAT, and, when none is granted, how long to wait.
// limiter.lua computes the same on Redis' clock.
func reserve(tat, now time.Time, interval time.Duration, want int) (n int, start, next time.Time, wait time.Duration) {
	if tat.Before(now) {
		tat = now
	}
	room := Ahead - tat.Sub(now)
	least := time.Duration(min(want, int(Ahead/(2*interval)))) * interval
	if room <= 0 || room < least {
		return 0, time.Time{}, tat, max(least, time.Microsecond) - room
	}
	n = min(want, max(1, int(room/interval)))
	return n, tat, tat.Add(time.Duration(n) * interval), 0
}
