package ledger

import "tocsin/alerting"

// People counts the people of an alert over all their channels.
type People struct {
	Targeted     int64 `json:"targeted"`
	Told         int64 `json:"told"`
	Delivered    int64 `json:"delivered"`
	Acknowledged int64 `json:"acknowledged"`
	// Unreachable people have no channel left that could still reach them, and none that did or may have.
	Unreachable int64 `json:"unreachable"`
	// Uncertain people were handed over on some channel, but no gateway ever confirmed it.
	Uncertain int64 `json:"uncertain"`
}

// standing is how somebody stands over his channels: the union of what the state on each of them says.
type standing uint8

const (
	isTargeted standing = 1 << iota
	isTold
	isDelivered
	isAcknowledged
	isUncertain
	isOpen
	standings = 1 << iota
)

// says is what each state adds to a standing, by the state; a packed state has four bits.
var says = func() (all [16]standing) { //nolint:gochecknoglobals // it is made once, and never written
	for i := range all {
		s, out := alerting.State(i), standing(0)
		add := func(is standing, yes bool) {
			if yes {
				out |= is
			}
		}
		add(isTargeted, s != alerting.None)
		add(isTold, s == alerting.Sent || s >= alerting.Delivered)
		add(isDelivered, s >= alerting.Delivered)
		add(isAcknowledged, s == alerting.Acknowledged)
		add(isUncertain, s == alerting.Uncertain)
		add(isOpen, s == alerting.Queued)
		all[i] = out
	}
	return all
}()

// crowd counts people by how they stand. It is what a million of them are added up in: a table, and no question about each.
type crowd [standings]int64

// add counts the people of a page: its packed states by channel.
func (c *crowd) add(states *[4][]byte) {
	var low, high [alerting.PageSize / 2]standing
	for _, packed := range states {
		for i, two := range packed[:min(len(packed), len(low))] {
			low[i] |= says[two&15]
			high[i] |= says[two>>4]
		}
	}
	for i := range low {
		c[low[i]]++
		c[high[i]]++
	}
}

// people are those of a crowd.
func (c *crowd) people() People {
	var p People
	for i, n := range c {
		of := standing(i)
		add := func(to *int64, yes bool) {
			if yes {
				*to += n
			}
		}
		told := of&isTold != 0
		add(&p.Targeted, of&isTargeted != 0)
		add(&p.Told, told)
		add(&p.Delivered, of&isDelivered != 0)
		add(&p.Acknowledged, of&isAcknowledged != 0)
		add(&p.Uncertain, of&isUncertain != 0 && !told)
		add(&p.Unreachable, of&isTargeted != 0 && of&(isTold|isUncertain|isOpen) == 0)
	}
	return p
}
