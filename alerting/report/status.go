package report

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/desk"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
	"tocsin/cap"
)

// Receipts are what a report asks of the ledger.
type Receipts interface {
	Counts(ctx context.Context, id alerting.AlertID, ch alerting.Channel) (ledger.Counts, error)
	Reach(ctx context.Context, id alerting.AlertID, pages uint32, isSirens func(page uint32) bool) (ledger.People, map[alerting.Channel]int64, error)
	Explain(ctx context.Context, id alerting.AlertID, page uint32, place uint8) ([]ledger.Place, error)
}

// Manifest is what a report asks of fan-out's books.
type Manifest struct {
	Progress func(ctx context.Context, id alerting.AlertID) (fanout.Progress, error)
	// SirenPages are the pages that hold sirens rather than people.
	SirenPages func(ctx context.Context, id alerting.AlertID) (map[uint32]bool, error)
	Page       func(ctx context.Context, id alerting.AlertID, page uint32) (fanout.Page, error)
	// Pages are the pages of an alert from a number on, in their order, of which few are in memory at a time.
	Pages func(ctx context.Context, id alerting.AlertID, from uint32) iter.Seq2[fanout.Page, error]
	Find  func(ctx context.Context, id alerting.AlertID, kind fanout.Kind, member int64) ([]fanout.Spot, error)
	// StoppedBy is the alert that cancelled or superseded this one; zero when none did.
	StoppedBy func(ctx context.Context, id alerting.AlertID) (alerting.AlertID, error)
	// Latest are the alerts of a world that fan-out saw last, newest first; those of all worlds for "".
	Latest func(ctx context.Context, world alerting.World, after alerting.Place, limit int) ([]fanout.Progress, error)
}

// Reporter answers from manifest and receipts.
type Reporter struct {
	Manifest Manifest
	Receipts Receipts
	// PersonID and SirenID find a member by the office's own reference; ErrNotFound when there is none.
	PersonID func(ctx context.Context, ref string) (int64, error)
	SirenID  func(ctx context.Context, ref string) (int64, error)
	// Refs and SirenRefs are the office's references by id; those that are gone are missing.
	Refs      func(ctx context.Context, ids []int64) (map[int64]string, error)
	SirenRefs func(ctx context.Context, ids []int64) (map[int64]string, error)
	// Standing gives the pages of a live alert from one number to before another.
	Standing func(ctx context.Context, id alerting.AlertID, from, to uint32) ([]ledger.SealedPage, error)
	Now      func() time.Time
	// Headlines say what alerts are called, and Search finds them; both may be nil.
	Headlines func(ctx context.Context, ids []alerting.AlertID) (map[alerting.AlertID]desk.Headline, error)
	Search    func(ctx context.Context, s desk.Search, after alerting.Place, limit int) ([]desk.Headline, error)
	// Record is the office's memory of who did what.
	Record Record
	// Accepted gives an alert that the desk issued and fan-out may not have seen; ErrNotFound when it did not. May be nil.
	Accepted func(ctx context.Context, id alerting.AlertID) (*alerting.Issued, error)
	// Person and Siren say why an alert is not for a member; may be nil.
	Person, Siren func(ctx context.Context, in *alerting.Issued, member int64) (audience.Standing, error)

	statuses together[Status]
	outcomes together[reviewed]
}

// Status is the standing of an alert.
type Status struct {
	Alert alerting.AlertID `json:"alert"`
	World alerting.World   `json:"world"`
	// Status is accepted, held, expanding, delivering, done, cancelled, expired or sealed.
	Status string        `json:"status"`
	Lane   alerting.Lane `json:"lane"`
	Issued time.Time     `json:"issued"`
	// Expires is when the last info ends.
	Expires time.Time `json:"expires"`
	// Standing is the id of the standing authorisation under which it went out before two people had signed it.
	Standing string `json:"standing,omitempty"`
	// Window is the id of the public test that it belongs to: of the world test, and the public got it. Empty for most.
	Window string `json:"window,omitempty"`
	// StoppedBy is the alert that cancelled or superseded this one.
	StoppedBy string `json:"stopped_by,omitempty"`
	// Ready is false while the receipts are being rebuilt; the figures are then missing.
	Ready bool `json:"ready"`
	// Consistent is true when on every channel, and for people, those targeted are as many as the states add up to.
	Consistent bool          `json:"consistent"`
	People     ledger.People `json:"people"`
	// Groups part the people of an update: still inside, newly inside, and told before and inside no longer.
	Groups   *fanout.Groups `json:"groups,omitempty"`
	Channels []Channel      `json:"channels"`
	// Notes are what an officer should know ("nobody in the area").
	Notes []string `json:"notes,omitempty"`
}

// Channel is the standing of one channel.
type Channel struct {
	Channel  alerting.Channel `json:"channel"`
	Targeted int64            `json:"targeted"`
	States   States           `json:"states"`
	// First, Median, P95, P99 and Last are seconds from issue to hand-over; absent while nothing was handed over.
	First  *float64 `json:"first_s"`
	Median *float64 `json:"p50_s"`
	P95    *float64 `json:"p95_s"`
	P99    *float64 `json:"p99_s"`
	Last   *float64 `json:"last_s"`
}

