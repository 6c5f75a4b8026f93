package inbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/cap/feed"
)

// The bounds of a round.
const (
	// maxNew is how many new entries are fetched in a round, the latest first; the others come with the next.
	maxNew = 100
	// maxPages is how many pages of a feed are read (RFC 5005 §3).
	maxPages = 20
	// maxTroubles in a row end a round: the server is not well.
	maxTroubles = 5
	// roundTimeout bounds a round, and the lease outlives it.
	roundTimeout = 2 * time.Minute
	// maxPause is the longest pause after failures.
	maxPause = 10 * time.Minute
)

// PollerConfig is what a Poller needs besides the inbox. Public and Jitter must be set.
type PollerConfig struct {
	// Public reports whether an address is on the public internet.
	Public func(netip.Addr) bool
	// Jitter gives a number from 0 to 1, by which rounds are spread over the last tenth of their pause.
	Jitter func() float64
	// Timeout bounds one call; 0 means 10 s.
	Timeout time.Duration
}

// Poller reads the feed of one source. One goroutine uses it; of several processes one at a time reads the feed.
type Poller struct {
	inbox  *Inbox
	from   Source
	get    *fetcher
	jitter func() float64
	holder string
	// since is what the last complete round saw; failed counts how often entries could not be had, so that those which cannot
	// do not keep others from their turn.
	since  mark
	failed map[string]int
	pauses int
}

// NewPoller makes the poller of a source that has a feed.
func (in *Inbox) NewPoller(from Source, c PollerConfig) (*Poller, error) {
	if from.Feed == nil || c.Public == nil || c.Jitter == nil {
		return nil, fmt.Errorf("%w: the poller of %s lacks a part", alerting.ErrInvalid, from.Name)
	}
	if from.Feed.Every < MinEvery {
		return nil, fmt.Errorf("%w: source %s is read every %v; want %v or more", alerting.ErrInvalid, from.Name, from.Feed.Every, MinEvery)
	}
	get, err := newFetcher(*from.Feed, c.Public, cmp.Or(c.Timeout, fetchTimeout))
	if err != nil {
		return nil, err
	}
	return &Poller{inbox: in, from: from, get: get, jitter: c.Jitter, holder: rand.Text(), failed: make(map[string]int)}, nil
}

// Run reads the feed again and again until ctx ends.
func (p *Poller) Run(ctx context.Context) error {
	defer p.inbox.endLease(context.WithoutCancel(ctx), p.from.Name, p.holder)
	for {
		if err := p.Round(ctx); err != nil && ctx.Err() == nil {
			p.inbox.Log.WarnContext(ctx, "a partner's feed could not be read to its end; trying again", "source", p.from.Name, "error", err)
		}
		wait := time.NewTimer(pause(p.from.Feed.Every, p.pauses, p.jitter()))
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
	}
}

// pause is how long to wait after so many failures in a row: twice as long after each, and not longer than ten minutes unless the
// feed is read less often than that.
func pause(every time.Duration, failures int, jitter float64) time.Duration {
	d := every
	for range failures {
		if d >= maxPause {
			break
		}
		d = min(2*d, max(maxPause, every))
	}
	return d + time.Duration(jitter*float64(d)/10)
}

// Round reads the feed once, and takes in what is new. It does nothing while another process reads the feed.
func (p *Poller) Round(ctx context.Context) error {
	mine, err := p.inbox.lease(ctx, p.from.Name, p.holder, roundTimeout)
	if err != nil || !mine {
		return err
	}
	round, cancel := context.WithTimeout(ctx, roundTimeout)
	defer cancel()
	err = p.round(round)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the process ends, and the feed is not to blame
	}
	if err != nil {
		p.pauses++
		p.inbox.Metrics.failures.WithLabelValues(p.from.Name).Inc()
	} else {
		p.pauses = 0
		p.inbox.Metrics.succeeded(p.from.Name, p.inbox.Now())
	}
	// Held until the next round should be over, so that the pause after a failure holds for all processes.
	_, held := p.inbox.lease(ctx, p.from.Name, p.holder, roundTimeout+pause(p.from.Feed.Every, p.pauses, 1))
	return errors.Join(err, held)
}

func (p *Poller) round(ctx context.Context) error {
	items, now, unchanged, err := p.read(ctx)
	if unchanged {
		return nil
	}
	fresh, more, seenErr := p.fresh(ctx, items)
	if seenErr != nil {
		return errors.Join(err, seenErr)
	}
	open, takeErr := p.takeAll(ctx, fresh)
	if err = errors.Join(err, takeErr); err == nil && open == 0 && !more {
		p.since, p.failed = now, make(map[string]int)
	}
	return err
}

