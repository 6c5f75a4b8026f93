package login

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
)

// way is how somebody came in.
type way string

const (
	byPassword way = "password"
	byPasskey  way = "passkey"
	byLink     way = "link"
	byOIDC     way = "oidc"
)

// kept is a session as Redis keeps it, under the SHA-256 of its token.
type kept struct {
	Key     string `json:"account"`
	Epoch   int64  `json:"epoch"`
	BeganMS int64  `json:"began_ms"`
	How     way    `json:"how"`
}

// Opened is a new session. Its token is told once, and kept nowhere.
type Opened struct {
	Token   string    `json:"token"`
	Until   time.Time `json:"until"`
	Account Account   `json:"account"`
}

// Session is a session that runs, with the account as it is by now.
type Session struct {
	Account Account
	Until   time.Time
	How     string
}

// newToken makes 256 random bits, and what is kept of them.
func newToken() (token, hash string) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails (crypto/rand)
	token = base64.RawURLEncoding.EncodeToString(b)
	return token, hashOf(token)
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func (g *Gate) sessionKey(hash string) string { return g.Prefix + "login:session:" + hash }

// open begins a session of an account. The token is always a fresh one, whatever the caller had before.
func (g *Gate) open(ctx context.Context, r *accountRow, how way) (Opened, error) {
	a, err := r.account(ctx, g.DB.Read())
	if err != nil {
		return Opened{}, err
	}
	token, hash := newToken()
	now := g.Now()
	text, err := json.Marshal(kept{r.Key, r.Epoch, now.UnixMilli(), how})
	if err != nil {
		return Opened{}, fmt.Errorf("open a session: %w", err)
	}
	if err := g.Redis.Set(ctx, g.sessionKey(hash), text, min(g.Idle, g.Longest)).Err(); err != nil {
		return Opened{}, g.counted("unavailable", unavailable("open a session", err))
	}
	g.Metrics.logins.WithLabelValues(string(how)).Inc()
	return Opened{token, now.Add(g.Longest), a}, nil
}

// Session finds the session of a token and moves its idle end on. ok is false when there is none, or none any more; the error is
// ErrUnavailable when nobody can tell.
func (g *Gate) Session(ctx context.Context, token string) (s Session, ok bool, err error) {
	s, ok, err = g.Peek(ctx, token)
	if err != nil || !ok {
		return s, ok, err
	}
	if err := g.Redis.PExpire(ctx, g.sessionKey(hashOf(token)), min(g.Idle, s.Until.Sub(g.Now()))).Err(); err != nil {
		return Session{}, false, unavailable("go on with a session", err)
	}
	return s, true, nil
}

// Peek is Session without moving its end.
func (g *Gate) Peek(ctx context.Context, token string) (s Session, ok bool, err error) {
	k, ok, err := g.kept(ctx, token)
	if err != nil || !ok {
		return s, false, err
	}
	until := time.UnixMilli(k.BeganMS).Add(g.Longest)
	if !g.Now().Before(until) {
		return s, false, nil
	}
	r, ok, err := row(ctx, g.DB.Read(), k.Key)
	if err != nil || !ok || r.State != Active || r.Epoch != k.Epoch {
		return s, false, err
	}
	a, err := r.account(ctx, g.DB.Read())
	return Session{a, until, string(k.How)}, err == nil, err
}

func (g *Gate) kept(ctx context.Context, token string) (k kept, ok bool, err error) {
	text, err := g.Redis.Get(ctx, g.sessionKey(hashOf(token))).Bytes()
	if errors.Is(err, redis.Nil) {
		return k, false, nil
	}
	if err != nil {
		return k, false, unavailable("look for a session", err)
	}
	if err := json.Unmarshal(text, &k); err != nil {
		return k, false, fmt.Errorf("read a session: %w", err)
	}
	return k, true, nil
}

// Logout ends a session. The same again changes nothing.
func (g *Gate) Logout(ctx context.Context, token string) error {
	s, ok, err := g.Peek(ctx, token)
	if err != nil {
		return err
	}
	if err := g.Redis.Del(ctx, g.sessionKey(hashOf(token))).Err(); err != nil {
		return unavailable("end a session", err)
	}
	if !ok {
		return nil
	}
	return g.noteAlone(ctx, s.Account.actor(), verbClosed, s.Account.Name, nil)
}

// errClosed: the account changed while somebody logged in.
func errClosed() error {
	return alerting.Refuse(alerting.ErrConflict, "account.changed", "the account was changed meanwhile")
}
