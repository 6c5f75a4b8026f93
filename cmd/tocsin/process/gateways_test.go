package process

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// simulator is a running gatewaysim.
type simulator struct {
	cmd  *exec.Cmd
	info struct {
		Control   string            `json:"control"`
		Listeners map[string]string `json:"listeners"`
		Log       string            `json:"log"`
		Account   string            `json:"account"`
		PID       int               `json:"pid"`
	}
	// silent: no status callbacks are posted.
	silent bool
}

// subscription is a push subscription that the simulator made.
type subscription struct{ json, id string }

// startSimulator starts gatewaysim; it ends with the test.
func startSimulator(t testing.TB, binary, dir string, flags ...string) *simulator {
	t.Helper()
	s := new(simulator)
	args := append([]string{"-sms", "127.0.0.1:0", "-sms", "127.0.0.1:0", "-push", "127.0.0.1:0", "-mail", "127.0.0.1:0",
		"-siren-http", "127.0.0.1:0", "-siren-mqtt", "127.0.0.1:0", "-siren-modbus", "127.0.0.1:0",
		"-seed", strconv.FormatUint(*seed, 10), "-siren-key-file", filepath.Join(dir, "siren.pub"),
		"-log", filepath.Join(dir, "gateways.tsv"), "-auth-token-file", filepath.Join(dir, "twilio.token"),
		"-callback-retries", "8", "-callback-final-only",
		// The engine answers a callback when Kafka has it, 50 ms later: that many at once make 4,000 a second.
		"-callback-concurrency", "200"}, flags...)
	s.cmd = exec.Command(binary, args...)
	s.cmd.Stderr = os.Stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		t.Fatalf("start the gateway simulator: %v", err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s.info)
	}
	if err != nil {
		t.Fatalf("the gateway simulator does not say where it listens: %v", err)
	}
	return s
}

// call speaks to the control API and hands the body of a successful answer to read.
func (s *simulator) call(t testing.TB, method, path string, body io.Reader, read func(io.Reader) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.info.Control+path, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		if resp.StatusCode != http.StatusOK {
			err = errors.New(resp.Status)
		} else if read != nil {
			err = read(resp.Body)
		}
		err = errors.Join(err, resp.Body.Close())
	}
	if err != nil {
		t.Fatalf("gateway simulator: %s %s: %v", method, path, err)
	}
}

func into(v any) func(io.Reader) error {
	return func(r io.Reader) error { return json.NewDecoder(r).Decode(v) }
}

// fault sets a rule; the function that it gives takes it back.
func (s *simulator) fault(t testing.TB, rule string) (undo func()) {
	t.Helper()
	var r struct{ On, Kind string }
	if err := json.Unmarshal([]byte(rule), &r); err != nil {
		t.Fatal(err)
	}
	s.call(t, http.MethodPost, "/faults", strings.NewReader(rule), nil)
	return func() {
		s.call(t, http.MethodDelete, "/faults?"+url.Values{"on": {r.On}, "kind": {r.Kind}}.Encode(), nil, nil)
	}
}

// listener ends a listener and its connections ("down") or opens it again ("up").
func (s *simulator) listener(t testing.TB, name, state string) {
	t.Helper()
	s.call(t, http.MethodPost, "/listeners/"+name+"/"+state, nil, nil)
}

// silence keeps the gateway from reporting what became of its messages, until the test ends. A report in time tells the
// engine that a delivery whose sender died did arrive, and hides what would otherwise be doubled.
func (s *simulator) silence(t testing.TB) {
	t.Helper()
	undo := s.fault(t, `{"on":"sms","kind":"callback_drop"}`)
	s.silent = true
	t.Cleanup(func() {
		undo()
		s.silent = false
	})
}

func (s *simulator) subscriptions(t testing.TB, n int) []subscription {
	t.Helper()
	var out []subscription
	s.call(t, http.MethodGet, "/subscriptions?n="+strconv.Itoa(n), nil, func(r io.Reader) error {
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			var sub struct{ Endpoint string }
			if err := json.Unmarshal(lines.Bytes(), &sub); err != nil {
				return err
			}
			out = append(out, subscription{lines.Text(), sub.Endpoint[strings.LastIndexByte(sub.Endpoint, '/')+1:]})
		}
		return lines.Err()
	})
	return out
}

// arrivals is how many messages of an alert the SMS gateway has taken by now.
func (s *simulator) arrivals(t testing.TB, alert string) int {
	t.Helper()
	var stats struct {
		Alerts []struct{ Arrivals int }
	}
	s.call(t, http.MethodGet, "/stats?"+url.Values{"channel": {"sms"}, "alert": {alert}}.Encode(), nil, into(&stats))
	n := 0
	for _, a := range stats.Alerts {
		n += a.Arrivals
	}
	return n
}

// await polls until an alert has n arrivals, and gives how many it has.
func (s *simulator) await(t testing.TB, alert string, n int) int {
	t.Helper()
	have := 0
	eventually(t, time.Minute, fmt.Sprintf("%d arrivals of alert %s", n, alert), func() bool {
		have = s.arrivals(t, alert)
		return have >= n
	})
	return have
}

// place is the end of the raw log: what is written later belongs to what comes next.
func (s *simulator) place(t testing.TB) int64 {
	t.Helper()
	var state struct{ Size int64 }
	s.call(t, http.MethodGet, "/flush", nil, into(&state))
	return state.Size
}

// arrival is one line of the raw log that says a gateway took a message.
type arrival struct {
	at        time.Time
	recipient string
	// gateway is the listener that took it: sms, sms-2 and so on.
	gateway string
}

// read gives the arrivals of a channel from a place of the raw log on, in order; an empty alert means all.
func (s *simulator) read(t testing.TB, from int64, channel, alert string) []arrival {
	t.Helper()
	return s.lines(t, "arrive", from, channel, alert)
}

// landed is the same for what left the queue of a gateway that queues.
func (s *simulator) landed(t testing.TB, from int64, channel, alert string) []arrival {
	t.Helper()
	return s.lines(t, "land", from, channel, alert)
}

// openLog opens the raw log at a place.
func (s *simulator) openLog(t testing.TB, from int64) *os.File {
	t.Helper()
	f, err := os.Open(s.info.Log)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		_ = f.Close()
		t.Fatal(err)
	}
	return f
}

func (s *simulator) lines(t testing.TB, kind string, from int64, channel, alert string) []arrival {
	t.Helper()
	s.place(t)
	f := s.openLog(t, from)
	defer func() { _ = f.Close() }()
	var out []arrival
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		// unix-microseconds channel recipient alert kind detail gateway
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 7 {
			t.Fatalf("raw log: line of %d fields: %q", len(fields), lines.Text())
		}
		if fields[4] != kind || fields[1] != channel || (alert != "" && fields[3] != alert) {
			continue
		}
		micros, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			t.Fatalf("raw log: %v", err)
		}
		out = append(out, arrival{time.UnixMicro(micros), fields[2], fields[6]})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// uniq counts arrivals by recipient, as sort | uniq -c does.
func uniq(all []arrival) map[string]int {
	out := make(map[string]int)
	for _, a := range all {
		out[a.recipient]++
	}
	return out
}

// longestPause is the longest time without an arrival after a moment, and when it ended.
func longestPause(all []arrival, after time.Time) (pause time.Duration, until time.Time) {
	last := after
	for _, a := range all {
		if a.at.Before(after) {
			continue
		}
		if d := a.at.Sub(last); d > pause {
			pause, until = d, a.at
		}
		last = a.at
	}
	return pause, until
}

// eventually polls until done says so, or fails the test.
func eventually(t testing.TB, within time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}