// read reads the feed with its pages. What was read before an error counts.
func (p *Poller) read(ctx context.Context) (items []feed.Item, first mark, unchanged bool, err error) {
	link, seen := p.from.Feed.URL, make(map[string]bool)
	for page := 0; link != "" && !seen[link]; page++ {
		if page == maxPages {
			return items, first, false, fmt.Errorf("%w: the feed has more than %d pages", alerting.ErrInvalid, maxPages)
		}
		seen[link] = true
		var since mark
		if page == 0 {
			since = p.since
		}
		body, now, same, err := p.get.fetch(ctx, link, maxFeed, since)
		if err != nil {
			return items, first, false, fmt.Errorf("read the feed: %w", err)
		}
		if same {
			return nil, now, true, nil
		}
		if page == 0 {
			first = now
		}
		doc, err := feed.Parse(body, link, feed.Options{MaxBytes: maxFeed})
		if err != nil {
			return items, first, false, fmt.Errorf("read the feed: %w", err)
		}
		items, link = append(items, doc.Items...), doc.Next
	}
	return items, first, false, nil
}

// entry is an item with its name in the memory of what was seen.
type entry struct {
	feed.Item
	key string
}

func keyOf(i feed.Item) string {
	alert := sha256.Sum256(i.Alert)
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %x", i.ID, i.Link, i.Updated.UTC().Format(time.RFC3339Nano), alert))
	return hex.EncodeToString(sum[:])
}

// fresh picks what was not seen: those that failed least, then the latest; what it gives is in the order in which it was written,
// because an update follows what it updates.
func (p *Poller) fresh(ctx context.Context, items []feed.Item) (out []entry, more bool, err error) {
	once := make(map[string]bool)
	for _, i := range items {
		if key := keyOf(i); !once[key] {
			once[key] = true
			out = append(out, entry{i, key})
		}
	}
	if out, err = p.inbox.unseen(ctx, p.from.Name, out); err != nil {
		return nil, false, err
	}
	slices.SortStableFunc(out, func(a, b entry) int {
		return cmp.Or(cmp.Compare(p.failed[a.key], p.failed[b.key]), b.Updated.Compare(a.Updated))
	})
	if len(out) > maxNew {
		out, more = out[:maxNew], true
	}
	slices.SortStableFunc(out, func(a, b entry) int { return a.Updated.Compare(b.Updated) })
	return out, more, nil
}

// takeAll takes entries in; open is how many could not be had, and are tried again.
func (p *Poller) takeAll(ctx context.Context, all []entry) (open int, err error) {
	troubles := 0
	for _, e := range all {
		document, err := p.document(ctx, e)
		if err != nil {
			if ctx.Err() != nil {
				return open, fmt.Errorf("the round took too long: %w", err)
			}
			open++
			p.unfetched(ctx, e, err)
			if troubles++; troubles == maxTroubles && !errors.Is(err, errRefused) {
				return open, fmt.Errorf("%d entries in a row could not be had; the last one: %w", troubles, err)
			}
			continue
		}
		troubles = 0
		if _, err := p.inbox.Take(ctx, document, p.from); err != nil {
			return open, err
		}
		if err := p.inbox.see(ctx, p.from.Name, e.key); err != nil {
			return open, err
		}
	}
	return open, nil
}

// document is the alert of an entry: the one in the feed itself, or what its link leads to.
func (p *Poller) document(ctx context.Context, e entry) ([]byte, error) {
	if e.Link == "" {
		if len(e.Alert) > p.inbox.MaxBytes {
			return nil, errTooLong
		}
		return e.Alert, nil
	}
	document, _, _, err := p.get.fetch(ctx, e.Link, p.inbox.MaxBytes, mark{})
	return document, err
}

// unfetched says once that an entry could not be had.
func (p *Poller) unfetched(ctx context.Context, e entry, err error) {
	p.failed[e.key]++
	if p.failed[e.key] == 1 {
		p.inbox.Metrics.documents.WithLabelValues(p.from.Name, outcomeUnfetched).Inc()
		p.inbox.Log.WarnContext(ctx, "an entry of a partner's feed could not be had; trying again", "source", p.from.Name, "error", err)
	}
}
