package serve

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"

	"golang.org/x/sync/errgroup"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/config"
)

// Roles lists what a process can be; "all" is every one of them.
func Roles() []string { return []string{"api", "fanout", "ledger", "sms", "push", "mail", "siren"} }

// Addresses are where a process answers; an address is nil where the role does not run.
type Addresses struct {
	Metrics   net.Addr
	API       net.Addr
	Callbacks net.Addr
	Feeds     net.Addr
}

// Run plays the named roles until ctx ends, then drains. Ready, if not nil, is called once the listeners are open.
func Run(ctx context.Context, cfg *config.Config, roles []string, log *slog.Logger, ready func(Addresses)) error {
	roles, err := resolve(roles)
	if err != nil {
		return err
	}
	for _, warning := range Warnings(cfg) {
		log.Warn("the configuration is legal, and hardly what is meant", "warning", warning)
	}
	h, err := open(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer h.close()
	kafkaIn, _ := cfg.InProcess()
	if kafkaIn && len(roles) < len(Roles()) {
		return fmt.Errorf("%w: with in-process stores one process must play all roles; name kafka.brokers and redis.addresses to part them", alerting.ErrInvalid)
	}
	group, running := errgroup.WithContext(ctx)
	addresses, err := h.openDoors(running, group, roles)
	if err != nil {
		return err
	}
	// The follower outlives the roles: draining workers still ask it before each send.
	following, stopFollowing := context.WithCancel(context.WithoutCancel(ctx))
	followed := make(chan struct{})
	go func() { defer close(followed); h.follower.Run(following) }()
	h.onClose(func() { stopFollowing(); <-followed })
	group.Go(func() error { return h.watchRevocations(running) })
	group.Go(func() error { return h.watchWindows(running) })
	for _, role := range roles {
		h.start(running, group, role)
	}
	if ready != nil {
		ready(addresses)
	}
	log.Info("tocsin runs", "roles", roles, "metrics", addresses.Metrics)
	err = group.Wait()
	log.Info("tocsin ends", "roles", roles)
	return err
}

func resolve(roles []string) ([]string, error) {
	if slices.Contains(roles, "all") || len(roles) == 0 {
		return Roles(), nil
	}
	for _, r := range roles {
		if !slices.Contains(Roles(), r) {
			return nil, fmt.Errorf("%w: role %q: want all or some of %v", alerting.ErrInvalid, r, Roles())
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(roles))), nil
}

// start runs a role in the group. The role api is its listeners.
func (h *house) start(ctx context.Context, group *errgroup.Group, role string) {
	var run func(context.Context) error
	switch role {
	case "api":
		return
	case "fanout":
		run = h.fanoutRole
	case "ledger":
		run = h.ledgerRole
	default:
		run = func(ctx context.Context) error { return h.worker(ctx, alerting.Channel(role)) }
	}
	group.Go(func() error {
		if err := run(ctx); err != nil {
			return fmt.Errorf("role %s: %w", role, err)
		}
		return nil
	})
}

// openDoors opens all listeners of the process, and starts to answer on them.
func (h *house) openDoors(ctx context.Context, group *errgroup.Group, roles []string) (Addresses, error) {
	var out Addresses
	metrics, err := openDoor(h.cfg.Metrics.Listener, h.health(roles))
	if err != nil {
		return out, fmt.Errorf("metrics.listen: %w", err)
	}
	out.Metrics = metrics.Addr()
	group.Go(func() error { return metrics.serve(ctx) })
	if !slices.Contains(roles, "api") {
		return out, nil
	}
	d, err := h.newDesk()
	if err != nil {
		return out, err
	}
	api, err := h.console(d)
	if err != nil {
		return out, err
	}
	if err := h.letPeopleIn(ctx, group, api); err != nil {
		return out, err
	}
	in, pollers, err := h.inbox(d)
	if err != nil {
		return out, err
	}
	api.Inbox = in
	back, err := h.callbacks()
	if err != nil {
		return out, err
	}
	keeper, err := h.keeper()
	if err != nil {
		return out, err
	}
	front, err := h.withPages(api.Handler())
	if err != nil {
		return out, err
	}
	apiDoor, err := openDoor(h.cfg.API.Listener, front)
	if err != nil {
		return out, fmt.Errorf("api.listen: %w", err)
	}
	callbackDoor, err := openDoor(h.cfg.Callbacks.Listener, back)
	if err != nil {
		return out, fmt.Errorf("callbacks.listen: %w", err)
	}
	out.API, out.Callbacks = apiDoor.Addr(), callbackDoor.Addr()
	group.Go(func() error { return apiDoor.serve(ctx) })
	group.Go(func() error { return callbackDoor.serve(ctx) })
	group.Go(func() error { return d.Run(ctx) })
	for _, p := range pollers {
		group.Go(func() error { return p.Run(ctx) })
	}
	group.Go(func() error { return keepJournal(ctx, keeper) })
	out.Feeds, err = h.openFeeds(ctx, group, d)
	return out, err
}
