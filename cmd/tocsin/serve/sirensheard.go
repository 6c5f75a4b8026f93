package serve

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
	"tocsin/channels"
)

// When a siren was last heard from is known to the worker that heard it. So that pages, other processes and a worker that was started anew
// know it too, workers note it in Redis. SQL would keep it better, at the price of writes that nothing else needs: what is lost with Redis
// is heard again, and since when it has been noted is kept beside it, so that nobody calls a siren silent of which nothing could be known.
const (
	// heardEvery is how often a worker notes what it has heard since, and so how late others may be.
	heardEvery = 5 * time.Second
	// heardFor is how long it is remembered after the last note of all.
	heardFor = 400 * 24 * time.Hour
	// heardLot is how many sirens are noted by one call.
	heardLot = 500
)

// sirenMemory is when each siren was last heard from by any process. Its key is a hash: "since", and "s:REF" for each siren; the values are
// milliseconds since 1970.
type sirenMemory struct {
	rdb    redis.UniversalClient
	key    string
	script *redis.Script
}

func newSirenMemory(rdb redis.UniversalClient, prefix string) *sirenMemory {
	return &sirenMemory{rdb, prefix + "sirens:heard", redis.NewScript(heardLua)}
}

func (h *house) sirenMemory() *sirenMemory { return newSirenMemory(h.rdb, h.cfg.Redis.Prefix) }

// heardLua takes the later of what is noted and what is heard. KEYS[1] is the hash; ARGV are now, how long it is kept, and then name and
// time of each siren.
const heardLua = `
if not redis.call('HGET', KEYS[1], 'since') then redis.call('HSET', KEYS[1], 'since', ARGV[1]) end
for i = 3, #ARGV, 2 do
  local had = redis.call('HGET', KEYS[1], 's:' .. ARGV[i])
  if not had or tonumber(had) < tonumber(ARGV[i + 1]) then redis.call('HSET', KEYS[1], 's:' .. ARGV[i], ARGV[i + 1]) end
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

// note keeps when some sirens were heard. Also with none it notes that somebody listens.
func (m *sirenMemory) note(ctx context.Context, heard map[string]time.Time, now time.Time) error {
	args := []any{now.UnixMilli(), heardFor.Milliseconds()}
	send := func() error {
		if err := m.script.Run(ctx, m.rdb, []string{m.key}, args...).Err(); err != nil {
			return fmt.Errorf("note when sirens were heard: %w: %w", alerting.ErrUnavailable, err)
		}
		args = args[:2]
		return nil
	}
	for ref, at := range heard {
		if args = append(args, ref, at.UnixMilli()); len(args) >= 2*heardLot {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}

// read gives when each of some sirens was heard last, and since when that has been noted; zero when nobody has noted anything yet. Sirens
// that were not heard since are missing.
func (m *sirenMemory) read(ctx context.Context, refs []string) (heard map[string]time.Time, since time.Time, err error) {
	heard = make(map[string]time.Time, len(refs))
	for lot := range slices.Chunk(append([]string{""}, refs...), heardLot) {
		fields := make([]string, len(lot))
		for i, ref := range lot {
			if fields[i] = "s:" + ref; ref == "" {
				fields[i] = "since"
			}
		}
		values, err := m.rdb.HMGet(ctx, m.key, fields...).Result()
		if err != nil {
			return nil, since, fmt.Errorf("read when sirens were heard: %w: %w", alerting.ErrUnavailable, err)
		}
		for i, v := range values {
			text, ok := v.(string)
			if !ok {
				continue
			}
			ms, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, since, fmt.Errorf("read when siren %q was heard: %w", lot[i], err)
			}
			if at := time.UnixMilli(ms).UTC(); lot[i] == "" {
				since = at
			} else {
				heard[lot[i]] = at
			}
		}
	}
	return heard, since, nil
}

// notingSirens has what this process hears of its sirens noted, until stop is called; it is noted once more then.
func (h *house) notingSirens(ctx context.Context, gateways map[string]*channels.Gateway) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.noteSirens(ctx, gateways)
	}()
	return func() { cancel(); <-ended }
}

// noteSirens keeps noting what this process hears of its sirens, until it ends.
func (h *house) noteSirens(ctx context.Context, gateways map[string]*channels.Gateway) {
	m, noted := h.sirenMemory(), map[string]time.Time{}
	look := func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, heardEvery)
		defer cancel()
		all, err := h.people.SirensByGateway(ctx)
		if err != nil {
			h.log.Warn("the sirens could not be listed to note when they were heard", "error", err)
			return
		}
		news := newlyHeard(all, gateways, noted)
		if err := m.note(ctx, news, h.now()); err != nil {
			h.log.Warn("it could not be noted when sirens were heard; it will be tried again", "error", err)
			return
		}
		maps.Copy(noted, news)
	}
	_ = every(ctx, heardEvery, func() { look(ctx) })
	look(context.WithoutCancel(ctx))
}

// newlyHeard are the sirens that this process has heard of since it noted them last.
func newlyHeard(all map[string][]string, gateways map[string]*channels.Gateway, noted map[string]time.Time) map[string]time.Time {
	news := map[string]time.Time{}
	for name, gateway := range gateways {
		watch, ok := channels.Ability[lastSeen](gateway.Adapter)
		if !ok {
			continue
		}
		for _, ref := range all[name] {
			if at, ok := watch.LastSeen(ref); ok && at.After(noted[ref]) {
				news[ref] = at
			}
		}
	}
	return news
}
