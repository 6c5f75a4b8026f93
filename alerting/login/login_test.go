package login

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"tocsin/alerting"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
)

func TestLogIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		h.person("mei", Grant{"X", Author})
		if _, err := h.Create(t.Context(), boss, "tomas", nil); err != nil {
			t.Fatal(err)
		}
		h.person("gone")
		if err := h.SetDisabled(t.Context(), boss, "gone", true); err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct{ name, user, password, code string }{
			{"a wrong password", "mei", another, h.code("mei")},
			{"a wrong code", "mei", phrase, "000000"},
			{"no code", "mei", phrase, ""},
			{"a code of long ago", "mei", phrase, func() string { c, _ := Code(h.secret["mei"], h.clock().Add(-2*stepSize)); return c }()},
			{"somebody who is not there", "nobody", phrase, "000000"},
			{"somebody whose link was not used", "tomas", "", "000000"},
			{"a closed account", "gone", phrase, h.code("gone")},
		} {
			t.Run(row.name, func(t *testing.T) {
				_, err := h.ByPassword(t.Context(), here, row.user, row.password, row.code)
				if !errors.Is(err, ErrWrong) || err.Error() != ErrWrong.Error() {
					t.Errorf("%v, want the one answer", err)
				}
			})
		}
		code := h.code("mei")
		o, err := h.ByPassword(t.Context(), here, "MEI", phrase, code)
		if err != nil || o.Account.Name != "mei" || len(o.Account.Roles) != 1 || len(o.Token) != 43 {
			t.Fatalf("%+v %v", o, err)
		}
		if !h.alive(o.Token) || h.alive(o.Token+"x") || h.alive("") {
			t.Error("not exactly the token opens the session")
		}
		if _, err := h.ByPassword(t.Context(), here, "mei", phrase, code); !errors.Is(err, ErrWrong) {
			t.Errorf("a code counts twice: %v", err)
		}
		if n := testutil.ToFloat64(h.Metrics.logins.WithLabelValues("wrong")); n != 8 {
			t.Errorf("%v wrong attempts are counted, want 8", n)
		}
		h.tell(t.Context())
		if !h.noted(`login login.failed logins {"accounts":{"gone":1,"mei":5,"tomas":1},"failures":8}`) || !h.noted("mei session.opened account/mei") {
			t.Errorf("the journal: %q", h.acts)
		}
		for _, key := range h.redis.Keys() {
			if v, _ := h.redis.Get(key); strings.Contains(key+v, o.Token) {
				t.Error("Redis has the token")
			}
		}
	})
}

// TestOneCodeOneSession: of many who come with the same code at once, one enters.
func TestOneCodeOneSession(t *testing.T) {
	h := newHouse(t, storetest.Open(t))
	h.Lockout.After = 100
	h.person("mei")
	code := h.code("mei")
	var in sync.WaitGroup
	var mu sync.Mutex
	opened := 0
	for range 8 {
		in.Go(func() {
			_, err := h.ByPassword(t.Context(), here, "mei", phrase, code)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				opened++
			} else if !errors.Is(err, ErrWrong) {
				t.Error(err)
			}
		})
	}
	in.Wait()
	if opened != 1 {
		t.Errorf("%d entered", opened)
	}
}

