package sim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Config says what to play. The zero value of a field turns its part off or takes the default.
type Config struct {
	// SMS, Push, Mail are listen addresses ("127.0.0.1:0"); more than one plays so many gateways of the kind. The first
	// is named after its channel, the others "sms-2", "sms-3" and so on.
	SMS, Push, Mail []string
	// Gateways are further listeners, such as sirens.
	Gateways []Gateway
	// Control is the address of the control API; default "127.0.0.1:0".
	Control string
	// Public permits addresses that are not loopback.
	Public bool
	// LogFile is the raw log; empty makes a temporary file that Close removes.
	LogFile string
	// Seed decides every random choice and the keys of the push subscriptions.
	Seed uint64
	// Faults are in force from the start.
	Faults []Rule

	Account   AccountConfig
	Callbacks CallbackConfig
	WebPush   PushConfig
	SMTP      SMTPConfig

	// TLS, when set, is spoken by the SMS and push listeners and offered as STARTTLS by mail.
	TLS *tls.Config
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Logger takes what goes wrong in the simulator itself; default: discard.
	Logger *slog.Logger
}

// Gateway is one listener and what plays behind it.
type Gateway struct {
	// Name is unique among the listeners; faults and the raw log use it.
	Name    string
	Channel string
	// Addr is where to listen; empty: Serve is called with a nil listener (it dials somewhere itself).
	Addr string
	// Serve plays the gateway until ctx ends or the listener is closed; both happen on Close, which waits for Serve. It
	// must have ended its connections when it returns. It may call s.Record, s.Faults and s.Handle.
	Serve func(ctx context.Context, s *Sim, ln net.Listener) error
}

// Sim is a running simulator.
type Sim struct {
	cfg     Config
	now     func() time.Time
	logger  *slog.Logger
	log     *Log
	faults  *Switchboard
	tallies *tallies
	// later holds callbacks, landings what the gateways' own queues hold.
	later    *later
	landings *later
	texts    *texts
	sent     *outbox
	posts    *poster
	keys     *keyring
	vapid    *vapidCache
	mux      *http.ServeMux
	names    []string
	addrs    map[string]string
	channels map[string]string
	doors    map[string]*door

	cancel context.CancelFunc
	wg     sync.WaitGroup
	once   sync.Once
	failed error
}

// Start opens all listeners and then plays until ctx ends or Close is called. Close is always needed: it waits, and it
// closes the raw log.
func Start(ctx context.Context, cfg Config) (*Sim, error) {
	s, err := prepare(cfg)
	if err != nil {
		return nil, err
	}
	if err := s.faults.Set(s.cfg.Faults...); err != nil {
		return nil, errors.Join(err, s.log.close())
	}
	list := append(s.builtin(), s.cfg.Gateways...)
	if err := s.open(list); err != nil {
		return nil, errors.Join(err, s.shut(), s.log.close())
	}
	ctx, s.cancel = context.WithCancel(ctx)
	s.run(func() { s.complain("callback queue", s.later.run(ctx)) })
	s.run(func() { s.complain("landing queue", s.landings.run(ctx)) })
	s.run(func() { s.posts.run(ctx) })
	s.run(func() { s.flushing(ctx) })
	for _, g := range list {
		d := s.doors[g.Name]
		s.run(func() {
			if err := g.Serve(ctx, s, d.listener()); err != nil && ctx.Err() == nil {
				s.logger.Error("gateway ended", "gateway", g.Name, "err", err)
			}
		})
	}
	s.run(func() {
		<-ctx.Done()
		_ = s.shut() // only "already closed" can come of it
	})
	return s, nil
}

// prepare fills the defaults and makes all parts that need no socket.
func prepare(cfg Config) (*Sim, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Control == "" {
		cfg.Control = "127.0.0.1:0"
	}
	cfg.Account.fill()
	cfg.Callbacks.fill()
	cfg.SMTP.fill()
	log, err := openLog(cfg.LogFile)
	if err != nil {
		return nil, err
	}
	s := &Sim{
		cfg: cfg, now: cfg.Now, logger: cfg.Logger, log: log,
		faults:   NewSwitchboard(cfg.Seed, cfg.Now),
		tallies:  newTallies(),
		texts:    newTexts(),
		sent:     newOutbox(cfg.Seed),
		keys:     newKeyring(cfg.Seed),
		vapid:    newVAPIDCache(cfg.Now),
		mux:      http.NewServeMux(),
		addrs:    map[string]string{},
		channels: map[string]string{},
		doors:    map[string]*door{},
	}
	s.posts = newPoster(s)
	s.later = newLater(cfg.Now, s.posts.offer)
	s.landings = newLater(cfg.Now, s.landed)
	return s, nil
}