// States counts deliveries. Claimed is what is being handed over right now; Queued does not hold it.
type States struct {
	Queued       int64 `json:"queued"`
	Claimed      int64 `json:"claimed"`
	Sent         int64 `json:"sent"`
	Delivered    int64 `json:"delivered"`
	Acknowledged int64 `json:"acknowledged"`
	Failed       int64 `json:"failed"`
	Expired      int64 `json:"expired"`
	Cancelled    int64 `json:"cancelled"`
	OptedOut     int64 `json:"opted_out"`
	Uncertain    int64 `json:"uncertain"`
}

// Sum adds all states up.
func (s States) Sum() int64 {
	return s.Queued + s.Claimed + s.Sent + s.Delivered + s.Acknowledged + s.Failed + s.Expired + s.Cancelled + s.OptedOut +
		s.Uncertain
}

// HandedOver is how many left the house: what a progress bar shows.
func (s States) HandedOver() int64 { return s.Sent + s.Delivered + s.Acknowledged + s.Uncertain }

// Open is how many are not settled yet.
func (s States) Open() int64 { return s.Queued + s.Claimed }

func statesOf(c ledger.Counts, claimed int64) States {
	claimed = min(claimed, c.States[alerting.Queued])
	return States{
		Queued: c.States[alerting.Queued] - claimed, Claimed: claimed, Sent: c.States[alerting.Sent],
		Delivered: c.States[alerting.Delivered], Acknowledged: c.States[alerting.Acknowledged],
		Failed: c.States[alerting.Failed], Expired: c.States[alerting.ExpiredState],
		Cancelled: c.States[alerting.Cancelled], OptedOut: c.States[alerting.OptedOut],
		Uncertain: c.States[alerting.Uncertain],
	}
}

// Status reports on an alert; ErrNotFound when fan-out never saw it. Those who ask at the same time share an answer, and change nothing
// in it.
func (r *Reporter) Status(ctx context.Context, id alerting.AlertID) (Status, error) {
	return r.statuses.ask(ctx, id, func(ctx context.Context) (Status, error) { return r.status(ctx, id, r.reach) })
}

// status is Status, where reach says of a live alert how people stand.
func (r *Reporter) status(ctx context.Context, id alerting.AlertID, reach reacher) (Status, error) {
	progress, err := r.Manifest.Progress(ctx, id)
	if errors.Is(err, alerting.ErrNotFound) && r.Accepted != nil {
		// Accepted a moment ago, and fan-out has not seen it yet.
		if in, pending := r.Accepted(ctx, id); pending == nil {
			out := Status{Alert: id, World: in.Envelope.World, Status: "accepted", Lane: in.Lane, Expires: in.Expires}
			out.flag(in)
			return out, nil
		}
	}
	if err != nil {
		return Status{}, fmt.Errorf("status of alert %s: %w", id, err)
	}
	out := Status{Alert: id, World: progress.World, Lane: progress.Lane, Issued: progress.Issued,
		Expires: progress.Expires, Notes: progress.Notes}
	if progress.Reason != "" && !slices.Contains(out.Notes, progress.Reason) {
		out.Notes = append(out.Notes, progress.Reason)
	}
	if r.Accepted != nil {
		if in, err := r.Accepted(ctx, id); err == nil {
			out.flag(in)
		}
	}
	by, err := r.Manifest.StoppedBy(ctx, id)
	if err != nil {
		return Status{}, fmt.Errorf("status of alert %s: %w", id, err)
	}
	if !by.IsZero() {
		out.StoppedBy = by.String()
	}
	sirens, err := r.Manifest.SirenPages(ctx, id)
	if err != nil {
		return Status{}, fmt.Errorf("status of alert %s: %w", id, err)
	}
	counts, people, err := r.counts(ctx, progress, sirens, reach)
	switch {
	case errors.Is(err, ledger.ErrNotReady):
		out.Status = r.word(progress, by, unknownOpen)
		return out, nil
	case err != nil:
		return Status{}, fmt.Errorf("status of alert %s: %w", id, err)
	}
	out.Ready, out.People, out.Groups = true, people, groupsOf(progress)
	out.Channels, out.Consistent = lay(progress, counts)
	out.Consistent = out.Consistent && people.Targeted == progress.People
	var open int64
	for _, c := range out.Channels {
		open += c.States.Open()
	}
	out.Status = r.word(progress, by, open)
	return out, nil
}

