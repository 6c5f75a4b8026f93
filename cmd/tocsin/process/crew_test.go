package process

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// worker is one process of the engine: its binary, its role, its configuration file, and, while it runs, its life.
type worker struct {
	name, role string
	binary     string
	config     string
	metrics    string
	log        string

	cmd   *exec.Cmd
	began time.Time
	ended chan struct{}
}

// start runs the process. Its output is appended to its log.
func (w *worker) start(t testing.TB) {
	t.Helper()
	out, err := os.OpenFile(w.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprintf(out, "--- start\n")
	cmd := exec.Command(w.binary, "-c", w.config, "serve", w.role)
	cmd.Stdout, cmd.Stderr = out, out
	// An interrupt of the terminal goes to its whole group; the processes here end when the tests say so.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", w.name, err)
	}
	w.cmd, w.began, w.ended = cmd, time.Now(), make(chan struct{})
	go func(ended chan struct{}) {
		_ = cmd.Wait()
		_ = out.Close()
		close(ended)
	}(w.ended)
}

func (w *worker) pid() int { return w.cmd.Process.Pid }

func (w *worker) runs() bool {
	if w.cmd == nil {
		return false
	}
	select {
	case <-w.ended:
		return false
	default:
		return true
	}
}

// kill is kill -9, of this one process.
func (w *worker) kill(t testing.TB) {
	t.Helper()
	if err := w.cmd.Process.Kill(); err != nil {
		t.Fatalf("kill %s: %v", w.name, err)
	}
	<-w.ended
}

// drain is SIGTERM; it gives how long the process took to end.
func (w *worker) drain(t testing.TB, within time.Duration) time.Duration {
	t.Helper()
	began := time.Now()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("SIGTERM to %s: %v", w.name, err)
	}
	select {
	case <-w.ended:
	case <-time.After(within):
		_ = w.cmd.Process.Kill()
		<-w.ended
		t.Errorf("%s did not end within %v of SIGTERM", w.name, within)
	}
	if code := w.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("%s ended with code %d after SIGTERM", w.name, code)
	}
	return time.Since(began)
}

// get reads a page of the metrics listener.
func (w *worker) get(path string, read func(io.Reader) error) error {
	return w.getWithin(3*time.Second, path, read)
}

func (w *worker) getWithin(within time.Duration, path string, read func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.metrics+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s", path, resp.Status)
	}
	return read(resp.Body)
}

// ready waits for /readyz.
func (w *worker) ready(t testing.TB) {
	t.Helper()
	eventually(t, 30*time.Second, w.name+" is ready; its log is "+w.log, func() bool {
		if !w.runs() {
			t.Fatalf("%s ended at once; its log: %s", w.name, tail(w.log))
		}
		return w.get("/readyz", func(io.Reader) error { return nil }) == nil
	})
}

// metric adds up the series of a metric whose labels contain a text.
func (w *worker) metric(name, label string) float64 {
	sum := 0.0
	_ = w.series(func(series string, value float64) {
		if strings.HasPrefix(series, name) && strings.Contains(series, label) {
			sum += value
		}
	})
	return sum
}

// series hands over each series of the metrics, by its name and labels.
func (w *worker) series(each func(series string, value float64)) error {
	return w.get("/metrics", func(r io.Reader) error {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			series, text, _ := strings.Cut(lines.Text(), " ")
			if value, err := strconv.ParseFloat(text, 64); err == nil {
				each(series, value)
			}
		}
		return lines.Err()
	})
}

// clockTicks is the unit of /proc/PID/stat on Linux.
const clockTicks = 100

// cpu is the processor time that a process has used.
func cpu(pid int) time.Duration {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	// The second field is the name in parentheses, which may hold blanks; user and system time are fields 14 and 15.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / clockTicks
}

// peak is the most memory that a process has had resident, in bytes.
func peak(pid int) int64 {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kb int64
	_, _ = fmt.Sscan(rest, &kb)
	return kb << 10
}

// forgetPeak lets the operating system count the peak of the process anew, and gives what is resident now.
func (w *worker) forgetPeak(t *testing.T) int64 {
	t.Helper()
	if err := os.WriteFile(filepath.Join("/proc", strconv.Itoa(w.pid()), "clear_refs"), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
	return peak(w.pid())
}

var assigned = regexp.MustCompile(`msg="kafka partitions assigned" group=(\S+) generation=(\d+) partitions=(\d+)`)

// assignment is the last assignment of a group in the process' present life.
func (w *worker) assignment(group string) (generation, partitions int) {
	text, err := os.ReadFile(w.log)
	if err != nil {
		return 0, 0
	}
	life := string(text)
	if i := strings.LastIndex(life, "--- start\n"); i >= 0 {
		life = life[i:]
	}
	for _, m := range assigned.FindAllStringSubmatch(life, -1) {
		if m[1] == group {
			generation, _ = strconv.Atoi(m[2])
			partitions, _ = strconv.Atoi(m[3])
		}
	}
	return generation, partitions
}

// tail is the end of a log.
func tail(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-3000):])
}
