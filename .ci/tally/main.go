// Command tally calls `go test` with the flags and packages that it is given, and says what happened: the lines that go
// test itself would print, everything that a failed test said, and in the last line how many tests passed, failed and were
// skipped.
//
//	tally [-no-skips] [-except PATTERN] -- [FLAG=VALUE…] PACKAGE…
//
// It stands apart because `go test` counts nothing and takes a skipped test for a good one. What always holds: the exit
// code is 0 only if at least one test passed, none failed, every package was built and ended, go test found nothing else to
// complain of, and, with -no-skips, none was skipped. A test that failed once and then passes twice by itself is not failed
// but unsteady: it is shown whole and counted apart, so that chance ends no run and goes into no drawer either. The
// variable TALLY may name a file to which the three numbers are appended.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

func main() {
	noSkips := flag.Bool("no-skips", false, "a skipped test is a failure")
	except := flag.String("except", "", "`pattern` of reasons for which a test may be skipped all the same")
	flag.Parse()
	t := newTally(os.Stdout)
	if *except != "" {
		t.except = regexp.MustCompile(*except)
	}
	if err := t.test(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(1)
	}
	good := t.sum(*noSkips)
	if err := t.keep(os.Getenv("TALLY")); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		good = false
	}
	if !good {
		os.Exit(1)
	}
}

// test calls go test, takes in what it says, and looks at a few failed tests again.
func (t *tally) test(args []string) error {
	run := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	run.Stderr = os.Stderr
	out, err := run.StdoutPipe()
	if err != nil {
		return err
	}
	if err := run.Start(); err != nil {
		return err
	}
	err = t.read(out)
	if err != nil {
		_, _ = io.Copy(io.Discard, out) // so that go test can end; the first error is the one to tell
	}
	t.ended(run.Wait())
	if err != nil {
		return err
	}
	flags := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return !strings.HasPrefix(a, "-") })
	return t.lookAgain(goTest(flags))
}

// ended takes in how go test ended. When it complains and no test or package says why, that is a failure of its own.
func (t *tally) ended(err error) {
	if err != nil && len(t.failed) == 0 && len(t.broken) == 0 {
		t.broken = append(t.broken, "go test: "+err.Error())
	}
}

// event is a line of go test -json; see `go doc test2json`.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

// skip is a test that was skipped, and what it said.
type skip struct{ test, reason string }

// test is the name of a test; an empty name stands for its package.
type test struct{ pkg, name string }

type tally struct {
	out    io.Writer
	except *regexp.Regexp

	said     map[test][]string
	packages map[string]bool // true: has ended

	passed, excused int
	failed          []test
	skipped         []skip
	unsteady        []string
	broken          []string
	crashed         map[string]bool // packages in which something besides a test failed
}

func newTally(out io.Writer) *tally {
	return &tally{out: out, said: make(map[test][]string), packages: make(map[string]bool), crashed: make(map[string]bool)}
}

// read takes lines to the end of the input. A line that is no event is the go command speaking, and is passed on.
func (t *tally) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Action == "" {
			t.print(lines.Text() + "\n")
			continue
		}
		t.take(e)
	}
	return lines.Err()
}

func (t *tally) take(e event) {
	key := test{e.Package, e.Test}
	switch e.Action {
	case "start":
		t.packages[e.Package] = false
	case "build-output":
		t.print(e.Output)
	case "build-fail":
		t.broken = append(t.broken, e.ImportPath+" cannot be built")
	case "output":
		t.output(key, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e)
			return
		}
		t.endTest(key, e.Action)
	}
}

// output keeps what a test says until it is known whether it matters, and passes on what go test says of a package.
func (t *tally) output(key test, text string) {
	if key.name != "" {
		t.said[key] = append(t.said[key], text)
		return
	}
	if text != "PASS\n" && text != "FAIL\n" && !strings.HasPrefix(text, "exit status ") {
		t.print(text)
	}
}

func (t *tally) endPackage(e event) {
	t.packages[e.Package] = true
	if e.Action != "fail" {
		return
	}
	t.broken = append(t.broken, e.Package+" failed")
	for key, said := range t.said { // tests that never ended: a panic, a time-out
		if key.pkg == e.Package {
			t.print(strings.Join(said, ""))
			t.crashed[e.Package] = true
			delete(t.said, key)
		}
	}
}

func (t *tally) endTest(key test, action string) {
	said := strings.Join(t.said[key], "")
	delete(t.said, key)
	switch action {
	case "pass":
		t.passed++
	case "fail":
		t.failed = append(t.failed, key)
		t.print(said)
	case "skip":
		if t.except != nil && t.except.MatchString(said) {
			t.excused++
		}
		t.skipped = append(t.skipped, skip{key.pkg + " " + key.name, reason(said)})
	}
}

// place is where in its source a test spoke.
var place = regexp.MustCompile(`^\w+\.go:\d+: `)

// reason is what a skipped test said, on one line.
func reason(said string) string {
	var kept []string
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			kept = append(kept, place.ReplaceAllString(line, ""))
		}
	}
	return strings.Join(kept, " ")
}

// sum prints the verdict and says whether it is good.
func (t *tally) sum(noSkips bool) bool {
	for pkg, ended := range t.packages {
		if !ended {
			t.broken = append(t.broken, pkg+" never ended")
		}
	}
	t.printSkipped(noSkips)
	for _, b := range t.broken {
		t.print("broken: " + b + "\n")
	}
	for _, u := range t.unsteady {
		t.print("unsteady: " + u + " failed, and passed when it ran again by itself\n")
	}
	good := t.passed > 0 && len(t.failed) == 0 && len(t.broken) == 0
	failed := len(t.failed)
	if failed == 0 {
		failed = len(t.broken)
	}
	line := fmt.Sprintf("%d passed, %d failed, %d skipped", t.passed, failed, len(t.skipped))
	if len(t.unsteady) > 0 {
		line += fmt.Sprintf(", %d unsteady", len(t.unsteady))
	}
	if noSkips && len(t.skipped) > t.excused {
		good = false
		line += fmt.Sprintf(" — %d of them may not be", len(t.skipped)-t.excused)
	}
	t.print(line + "\n")
	return good
}

// printSkipped names each skipped test where none may be; else it is enough to say how many had which reason.
func (t *tally) printSkipped(each bool) {
	reasons := make(map[string]int)
	for _, s := range t.skipped {
		if each {
			t.print("skipped: " + s.test + ": " + s.reason + "\n")
		}
		reasons[s.reason]++
	}
	for _, r := range slices.Sorted(maps.Keys(reasons)) {
		if !each {
			t.print(fmt.Sprintf("skipped %d: %s\n", reasons[r], r))
		}
	}
}

// keep appends "passed failed skipped" to a file, so that several runs can be added up; no name, no file.
func (t *tally) keep(name string) error {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, t.passed, len(t.failed)+len(t.broken), len(t.skipped))
	return errors.Join(err, f.Close())
}

func (t *tally) print(text string) {
	_, _ = io.WriteString(t.out, text) // there is nowhere else to say it
}