// World is the world of an alert, whose receipts are not asked; ErrNotFound when there is no such alert.
func (r *Reporter) World(ctx context.Context, id alerting.AlertID) (alerting.World, error) {
	progress, err := r.Manifest.Progress(ctx, id)
	if errors.Is(err, alerting.ErrNotFound) && r.Accepted != nil {
		if in, pending := r.Accepted(ctx, id); pending == nil {
			return in.Envelope.World, nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("world of alert %s: %w", id, err)
	}
	return progress.World, nil
}

// groupsOf are the groups of an update; nil for any other message.
func groupsOf(p fanout.Progress) *fanout.Groups {
	if p.MsgType != string(cap.MsgUpdate) {
		return nil
	}
	return &p.Groups
}

// channelCounts are the counts of one channel with its running claims.
type channelCounts struct {
	counts  ledger.Counts
	claimed int64
}

// reacher counts the people of a live alert, and the claims of its channels.
type reacher func(ctx context.Context, p fanout.Progress, sirens map[uint32]bool) (ledger.People, map[alerting.Channel]int64, error)

func (r *Reporter) reach(ctx context.Context, p fanout.Progress, sirens map[uint32]bool) (ledger.People, map[alerting.Channel]int64, error) {
	return r.Receipts.Reach(ctx, p.Alert, p.Pages, func(page uint32) bool { return sirens[page] })
}

// noReach counts nobody: for what channels alone tell, the pages need not be read.
func noReach(context.Context, fanout.Progress, map[uint32]bool) (ledger.People, map[alerting.Channel]int64, error) {
	return ledger.People{}, nil, nil
}

func (r *Reporter) counts(ctx context.Context, p fanout.Progress, sirens map[uint32]bool, reach reacher) (map[alerting.Channel]channelCounts, ledger.People, error) {
	if p.Sealed {
		return r.sealedCounts(ctx, p, sirens)
	}
	// Channels before people: what is counted later is further on, so that "done" never stands beside people not told.
	counts := make(map[alerting.Channel]ledger.Counts)
	for _, ch := range alerting.Channels() {
		c, err := r.Receipts.Counts(ctx, p.Alert, ch)
		if err != nil {
			return nil, ledger.People{}, err
		}
		counts[ch] = c
	}
	people, claimed, err := reach(ctx, p, sirens)
	if err != nil {
		return nil, people, err
	}
	out := make(map[alerting.Channel]channelCounts)
	for ch, c := range counts {
		out[ch] = channelCounts{c, claimed[ch]}
	}
	return out, people, nil
}

func (r *Reporter) sealedCounts(ctx context.Context, p fanout.Progress, sirens map[uint32]bool) (map[alerting.Channel]channelCounts, ledger.People, error) {
	if len(p.Totals) > 0 {
		totals, err := ledger.ReadTotals(p.Totals)
		return standingOf(&totals), totals.People, err
	}
	var sum ledger.Sum
	for n := range p.Pages {
		page, err := r.Manifest.Page(ctx, p.Alert, n)
		if err != nil {
			return nil, ledger.People{}, err
		}
		sealed, err := ledger.ReadSealed(page.Sealed)
		if err != nil {
			return nil, ledger.People{}, fmt.Errorf("page %d: %w", n, err)
		}
		sum.Add(&sealed, sirens[n])
	}
	totals := sum.Totals()
	return standingOf(&totals), totals.People, nil
}

// standingOf are the counts of what was sealed: nothing of it is claimed.
func standingOf(t *ledger.Totals) map[alerting.Channel]channelCounts {
	out := make(map[alerting.Channel]channelCounts)
	for ch, c := range t.Channels {
		out[ch] = channelCounts{counts: c}
	}
	return out
}

// lay puts the channels side by side that target anybody, and says whether the books agree. It is never nil: that none
// targets anybody is an answer too.
func lay(p fanout.Progress, counts map[alerting.Channel]channelCounts) (out []Channel, consistent bool) {
	out, consistent = []Channel{}, true
	for _, ch := range alerting.Channels() {
		c := counts[ch]
		line := Channel{Channel: ch, Targeted: p.Targeted[ch], States: statesOf(c.counts, c.claimed)}
		consistent = consistent && line.Targeted == line.States.Sum()
		if line.Targeted == 0 && line.States.Sum() == 0 {
			continue
		}
		if l := c.counts.Latencies; l.Quantile(1) > 0 {
			line.First = seconds(l.First)
			line.Median, line.P95, line.P99, line.Last = seconds(l.Quantile(.5)), seconds(l.Quantile(.95)), seconds(l.Quantile(.99)), seconds(l.Quantile(1))
		}
		out = append(out, line)
	}
	return out, consistent
}

func seconds(d time.Duration) *float64 {
	s := float64(d.Milliseconds()) / 1000
	return &s
}

// unknownOpen stands for the open deliveries of an alert whose receipts are being rebuilt.
const unknownOpen = -1

// word sums the standing up. open is how many deliveries are not settled.
func (r *Reporter) word(p fanout.Progress, by alerting.AlertID, open int64) string {
	switch {
	case p.Sealed:
		return "sealed"
	case !by.IsZero():
		return "cancelled"
	case !r.Now().Before(p.Expires):
		return "expired"
	case p.State == fanout.Held:
		return "held"
	case p.State != fanout.Done:
		return "expanding"
	case open != 0:
		return "delivering"
	}
	return "done"
}