func TestSessionsEnd(t *testing.T) {
	h := newHouse(t, storetest.Open(t))
	first := h.person("mei", Grant{"", Author})
	in := func() string {
		h.pass(stepSize)
		o, err := h.ByPassword(t.Context(), here, "mei", phrase, h.code("mei"))
		if err != nil {
			t.Fatal(err)
		}
		return o.Token
	}
	idle := in()
	h.pass(h.Idle - time.Second)
	if !h.alive(idle) {
		t.Error("it ended too early")
	}
	h.pass(h.Idle - time.Second)
	if !h.alive(idle) {
		t.Error("use does not move the end on")
	}
	h.pass(h.Idle + time.Second)
	if h.alive(idle) || h.alive(first.Token) {
		t.Error("an idle session goes on")
	}
	long := in()
	for range 30 {
		h.pass(h.Longest / 31)
		if !h.alive(long) {
			t.Fatal("it ended too early")
		}
	}
	h.pass(h.Longest / 30)
	if h.alive(long) {
		t.Error("it goes on for ever")
	}
	out, other := in(), in()
	if err := errors.Join(h.Logout(t.Context(), out), h.Logout(t.Context(), out)); err != nil || h.alive(out) || !h.alive(other) {
		t.Errorf("log-out: %v", err)
	}
	if err := h.SetRoles(t.Context(), boss, "mei", nil); err != nil {
		t.Fatal(err)
	}
	if s, ok, err := h.Session(t.Context(), other); err != nil || !ok || len(s.Account.Roles) != 0 {
		t.Errorf("a role that was taken away is still there: %+v %v", s, err)
	}
	if err := h.SetDisabled(t.Context(), boss, "mei", true); err != nil || h.alive(other) {
		t.Errorf("a closed account goes on: %v", err)
	}
	if err := h.SetDisabled(t.Context(), boss, "mei", false); err != nil || h.alive(other) {
		t.Errorf("a session came back: %v", err)
	}
	h.redis.FlushAll()
	h.redis.SetError("LOADING")
	if _, _, err := h.Session(t.Context(), other); !errors.Is(err, alerting.ErrUnavailable) {
		t.Errorf("Redis is away: %v", err)
	}
}

func TestGuessing(t *testing.T) {
	h := newHouse(t, storetest.Open(t))
	h.person("mei")
	for _, name := range []string{"mei", "nobody"} {
		for n := range h.Lockout.After {
			if _, err := h.ByPassword(t.Context(), here, name, another, "000000"); !errors.Is(err, ErrWrong) {
				t.Fatalf("%s, attempt %d: %v", name, n, err)
			}
		}
		wait := h.Lockout.First
		for range 7 {
			var shut *Locked
			_, err := h.ByPassword(t.Context(), here, name, phrase, h.codeOr(name))
			if !errors.As(err, &shut) || shut.Wait != wait {
				t.Fatalf("%s: %v, want to wait %v", name, err, wait)
			}
			h.pass(wait)
			if _, err := h.ByPassword(t.Context(), "198.51.100.1", name, another, "000000"); !errors.Is(err, ErrWrong) {
				t.Fatalf("%s, after the wait: %v", name, err)
			}
			wait = min(2*wait, h.Lockout.Longest)
		}
		h.pass(wait)
	}
	h.tell(t.Context())
	if !h.noted("login account.locked account/mei") || h.noted("nobody") {
		t.Errorf("the journal: %q", h.acts)
	}
	if _, err := h.ByPassword(t.Context(), here, "mei", phrase, h.code("mei")); err != nil {
		t.Errorf("the right password, after the wait: %v", err)
	}
	h.pass(stepSize)
	if _, err := h.ByPassword(t.Context(), here, "mei", another, "000000"); !errors.Is(err, ErrWrong) {
		t.Errorf("wrong attempts are not forgiven: %v", err)
	}
}

func (h *house) codeOr(name string) string {
	if h.secret[name] == "" {
		return "000000"
	}
	return h.code(name)
}

// TestAnAddressGuesses: who tries one password at many names is stopped, too, and nobody else.
func TestAnAddressGuesses(t *testing.T) {
	h := newHouse(t, storetest.Open(t))
	h.person("mei")
	most := h.Lockout.After * h.Lockout.Wider
	for n := range most + 5 {
		_, err := h.ByPassword(t.Context(), "198.51.100.9", "name"+string(rune('a'+n)), phrase, "000000")
		var shut *Locked
		if stopped := errors.As(err, &shut); stopped != (n >= most) {
			t.Errorf("attempt %d: %v", n, err)
		}
	}
	if _, err := h.ByPassword(t.Context(), here, "mei", phrase, h.code("mei")); err != nil {
		t.Errorf("somebody else: %v", err)
	}
}