// builtin lists the gateways of package sim and the control API.
func (s *Sim) builtin() []Gateway {
	s.routes()
	list := []Gateway{{Name: "control", Channel: "control", Addr: s.cfg.Control, Serve: serveControl}}
	add := func(channel string, addrs []string, serve func(ctx context.Context, s *Sim, ln net.Listener, name string) error) {
		for i, addr := range addrs {
			name := channel
			if i > 0 {
				name += "-" + strconv.Itoa(i+1)
			}
			list = append(list, Gateway{Name: name, Channel: channel, Addr: addr,
				Serve: func(ctx context.Context, s *Sim, ln net.Listener) error { return serve(ctx, s, ln, name) }})
		}
	}
	add(SMS, s.cfg.SMS, serveSMS)
	add(Push, s.cfg.Push, servePush)
	add(Mail, s.cfg.Mail, serveMail)
	return list
}

// open opens every listener before anything is served.
func (s *Sim) open(list []Gateway) error {
	for _, g := range list {
		if g.Name == "" || s.doors[g.Name] != nil {
			return fmt.Errorf("gateway %q: name is empty or taken", g.Name)
		}
		d, err := openDoor(g.Addr, s.cfg.Public)
		if err != nil {
			return fmt.Errorf("gateway %s: %w", g.Name, err)
		}
		s.doors[g.Name] = d
		s.names = append(s.names, g.Name)
		s.channels[g.Name] = g.Channel
		if g.Addr != "" {
			s.addrs[g.Name] = d.Addr().String()
		}
	}
	return nil
}

func (s *Sim) run(f func()) { s.wg.Go(f) }

func (s *Sim) complain(what string, err error) {
	if err != nil {
		s.logger.Error("part ended", "part", what, "err", err)
	}
}

func (s *Sim) shut() error {
	var errs []error
	for _, d := range s.doors {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

// flushing keeps the raw log on disk at most flushEvery behind.
func (s *Sim) flushing(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.log.Flush(); err != nil {
				s.logger.Error("raw log", "err", err)
			}
		}
	}
}

// Record counts an event and writes it to the raw log. Every gateway calls it for whatever it takes or refuses.
func (s *Sim) Record(e Event) {
	if e.Time.IsZero() {
		e.Time = s.now()
	}
	if e.Gateway == "" {
		e.Gateway = e.Channel
	}
	s.tallies.add(&e)
	s.log.Append(e)
}

// Faults is the switchboard that every gateway asks before it acts.
func (s *Sim) Faults() *Switchboard { return s.faults }

// Log is the raw log.
func (s *Sim) Log() *Log { return s.log }

// Handle adds a route to the control API ("GET /sirens"). Call it once per pattern.
func (s *Sim) Handle(pattern string, h http.HandlerFunc) { s.mux.HandleFunc(pattern, h) }

// Now is the simulator's clock.
func (s *Sim) Now() time.Time { return s.now() }

// Seed is the seed of every random choice.
func (s *Sim) Seed() uint64 { return s.cfg.Seed }

// Addr is the address that a listener got, "" when there is no such listener.
func (s *Sim) Addr(name string) string { return s.addrs[name] }

// Addrs are the addresses of all listeners by name, "control" included.
func (s *Sim) Addrs() map[string]string {
	out := make(map[string]string, len(s.addrs))
	maps.Copy(out, s.addrs)
	return out
}

// URL is the base URL of an HTTP listener, "" when there is no such listener.
func (s *Sim) URL(name string) string {
	addr := s.addrs[name]
	if addr == "" {
		return ""
	}
	if s.cfg.TLS != nil && name != "control" {
		return "https://" + addr
	}
	return "http://" + addr
}

// Close stops accepting, ends all connections and pending callbacks, and flushes the raw log. Calling it again gives the
// same error.
func (s *Sim) Close() error {
	s.once.Do(func() {
		s.cancel()
		s.wg.Wait()
		s.log.Append(Event{Time: s.now(), Channel: "control", Kind: Mark, Detail: "stop"})
		s.failed = errors.Join(s.later.close(), s.landings.close(), s.log.close())
	})
	return s.failed
}
