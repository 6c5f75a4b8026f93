package protocol

import (
	"time"

	"tocsin/alerting"
	"tocsin/alerting/ledger"
)

const (
	// SendTimeout bounds every send.
	SendTimeout = 5 * time.Second
	// Window is how long after the call that claimed it a send may start: the lease less the send's own time-out.
	Window = ledger.Lease - SendTimeout
)

// Marks is what somebody knows of the places of one page: the news of a run, or the journal's word.
type Marks func(place uint8) alerting.Mark

// Over tells the places that get nothing any more: their alert was stopped, or their words have ended.
type Over func(place uint8) bool

// Holding lists the places that forbid a commit, and says whether any of them is held by somebody else. An uncertain
// place that is over is not resent, so it is not open.
func Holding(report []ledger.Held, news Marks, over Over) (left []uint8, others bool) {
	for _, h := range report {
		m := h.Mark.Merge(news(h.Place))
		switch {
		case h.Claimed:
			others = true
		case m.State() == alerting.None, m.State() == alerting.Queued:
		case m.State() == alerting.Uncertain && m.Lost < alerting.MaxLost && !over(h.Place):
		default:
			continue
		}
		left = append(left, h.Place)
	}
	return left, others
}

// Next is how a run goes on once it knows which places forbid its commit.
type Next uint8

// The ways to go on.
const (
	// Commit: nothing is left; journal the account, then commit.
	Commit Next = iota
	// Again: what is left is tried here and now.
	Again
	// Wait: somebody else holds a claim, which ends or lapses within a lease.
	Wait
	// PutBack: what is left goes to a retry topic; then journal the account, and commit.
	PutBack
)

// Left is what a review found.
type Left struct {
	// Places is how many forbid the commit, Willing how many of them the gateway would take now.
	Places, Willing int
	// Others: somebody else holds a claim. Over: the alert was stopped or has expired. Patient: what others hold is not
	// put off, because it is too early, or because the words of some of it are over and only the ledger can say so.
	Others, Over, Patient bool
}

// NextOf decides. The places of an alert that is over never go to a retry topic: they are given up here.
func NextOf(l Left) Next {
	switch {
	case l.Places == 0:
		return Commit
	case l.Others && (l.Over || l.Patient):
		return Wait
	case l.Over, l.Willing > 0 && !l.Others:
		return Again
	}
	return PutBack
}

// Account is what the journal gets right before a commit: what the ledger knows of each place and what the run found out,
// merged. Without it, a ledger that was flushed after a send would vouch for nothing, and a rebuild would send again.
func Account(report []ledger.Held, news Marks) []alerting.PlaceMark {
	marks := make([]alerting.PlaceMark, 0, len(report))
	for _, h := range report {
		marks = append(marks, alerting.PlaceMark{Place: h.Place, Mark: news(h.Place).Merge(h.Mark)})
	}
	return marks
}

// Door is what stands between a granted claim and the hand-over.
type Door struct {
	Now     time.Time
	Until   time.Time
	Expires time.Time
	// Stopped: the alert was stopped, or is not known. Fresh: our view of what is stopped is up to date.
	Stopped, Fresh bool
	// Halted: the run winds up.
	Halted bool
}

// MayStart is the check right before the hand-over: 0 means go, else it is the outcome of the attempt.
func MayStart(d Door) ledger.Kind {
	switch {
	case d.Stopped:
		return ledger.StoppedBefore
	case !d.Now.Before(d.Expires):
		return ledger.ExpiredBefore
	case d.Halted || d.Now.After(d.Until) || !d.Fresh:
		return ledger.PutOff
	}
	return 0
}

// MustRead says whether what a claim granted must be given back until the journal was read: the ledger was rebuilt, and
// the last owner of the partition may have sent by ownership after the rebuild had read the journal.
func MustRead(answer ledger.Stepped, caughtUp bool) bool { return answer.Rebuilt && !caughtUp }

// ReadableFrom is when the journal holds all that the last owner of a partition can have added to it: takeover is one
// lease, or 0 where no other process can exist.
func ReadableFrom(gained time.Time, takeover time.Duration) time.Time { return gained.Add(takeover) }

// OwnedUntil is the latest start of a send without a claim: proof is when the group's coordinator last vouched for our
// ownership of the partition.
func OwnedUntil(proof time.Time) time.Time { return proof.Add(Window) }

// Unsettled turns places into grants without the ledger: those that are not known to be settled, as their next attempt.
// What is over waits for the ledger, which alone calls it expired.
func Unsettled(places []uint8, known Marks, over Over) []ledger.Grant {
	var grants []ledger.Grant
	for _, p := range places {
		if over(p) {
			continue
		}
		m := known(p)
		if s := m.State(); s == alerting.None || m.Open() {
			grants = append(grants, ledger.Grant{Place: p, Attempt: max(m.Handed, m.Failure) + 1})
		}
	}
	return grants
}

// Intents says "uncertain, to be resent" of attempts without a claim, for the journal, before they start.
func Intents(grants []ledger.Grant) []alerting.PlaceMark {
	marks := make([]alerting.PlaceMark, len(grants))
	for i, g := range grants {
		marks[i] = alerting.PlaceMark{Place: g.Place, Mark: alerting.Mark{Best: alerting.Uncertain, Handed: g.Attempt}}
	}
	return marks
}

// Known lists what the journal says of places, for a ledger that may lack it.
func Known(places []uint8, journal Marks) []alerting.PlaceMark {
	var marks []alerting.PlaceMark
	for _, p := range places {
		if m := journal(p); m != (alerting.Mark{}) {
			marks = append(marks, alerting.PlaceMark{Place: p, Mark: m})
		}
	}
	return marks
}
