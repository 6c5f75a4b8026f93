package serve

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/channels"
	"tocsin/channels/sms"
)

const (
	// askLook is how often alerts are looked for whose time to be asked for has come.
	askLook = time.Minute
	// askPatience is how many failures in a row end the questions to a gateway, until the next look.
	askPatience = 3
)

// asker asks gateways for the fate of deliveries that are "sent" and nothing more: after the issue of their alert, and
// again each every. One process at a time asks for an alert; a key in Redis sees to that.
type asker struct {
	now          func() time.Time
	after, every time.Duration
	limit        *rate.Limiter
	rdb          redis.UniversalClient
	prefix       string
	gateways     []sms.Reporter
	// open lists the alerts that are not sealed; read and journal are the journal of receipts.
	open    func(ctx context.Context) ([]fanout.Progress, error)
	read    func(ctx context.Context, w alerting.World, since time.Time, fn func(alerting.Receipt) error) error
	journal func(ctx context.Context, receipts []alerting.Receipt) error
	// left hears of recipients who told the gateway to stop.
	left func(ctx context.Context, id alerting.AlertID, ch alerting.Channel, page uint32, place uint8, class channels.Class)
}

// ask is the loop of the role sms.
func (h *house) ask(ctx context.Context, gateways map[string]*channels.Gateway) error {
	c := h.cfg.Callbacks
	a := &asker{now: h.now, after: c.AskAfter, every: c.AskEvery, limit: rate.NewLimiter(rate.Limit(c.AskRate), 1),
		rdb: h.rdb, prefix: h.cfg.Redis.Prefix, read: h.stream.ReadReceipts, journal: h.stream.JournalPacked, left: h.left,
		open: func(ctx context.Context) ([]fanout.Progress, error) { return fanout.Unsealed(ctx, h.db.Read()) }}
	for _, g := range gateways {
		if r, ok := channels.Ability[sms.Reporter](g.Adapter); ok {
			a.gateways = append(a.gateways, r)
		}
	}
	if len(a.gateways) == 0 {
		return nil
	}
	return every(ctx, min(askLook, a.every), func() {
		if err := a.round(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("missing reports could not all be asked for; trying again", "error", err)
		}
	})
}

// round asks for every alert whose time has come.
func (a *asker) round(ctx context.Context) error {
	open, err := a.open(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range open {
		if a.now().Before(p.Issued.Add(a.after)) || p.Targeted[alerting.SMS] == 0 {
			continue
		}
		key := a.prefix + "{" + p.Alert.String() + "}:asked"
		mine, err := a.rdb.SetNX(ctx, key, 1, a.every).Result()
		if err == nil && mine {
			if err = a.alert(ctx, p, key); err != nil {
				// What was not answered is asked for at the next look, by whoever comes first.
				err = errors.Join(err, a.rdb.Unlink(context.WithoutCancel(ctx), key).Err())
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// missing is a delivery whose end is not known, by the gateway's name for it and the attempt that brought that name.
type missing struct {
	page      uint32
	place     uint8
	mark      alerting.Mark
	reference string
	attempt   uint8
}

// pending lists what the journal knows as sent, and nothing better, of one alert.
func (a *asker) pending(ctx context.Context, p fanout.Progress) ([]missing, error) {
	type spot struct {
		page  uint32
		place uint8
	}
	known := make(map[spot]missing)
	err := a.read(ctx, p.World, p.Issued.Add(-time.Minute), func(r alerting.Receipt) error {
		if r.Alert != p.Alert || r.Channel != alerting.SMS {
			return nil
		}
		for _, m := range r.Marks {
			d := known[spot{r.Page, m.Place}]
			d.page, d.place, d.mark = r.Page, m.Place, d.mark.Merge(m.Mark)
			switch {
			case m.Reference == "" || m.Mark.Handed == 0:
			case m.Reference != d.reference && m.Mark.Handed >= d.attempt, m.Reference == d.reference && m.Mark.Handed < d.attempt:
				// The journal repeats a reference under the marks of later attempts; the first one is its own.
				d.reference, d.attempt = m.Reference, m.Mark.Handed
			}
			known[spot{r.Page, m.Place}] = d
		}
		return nil
	})
	var out []missing
	for _, d := range known {
		if d.mark.State() == alerting.Sent && d.reference != "" {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b missing) int { return cmp.Or(cmp.Compare(a.page, b.page), cmp.Compare(a.place, b.place)) })
	return out, err
}

// source is a gateway during the questions for one alert.
type source struct {
	sms.Reporter
	failures int
	err      error
}

// alert asks for everything of one alert. The error says that something may be answered yet.
func (a *asker) alert(ctx context.Context, p fanout.Progress, key string) error {
	pending, err := a.pending(ctx, p)
	if err != nil {
		return err
	}
	sources := make([]*source, len(a.gateways))
	for i, g := range a.gateways {
		sources[i] = &source{Reporter: g}
	}
	for _, d := range pending {
		if !slices.ContainsFunc(sources, (*source).answers) {
			break
		}
		if err := a.one(ctx, p, d, sources); err != nil {
			return err
		}
		// A large alert takes longer than the key lives.
		if err := a.rdb.PExpire(ctx, key, a.every).Err(); err != nil {
			return err
		}
	}
	var errs []error
	for _, s := range sources {
		errs = append(errs, s.err)
	}
	return errors.Join(errs...)
}

// answers is false for a gateway that failed too often to be asked on.
func (s *source) answers() bool { return s.failures < askPatience }

// one asks the gateways in turn; the one that knows the message answers. One that fails does not keep the others from it.
func (a *asker) one(ctx context.Context, p fanout.Progress, d missing, sources []*source) error {
	for _, s := range sources {
		if !s.answers() {
			continue
		}
		if err := a.limit.Wait(ctx); err != nil {
			return err
		}
		call, cancel := context.WithTimeout(ctx, channels.SendTimeout)
		fate, err := s.Ask(call, d.reference, d.attempt)
		cancel()
		switch {
		case err == nil:
			s.failures = 0
			return a.note(ctx, p, d, fate)
		case errors.Is(err, alerting.ErrNotFound), errors.Is(err, alerting.ErrInvalid):
			s.failures = 0
		case errors.Is(err, alerting.ErrState):
			// It knows the message, in a state that is not known here.
			s.failures = 0
			return nil
		default:
			s.failures++
			s.err = err
		}
	}
	return ctx.Err()
}

// note keeps what a gateway said, if it is news.
func (a *asker) note(ctx context.Context, p fanout.Progress, d missing, fate sms.Fate) error {
	if d.mark.Merge(fate.Mark) == d.mark {
		return nil
	}
	fate.Place = d.place
	err := a.journal(ctx, []alerting.Receipt{{World: p.World, Alert: p.Alert, Epoch: p.Epoch, Channel: alerting.SMS,
		Page: d.page, Marks: []alerting.PlaceMark{fate.PlaceMark}}})
	if err == nil && fate.OptedOut {
		a.left(ctx, p.Alert, alerting.SMS, d.page, d.place, channels.OptedOut)
	}
	return err
}
