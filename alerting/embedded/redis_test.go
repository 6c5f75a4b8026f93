package embedded

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ask sends one command over a connection of its own and gives the reply: text, number, or elements joined by blanks.
func ask(t *testing.T, addr string, args ...string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(conn, "$%d\r\n%s\r\n", len(a), a)
	}
	return reply(t, bufio.NewReader(conn))
}

func reply(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	line, err := r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	line = strings.TrimSpace(line)
	n, _ := strconv.Atoi(line[1:])
	switch line[0] {
	case '$':
		if n < 0 {
			return ""
		}
		b := make([]byte, n+2)
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	case '*':
		var parts []string
		for range n {
			parts = append(parts, reply(t, r))
		}
		return strings.Join(parts, " ")
	}
	return line[1:]
}

func startRedis(t *testing.T, cfg RedisConfig) *Redis {
	t.Helper()
	r, err := StartRedis(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// clock asks for TIME, directly or inside a script.
func clock(t *testing.T, r *Redis, script bool) time.Time {
	t.Helper()
	command := []string{"TIME"}
	if script {
		command = []string{"EVAL", "return redis.call('TIME')", "0"}
	}
	answer := ask(t, r.Addr(), command...)
	var s, us int64
	if _, err := fmt.Sscan(answer, &s, &us); err != nil {
		t.Fatalf("TIME answers %q: %v", answer, err)
	}
	return time.Unix(s, us*1000)
}

func TestRedisTimeRuns(t *testing.T) {
	r := startRedis(t, RedisConfig{})
	for _, script := range []bool{false, true} {
		if off := time.Since(clock(t, r, script)); off < -time.Second || off > time.Second {
			t.Errorf("in a script %v: TIME is off by %s", script, off)
		}
	}
	ask(t, r.Addr(), "SET", "short", "1", "PX", "100")
	ask(t, r.Addr(), "SET", "long", "1", "PX", "60000")
	deadline := time.Now().Add(5 * time.Second)
	for ask(t, r.Addr(), "EXISTS", "short") == "1" {
		if time.Now().After(deadline) {
			t.Fatal("a key outlived its time by seconds")
		}
		<-time.After(20 * time.Millisecond)
	}
	if left, _ := strconv.Atoi(ask(t, r.Addr(), "PTTL", "long")); left < 50_000 || left > 60_000 {
		t.Errorf("a key of a minute has %d ms left after seconds", left)
	}
	if ask(t, r.Addr(), "EXISTS", "long") != "1" {
		t.Error("a key of a minute is gone")
	}
}

func TestRedisTimeStandsStill(t *testing.T) {
	r := startRedis(t, RedisConfig{Still: true})
	began := r.Now()
	ask(t, r.Addr(), "SET", "k", "1", "PX", "10000")
	r.Advance(9 * time.Second)
	if ask(t, r.Addr(), "EXISTS", "k") != "1" {
		t.Error("the key went early")
	}
	r.Advance(time.Second)
	if ask(t, r.Addr(), "EXISTS", "k") != "0" {
		t.Error("the key stayed")
	}
	for _, script := range []bool{false, true} {
		if got := clock(t, r, script).Sub(began).Round(time.Millisecond); got != 10*time.Second {
			t.Errorf("in a script %v: TIME moved by %s, want 10 s", script, got)
		}
	}
}

func TestRedisAdvanceNeedsAStillClock(t *testing.T) {
	r := startRedis(t, RedisConfig{})
	defer func() {
		if recover() == nil {
			t.Error("a running clock was moved")
		}
	}()
	r.Advance(time.Second)
}

func TestRedisPasswordFlushAndClose(t *testing.T) {
	r := startRedis(t, RedisConfig{Password: "p"})
	if got := ask(t, r.Addr(), "GET", "k"); !strings.Contains(got, "NOAUTH") {
		t.Errorf("without the password: %q", got)
	}
	open := startRedis(t, RedisConfig{})
	ask(t, open.Addr(), "SET", "k", "1")
	open.Flush()
	if got := ask(t, open.Addr(), "EXISTS", "k"); got != "0" {
		t.Errorf("after a flush EXISTS answers %s", got)
	}
	host, port, err := net.SplitHostPort(open.Addr())
	if err != nil || host != "127.0.0.1" {
		t.Errorf("listens on %s", open.Addr())
	}
	n, _ := strconv.Atoi(port)
	if _, err := StartRedis(RedisConfig{Port: n}); err == nil {
		t.Error("two servers share a port")
	}
	open.Close()
	open.Close()
	if _, err := net.DialTimeout("tcp", open.Addr(), time.Second); err == nil {
		t.Error("a closed server accepts connections")
	}
}
