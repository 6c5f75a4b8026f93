package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// mostAgain bounds how many failed tests are looked at again: with more of them it is no matter of chance.
	mostAgain = 4
	// againPasses is how often a test must pass, by itself, to be taken for unsteady and not for broken.
	againPasses = 2
	// againTime bounds the second look at one test.
	againTime = 10 * time.Minute
)

// runner runs one test of a package so many times and gives the output of go test -json.
type runner func(t test, times int) (io.Reader, error)

// goTest is the runner that calls go test with the given flags.
func goTest(flags []string) runner {
	return func(t test, times int) (io.Reader, error) {
		ctx, cancel := context.WithTimeout(context.Background(), againTime)
		defer cancel()
		words := slices.Concat([]string{"test", "-json"}, flags,
			[]string{fmt.Sprintf("-count=%d", times), "-run", "^" + regexp.QuoteMeta(t.name) + "$", t.pkg})
		run := exec.CommandContext(ctx, "go", words...)
		run.Stderr = os.Stderr
		out, err := run.Output()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			err = nil // a failed test: its events say so
		}
		return strings.NewReader(string(out)), err
	}
}

// lookAgain runs the failed tests once more, each by itself. One that then passes every time is unsteady: it is named in
// the verdict with what it said, and fails nothing. What panicked, was not built or never ended is not looked at.
func (t *tally) lookAgain(run runner) error {
	roots := t.failedRoots()
	if len(roots) == 0 || len(roots) > mostAgain {
		return nil
	}
	for _, root := range roots {
		out, err := run(root, againPasses)
		if err != nil {
			return fmt.Errorf("%s %s, again: %w", root.pkg, root.name, err)
		}
		second := newTally(io.Discard)
		if err := second.read(out); err != nil {
			return err
		}
		if second.sum(true) {
			t.forgive(root)
		}
	}
	return nil
}

// failedRoots are the failed tests without their subtests, in order.
func (t *tally) failedRoots() []test {
	roots := make(map[test]bool)
	for _, f := range t.failed {
		name, _, _ := strings.Cut(f.name, "/")
		roots[test{f.pkg, name}] = true
	}
	return slices.SortedFunc(maps.Keys(roots), func(a, b test) int { return strings.Compare(a.pkg+" "+a.name, b.pkg+" "+b.name) })
}

// forgive takes a test and its subtests from the failed ones, and its package from the broken ones when nothing else
// failed there.
func (t *tally) forgive(root test) {
	t.unsteady = append(t.unsteady, root.pkg+" "+root.name)
	others := false
	t.failed = slices.DeleteFunc(t.failed, func(f test) bool {
		name, _, _ := strings.Cut(f.name, "/")
		own := f.pkg == root.pkg && name == root.name
		others = others || f.pkg == root.pkg && !own
		return own
	})
	if !others && !t.crashed[root.pkg] {
		t.broken = slices.DeleteFunc(t.broken, func(b string) bool { return b == root.pkg+" failed" })
	}
}
