package ledger

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
)

// Lease is how long a claim holds: the window in which a send may start, and the send's own time-out.
const Lease = 10 * time.Second

// ErrNotReady: the ledger of this alert must be rebuilt first, or was never opened on this server. Nothing was moved.
var ErrNotReady = fmt.Errorf("%w: the alert's ledger is not ready", alerting.ErrUnavailable)

// ErrOvertaken: another opening or rebuild of the same alert began after ours. Nothing was moved.
var ErrOvertaken = fmt.Errorf("%w: another rebuild of the alert's ledger began", alerting.ErrConflict)

var (
	//go:embed lua/page.lua
	pageLua string
	//go:embed lua/step.lua
	stepLua string
	//go:embed lua/close.lua
	closeLua string
	//go:embed lua/ready.lua
	readyLua string
)

// Ledger speaks to one Redis. It is safe for concurrent use and holds no state of its own but the scripts.
type Ledger struct {
	rdb    redis.UniversalClient
	server *Server
	prefix string

	step, shut, ready *redis.Script
}

// New builds a ledger on a client whose OnConnect hook is server.OnConnect. Prefix begins every key.
func New(rdb redis.UniversalClient, server *Server, prefix string) *Ledger {
	return &Ledger{
		rdb: rdb, server: server, prefix: prefix,
		step:  redis.NewScript(pageLua + stepLua),
		shut:  redis.NewScript(pageLua + closeLua),
		ready: redis.NewScript(readyLua),
	}
}

func (l *Ledger) metaKey(id alerting.AlertID) string { return l.prefix + "{" + id.String() + "}:meta" }

func (l *Ledger) liftedKey(id alerting.AlertID) string {
	return l.prefix + "{" + id.String() + "}:lifted"
}

func (l *Ledger) pagesKey(id alerting.AlertID, ch alerting.Channel) string {
	return l.prefix + "{" + id.String() + "}:" + string(ch)
}

func (l *Ledger) keys(id alerting.AlertID, ch alerting.Channel) []string {
	return []string{l.metaKey(id), l.pagesKey(id, ch), l.liftedKey(id)}
}

// Begin opens the ledger of a new alert: it leaves a nonce, runs insert, and only if insert created the alert's row in
// this very call declares the empty ledger ready. Whoever finds the row already there leaves the ledger to a rebuild.
// A Redis that is away is no error: the alert then starts not ready, and a rebuild makes it so. Keep is how long Redis
// holds the alert at the most.
func (l *Ledger) Begin(ctx context.Context, id alerting.AlertID, keep time.Duration, insert func(context.Context) (bool, error)) error {
	nonce, redisErr := l.leaveNonce(ctx, id)
	created, err := insert(ctx)
	if err != nil || !created || redisErr != nil {
		return err
	}
	err = l.declare(ctx, id, nonce, false, keep)
	if errors.Is(err, alerting.ErrConflict) || errors.Is(err, alerting.ErrUnavailable) {
		return nil
	}
	return err
}

func (l *Ledger) leaveNonce(ctx context.Context, id alerting.AlertID) (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	nonce := hex.EncodeToString(b[:])
	if err := l.rdb.HSet(ctx, l.metaKey(id), "nonce", nonce).Err(); err != nil {
		return "", away("leave a nonce", err)
	}
	return nonce, nil
}

// declare sets the ready mark if the nonce is still ours.
func (l *Ledger) declare(ctx context.Context, id alerting.AlertID, nonce string, rebuilt bool, keep time.Duration) error {
	flag := 0
	if rebuilt {
		flag = 1
	}
	n, err := l.ready.Run(ctx, l.rdb, []string{l.metaKey(id)}, l.server.RunID(), nonce, flag, keep.Milliseconds()).Int()
	if err != nil {
		return away("declare the ledger ready", err)
	}
	if n == 0 {
		return ErrOvertaken
	}
	return nil
}

// Ready reports whether the alert's ledger can be asked, and whether it was ever rebuilt.
func (l *Ledger) Ready(ctx context.Context, id alerting.AlertID) (ready, rebuilt bool, err error) {
	v, err := l.rdb.HMGet(ctx, l.metaKey(id), "ready", "rebuilt").Result()
	if err != nil {
		return false, false, away("ask whether the ledger is ready", err)
	}
	run, _ := v[0].(string)
	flag, _ := v[1].(string)
	return run != "" && run == l.server.RunID(), flag == "1", nil
}

// away says that Redis did not answer; the cause stays in the chain.
func away(what string, err error) error {
	return fmt.Errorf("%s: %w: %w", what, alerting.ErrUnavailable, err)
}

// verdict reads the first word of a script's answer.
func verdict(v []any, want int) error {
	word, _ := first(v).(string)
	switch word {
	case "ok":
		if len(v) >= want {
			return nil
		}
	case "unknown":
		return ErrNotReady
	case "lost":
		return ErrOvertaken
	}
	return fmt.Errorf("ledger script: unexpected answer of %d parts beginning %q", len(v), word)
}

func first(v []any) any {
	if len(v) == 0 {
		return nil
	}
	return v[0]
}

func bytesOf(v any) []byte {
	s, _ := v.(string)
	return []byte(s)
}

func intOf(v any) int64 {
	switch n := v.(type) {
	case int64:
		return n
	case string:
		i, _ := strconv.ParseInt(n, 10, 64)
		return i
	}
	return 0
}
