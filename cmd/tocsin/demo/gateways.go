package demo

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
	"strings"
	"syscall"
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
	}
}

// subscription is a push subscription that the simulator made.
type subscription struct{ json, id string }

// startSimulator starts gatewaysim as a process of its own: the engine talks to it as to any gateway.
func startSimulator(ctx context.Context, binary, dir string, seed uint64, kept *state, stderr io.Writer) (*simulator, error) {
	s := new(simulator)
	s.cmd = exec.CommandContext(ctx, binary, "-sms", kept.listenAt("sms"), "-push", kept.listenAt("push"), "-mail", kept.listenAt("mail"),
		"-siren-http", kept.listenAt("siren-http"), "-siren-mqtt", kept.listenAt("siren-mqtt"), "-siren-modbus", kept.listenAt("siren-modbus"),
		"-siren-key-file", filepath.Join(dir, "siren.pub"), "-magic", "-callback-concurrency", "64",
		"-seed", fmt.Sprint(seed), "-log", filepath.Join(dir, "gateways.tsv"), "-auth-token-file", filepath.Join(dir, "twilio.token"))
	s.cmd.Stderr = stderr
	// An interrupt goes to the whole group of a terminal; the simulator must outlive the engine, which still drains.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = 5 * time.Second
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the gateway simulator: %w", err)
	}
	silent := time.AfterFunc(simulatorLimit, func() { _ = s.cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	silent.Stop()
	if err == nil {
		err = json.Unmarshal(line, &s.info)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the gateway simulator said nothing: %w", err), s.close())
	}
	return s, nil
}

// simulatorLimit is how long the simulator may take to say where it listens, and to end.
const simulatorLimit = 15 * time.Second

func (s *simulator) close() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	stubborn := time.AfterFunc(simulatorLimit, func() { _ = s.cmd.Process.Kill() })
	defer stubborn.Stop()
	_ = s.cmd.Wait()
	return nil
}

// findSimulator looks for the binary beside our own, then on the path.
func findSimulator() (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "gatewaysim")
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	found, err := exec.LookPath("gatewaysim")
	if err != nil {
		return "", errors.New("gatewaysim is neither beside this program nor on the path; build it with `make build`, or give --gatewaysim")
	}
	return found, nil
}

func (s *simulator) get(ctx context.Context, path string, q url.Values) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.info.Control+path+"?"+q.Encode(), nil)
	if err != nil {
		cancel()
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body = &closer{resp.Body, cancel}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("gateway simulator: %s %s", path, resp.Status), resp.Body.Close())
	}
	return resp, nil
}

// closer ends a request's context with its body.
type closer struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close closes the body.
func (c *closer) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}

func (s *simulator) subscriptions(ctx context.Context, n int, seed uint64) ([]subscription, error) {
	resp, err := s.get(ctx, "/subscriptions", url.Values{"n": {fmt.Sprint(n)}, "seed": {fmt.Sprint(seed)}})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	out := make([]subscription, 0, n)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		var sub struct{ Endpoint string }
		if err := json.Unmarshal(lines.Bytes(), &sub); err != nil {
			return nil, fmt.Errorf("gateway simulator: subscription: %w", err)
		}
		out = append(out, subscription{lines.Text(), sub.Endpoint[strings.LastIndexByte(sub.Endpoint, '/')+1:]})
	}
	if len(out) != n {
		return nil, fmt.Errorf("gateway simulator: %d subscriptions instead of %d", len(out), n)
	}
	return out, lines.Err()
}

// recipients is who a channel's gateways took a message for, and how often.
func (s *simulator) recipients(ctx context.Context, channel string) (map[string]int, error) {
	resp, err := s.get(ctx, "/recipients", url.Values{"channel": {channel}})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	out := make(map[string]int)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		who, count, ok := strings.Cut(lines.Text(), "\t")
		var n int
		if _, err := fmt.Sscan(count, &n); err != nil || !ok {
			return nil, fmt.Errorf("gateway simulator: recipients: line %q", lines.Text())
		}
		out[who] += n
	}
	return out, lines.Err()
}
