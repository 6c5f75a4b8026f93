package alerting

import "fmt"

// State is the state of one delivery, in rank order; it fits into four bits. The numbers are stored: never change them.
type State uint8

// The states of a delivery, in rank order.
const (
	// None: this channel was not asked to reach this place.
	None State = iota
	// Queued: targeted, not yet handed over.
	Queued
	// Cancelled: the alert was stopped before it was handed over.
	Cancelled
	// ExpiredState: not handed over before the alert expired.
	ExpiredState
	// OptedOut: the recipient no longer wants messages.
	OptedOut
	// Uncertain: handed over, but the gateway's answer was lost.
	Uncertain
	// Sent: the gateway took it.
	Sent
	// Failed: the gateway or the network behind it refused it for good.
	Failed
	// Delivered: the gateway says that it arrived.
	Delivered
	// Acknowledged: a human said so.
	Acknowledged
	// StateCount is the number of states.
	StateCount = int(Acknowledged) + 1
)

// String is the state as the API, the metrics and the reports write it.
func (s State) String() string {
	names := [StateCount]string{"none", "queued", "cancelled", "expired", "opted_out", "uncertain", "sent", "failed",
		"delivered", "acknowledged"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// Mark is all that is known of one place: three maxima and a count, from which its state follows. Marks from any
// source, in any order, however often repeated, merge to the same result.
type Mark struct {
	// Best is the highest state seen, Failed left out.
	Best State
	// Handed is the highest attempt that was, or may have been, handed over; 0 when none was.
	Handed uint8
	// Failure is the highest attempt that is known to have failed; 0 when none did.
	Failure uint8
	// Lost counts the answers that are known to be lost.
	Lost uint8
}

// Merge takes the maximum of each part.
func (m Mark) Merge(o Mark) Mark {
	return Mark{max(m.Best, o.Best), max(m.Handed, o.Handed), max(m.Failure, o.Failure), max(m.Lost, o.Lost)}
}

// State is what the mark amounts to. A failure shows only when no later attempt was handed over, and a delivery or an
// acknowledgement beats it: a network may report "failed" for an older attempt after a newer one arrived.
func (m Mark) State() State {
	if m.Failure > 0 && m.Failure >= m.Handed && m.Best < Delivered {
		return Failed
	}
	return m.Best
}

// MaxLost is the number of lost answers after which a delivery stays uncertain: it is resent at most once.
const MaxLost = 2

// Open reports whether work is left to do: not yet handed over, or handed over with a lost answer and not yet resent.
func (m Mark) Open() bool {
	switch m.State() {
	case Queued:
		return true
	case Uncertain:
		return m.Lost < MaxLost
	}
	return false
}
