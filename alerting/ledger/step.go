package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tocsin/alerting"
)

// Kind is what became of one attempt. The numbers are those of lua/step.lua.
type Kind uint8

// The kinds of outcome.
const (
	// HandedOver: the gateway took it.
	HandedOver Kind = 1
	// Arrived: the gateway's answer proves arrival.
	Arrived Kind = 2
	// AnswerLost: it may have been taken.
	AnswerLost Kind = 3
	// Refused: not taken, for good.
	Refused Kind = 4
	// PutOff: not taken, for certain; the claim is given back.
	PutOff Kind = 5
	// StoppedBefore, ExpiredBefore and OptedOutBefore: given up before the hand-over. They count only if granted.
	StoppedBefore  Kind = 6
	ExpiredBefore  Kind = 7
	OptedOutBefore Kind = 8
)

// Token names one holder of claims; no two holders share one.
type Token [8]byte

// Outcome is the end of one attempt that the token of the step had claimed.
type Outcome struct {
	Place   uint8
	Attempt uint8
	Kind    Kind
	// Reason and Reference go to the notes of the page; both may be empty, neither holds an address.
	Reason    string
	Reference string
	// At is when the outcome became known.
	At time.Time
}

// Step is one call of a worker for one page of one channel: it settles outcomes, gives up what WishFor names, claims
// what Claim names, and reports on what Report names, in this order and atomically.
type Step struct {
	Alert    alerting.AlertID
	Channel  alerting.Channel
	Page     uint32
	Token    Token
	Outcomes []Outcome
	// Marks are news from elsewhere (the journal, a callback), merged before anything is claimed.
	Marks []alerting.PlaceMark
	// ByOwnership notes for good that some of the page was sent without claims, by ownership of the partition: see Close.
	ByOwnership bool
	// Wish is StoppedBefore, ExpiredBefore or OptedOutBefore; it is granted to queued places without a claim.
	Wish    Kind
	WishFor []uint8
	Claim   []uint8
	Report  []uint8
	// Took are the times from issue to hand-over of the outcomes, for the latency figures.
	Took []time.Duration
}

// Grant is a claimed place: it may be sent now, as this attempt.
type Grant struct {
	Place   uint8
	Attempt uint8
}

// Held is a place as the ledger knows it; Claimed says that somebody holds a claim on it.
type Held struct {
	Place   uint8
	Claimed bool
	Mark    alerting.Mark
}

// Open reports whether a batch that targets the place must not be committed yet.
func (h Held) Open() bool { return h.Claimed || h.Mark.Open() }

// Stepped is the answer to a Step.
type Stepped struct {
	Granted []Grant
	// Busy counts the places that somebody else's running claim kept back.
	Busy   int
	Report []Held
	// Closed: the alert was stopped on this page; no claim is granted any more.
	Closed bool
	// Rebuilt: this ledger was folded again after a loss; see channels for what that asks of a new owner.
	Rebuilt bool
}

// Step runs one step. ErrNotReady: nothing was moved and the alert must be rebuilt; ErrUnavailable: Redis did not
// answer, the step may have happened, and repeating it is safe.
func (l *Ledger) Step(ctx context.Context, s Step) (Stepped, error) {
	v, err := l.step.Run(ctx, l.rdb, l.keys(s.Alert, s.Channel), l.stepArgs(s, "")...).Slice()
	if err != nil {
		return Stepped{}, away("step the ledger", err)
	}
	return readStep(v)
}

func (l *Ledger) stepArgs(s Step, nonce string) []any {
	buckets, least := tallyOf(s.Took).args()
	ownership := ""
	if s.ByOwnership {
		ownership = "1"
	}
	return []any{
		l.server.RunID(), nonce, s.Page, string(s.Token[:]), Lease.Milliseconds(), packOutcomes(s.Outcomes),
		packMarks(s.Marks), packWish(s.Wish, s.WishFor), string(s.Claim), string(s.Report),
		packNotes(s.Outcomes, s.Marks), buckets, least, ownership,
	}
}

func readStep(v []any) (Stepped, error) {
	if err := verdict(v, 6); err != nil {
		return Stepped{}, err
	}
	granted, report := bytesOf(v[1]), bytesOf(v[3])
	if len(granted)%2 != 0 || len(report)%6 != 0 {
		return Stepped{}, fmt.Errorf("ledger script: answer of %d and %d bytes", len(granted), len(report))
	}
	out := Stepped{Busy: int(intOf(v[2])), Closed: intOf(v[4]) == 1, Rebuilt: intOf(v[5]) == 1}
	for i := 0; i < len(granted); i += 2 {
		out.Granted = append(out.Granted, Grant{granted[i], granted[i+1]})
	}
	for i := 0; i < len(report); i += 6 {
		b := report[i : i+6]
		out.Report = append(out.Report, Held{b[0], b[1] == 1, alerting.Mark{
			Best: alerting.State(b[2]), Handed: b[3], Failure: b[4], Lost: b[5]}})
	}
	return out, nil
}

func packOutcomes(outcomes []Outcome) string {
	b := make([]byte, 0, 3*len(outcomes))
	for _, o := range outcomes {
		b = append(b, o.Place, o.Attempt, byte(o.Kind))
	}
	return string(b)
}

func packMarks(marks []alerting.PlaceMark) string {
	b := make([]byte, 0, 5*len(marks))
	for _, m := range marks {
		b = append(b, m.Place, byte(m.Mark.Best), m.Mark.Handed, m.Mark.Failure, m.Mark.Lost)
	}
	return string(b)
}

func packWish(k Kind, places []uint8) string {
	if len(places) == 0 {
		return ""
	}
	return string(append([]byte{byte(k)}, places...))
}

// MarkOf is the mark that an outcome amounts to by itself, as the journal carries it. The words that need a grant
// (stopped, expired, opted out) and a put-off amount to nothing: only the ledger's report says whether they counted.
func (o Outcome) MarkOf() alerting.Mark {
	switch o.Kind {
	case HandedOver:
		return alerting.Mark{Best: alerting.Sent, Handed: o.Attempt}
	case Arrived:
		return alerting.Mark{Best: alerting.Delivered, Handed: o.Attempt}
	case AnswerLost:
		return alerting.Mark{Best: alerting.Uncertain, Handed: o.Attempt, Lost: 1}
	case Refused:
		return alerting.Mark{Best: alerting.Queued, Failure: o.Attempt}
	}
	return alerting.Mark{Best: alerting.Queued}
}

// packNotes keeps what people will ask for later: why something failed, who acknowledged.
func packNotes(outcomes []Outcome, marks []alerting.PlaceMark) string {
	var b strings.Builder
	for _, o := range outcomes {
		if o.Reason != "" {
			writeNote(&b, Note{o.Place, o.Attempt, o.Kind.String(), o.At.UnixMilli(), o.Reason, o.Reference})
		}
	}
	for _, m := range marks {
		if m.Reason != "" {
			writeNote(&b, Note{m.Place, max(m.Mark.Handed, m.Mark.Failure), m.Mark.State().String(), m.At, m.Reason, m.Reference})
		}
	}
	return b.String()
}

// String is the kind as notes and metrics write it.
func (k Kind) String() string {
	switch k {
	case HandedOver:
		return "sent"
	case Arrived:
		return "delivered"
	case AnswerLost:
		return "uncertain"
	case Refused:
		return "failed"
	case PutOff:
		return "put_off"
	case StoppedBefore:
		return "cancelled"
	case ExpiredBefore:
		return "expired"
	case OptedOutBefore:
		return "opted_out"
	}
	return "unknown"
}
