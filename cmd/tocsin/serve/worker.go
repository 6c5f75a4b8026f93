package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
	"tocsin/alerting/seal"
	"tocsin/alerting/stream"
	"tocsin/channels"
	"tocsin/channels/pace"
)

// worker is the role of one channel: it delivers what the channel's topics bring, through the channel's gateways.
func (h *house) worker(ctx context.Context, ch alerting.Channel) error {
	share := new(shareOfLimit)
	gateways, err := h.gateways(ch, share.get)
	if err != nil {
		return err
	}
	if len(gateways) == 0 {
		h.log.Warn("the channel has no gateway; nothing will be delivered on it", "channel", ch)
	}
	if ch == alerting.Siren {
		h.watchSirens(gateways)
		defer h.notingSirens(ctx, gateways)()
	}
	w := &channels.Worker{
		Channel: ch, Gateways: gateways, Ledger: h.ledger, Board: h.follower, Records: h.records(), People: h.recipients(),
		Metrics: h.channelMetrics(), Leaves: h.leaves, Now: h.now, Token: newToken, Takeover: h.takeover(), Log: h.log.With("channel", ch),
	}
	// A process that begins while a gateway is paused must know that before it sends.
	if err := h.takeLimits(ctx, ch, gateways); err != nil {
		h.log.Warn("the limits of gateways cannot be read; the configuration holds until they can", "channel", ch, "error", err)
	}
	watching, stopWatching := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		_ = h.watchLimits(watching, ch, gateways)
	}()
	defer func() { stopWatching(); <-watched }()
	select {
	case <-h.follower.Ready():
	case <-ctx.Done():
		return nil
	}
	if ch == alerting.SMS {
		asking, stop := context.WithCancel(ctx)
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			_ = h.ask(asking, gateways)
		}()
		defer func() { stop(); <-asked }()
	}
	return h.stream.ConsumeBatches(ctx, stream.BatchGroup{
		Name: "worker." + string(ch), Worlds: alerting.Worlds(), Channel: ch, Grace: drainGrace, Lost: h.produceAnew(ch),
		Board: h.follower,
		Handle: func(ctx context.Context, b *alerting.Batch, own stream.Ownership) error {
			share.follow(own.Share)
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			// A worker takes the end of its context for the call to drain.
			stop := make(chan struct{})
			defer close(stop)
			go func() {
				select {
				case <-own.Draining():
					cancel()
				case <-stop:
				}
			}()
			return w.Handle(ctx, b, own)
		},
	})
}

// produceAnew answers the loss of batches that nobody had read: fan-out makes them again from its manifest.
func (h *house) produceAnew(ch alerting.Channel) func(context.Context, alerting.World) error {
	return func(ctx context.Context, w alerting.World) error {
		n, err := fanout.Reopen(ctx, h.db, w, ch, h.now())
		if err == nil {
			h.log.Error("batches were lost; all that are still needed are produced anew", "world", w, "channel", ch, "alerts", n)
		}
		return err
	}
}

// takeover is how long the last owner of a partition may still be at work. In-process stores belong to one process, and
// whoever owned a partition before this one started is dead.
func (h *house) takeover() time.Duration {
	if kafkaIn, _ := h.cfg.InProcess(); kafkaIn {
		return 0
	}
	return ledger.Lease
}

// drainGrace is how long deliveries under way may take at shutdown: the send time-out and the recording of the outcome.
const drainGrace = 15 * time.Second

// shareOfLimit is this process' part of a gateway's limit while Redis is away. It is asked for anew each time, because the
// partitions may be shared out anew in the middle of a batch.
type shareOfLimit struct {
	of atomic.Pointer[func() float64]
}

func (s *shareOfLimit) follow(of func() float64) { s.of.Store(&of) }

func (s *shareOfLimit) get() float64 {
	if of := s.of.Load(); of != nil {
		return (*of)()
	}
	return 0
}

// newToken makes a claim token that nobody else has.
func newToken() (t ledger.Token) {
	_, _ = rand.Read(t[:])
	return t
}

func (h *house) records() channels.Records {
	return channels.Records{
		Journal: h.stream.Journal,
		Read:    h.stream.ReadReceipts,
		Retry: func(ctx context.Context, b *alerting.Batch) error {
			return h.stream.Retry(ctx, stream.TierOf(b.NotBefore.Sub(h.now())), *b)
		},
		DeadLetter: h.deadLetter,
	}
}

// deadLetter hands a refused batch back to the stream, which sets the record itself aside, sealed as it came.
func (h *house) deadLetter(_ context.Context, b *alerting.Batch, reason string) error {
	return stream.Poison(fmt.Errorf("%s: %s", b, reason))
}

// recipients joins what a worker asks of people: manifest and audience.
func (h *house) recipients() channels.People {
	return channels.People{
		Open: func(ch alerting.Channel, sealed []byte) (string, error) {
			address, err := h.keys.Open(seal.Addresses, sealed, audience.AAD(ch))
			return string(address), err
		},
		OptedOut: h.optedOut,
		Left:     h.left,
	}
}

func (h *house) optedOut(ctx context.Context, id alerting.AlertID, ch alerting.Channel, page uint32) ([]uint8, error) {
	if ch == alerting.Siren {
		return nil, nil
	}
	p, err := fanout.PageAt(ctx, h.db.Read(), id, page)
	if err != nil {
		return nil, err
	}
	out, err := h.people.OptedOut(ctx, ch, p.Persons)
	if err != nil {
		return nil, err
	}
	var places []uint8
	for place, person := range p.Persons {
		if out[person] {
			places = append(places, uint8(place))
		}
	}
	return places, nil
}

// left notes that a recipient is gone from a channel, so that later alerts leave him out. Who is gone altogether is left out
// anyway.
func (h *house) left(ctx context.Context, id alerting.AlertID, ch alerting.Channel, page uint32, place uint8, class channels.Class) {
	person, err := h.personAt(ctx, id, page, place)
	switch {
	case err != nil:
	case class == channels.OptedOut:
		err = h.people.OptOut(ctx, ch, person)
	case class == channels.Gone && ch == alerting.Push:
		err = h.people.Prune(ctx, ch, person)
	}
	if err != nil && !errors.Is(err, alerting.ErrNotFound) {
		h.log.Warn("a departure could not be noted; the gateway will say so again", "alert", id, "channel", ch, "error", err)
	}
}

func (h *house) personAt(ctx context.Context, id alerting.AlertID, page uint32, place uint8) (int64, error) {
	p, err := fanout.PageAt(ctx, h.db.Read(), id, page)
	if err != nil {
		return 0, err
	}
	if int(place) >= len(p.Persons) || p.Kind != fanout.People {
		return 0, fmt.Errorf("%w: alert %s page %d has no person at place %d", alerting.ErrNotFound, id, page, place)
	}
	return p.Persons[place], nil
}

// pacer builds the pace of one gateway.
func (h *house) pacer(g gatewayLimits, share func() float64, onBreaker func(bool)) *pace.Pacer {
	var limiter *pace.Limiter
	if g.rate > 0 {
		limiter = pace.NewLimiter(h.rdb, h.cfg.Redis.Prefix+g.name, g.rate, share, h.now)
	}
	return pace.New(pace.Options{Gateway: g.name, Slots: g.slots, OnBreaker: onBreaker}, limiter, h.now)
}

type gatewayLimits struct {
	name  string
	slots int
	rate  float64
}
