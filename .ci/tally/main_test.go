package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	begin  = `{"Action":"start","Package":"p"}` + "\n"
	passes = `{"Action":"run","Package":"p","Test":"A"}` + "\n" + `{"Action":"output","Package":"p","Test":"A","Output":"fine\n"}` + "\n" +
		`{"Action":"pass","Package":"p","Test":"A"}` + "\n"
	skips = `{"Action":"output","Package":"p","Test":"B","Output":"=== RUN B\n"}` + "\n" +
		`{"Action":"output","Package":"p","Test":"B","Output":"    b_test.go:7: no SERVER\n"}` + "\n" +
		`{"Action":"skip","Package":"p","Test":"B"}` + "\n"
	fails = `{"Action":"output","Package":"p","Test":"C","Output":"    c_test.go:1: wrong\n"}` + "\n" +
		`{"Action":"fail","Package":"p","Test":"C"}` + "\n"
	end = `{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}` + "\n" + `{"Action":"pass","Package":"p"}` + "\n"
)

func TestVerdicts(t *testing.T) {
	rows := []struct {
		name, in, except string
		noSkips, good    bool
		want, not        string
	}{
		{"all pass", begin + passes + end, "", true, true, "ok  \tp\t0.1s\n1 passed, 0 failed, 0 skipped\n", "fine"},
		{"a failure is told", begin + passes + fails + `{"Action":"fail","Package":"p"}`, "", false, false, "c_test.go:1: wrong", "ok  \t"},
		{"a skip may be", begin + passes + skips + end, "", false, true, "skipped 1: no SERVER\n1 passed, 0 failed, 1 skipped\n", "may not"},
		{"a skip may not be", begin + passes + skips + end, "", true, false, "skipped: p B: no SERVER\n1 passed, 0 failed, 1 skipped — 1 of them may not be", "RUN"},
		{"a skip is excused", begin + passes + skips + end, "SERVER", true, true, "1 skipped\n", "may not"},
		{"another skip is not excused", begin + passes + skips + end, "CORPUS", true, false, "may not", "RUN"},
		{"nothing ran", "", "", false, false, "0 passed, 0 failed, 0 skipped", "ok  \t"},
		{"the output breaks off", begin + passes, "", false, false, "broken: p never ended\n1 passed, 1 failed", "ok  \t"},
		{"a package does not build", `{"ImportPath":"q","Action":"build-output","Output":"q.go:1: no\n"}` + "\n" +
			`{"ImportPath":"q","Action":"build-fail"}` + "\n" + begin + passes + end, "", false, false, "q.go:1: no\n", "PASS"},
		{"a panic", begin + passes + `{"Action":"output","Package":"p","Test":"D","Output":"panic: oh\n"}` + "\n" +
			`{"Action":"fail","Package":"p"}`, "", false, false, "panic: oh\nbroken: p failed\n1 passed, 1 failed", "ok  \t"},
		{"the go command speaks", "go: no such module\n", "", false, false, "go: no such module\n0 passed", "ok  \t"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var out strings.Builder
			c := newTally(&out)
			if row.except != "" {
				c.except = regexp.MustCompile(row.except)
			}
			if err := c.read(strings.NewReader(row.in)); err != nil {
				t.Fatal(err)
			}
			if good := c.sum(row.noSkips); good != row.good {
				t.Errorf("good is %v, want %v", good, row.good)
			}
			if got := out.String(); !strings.Contains(got, row.want) || strings.Contains(got, row.not) {
				t.Errorf("printed %q, want %q in it and not %q", got, row.want, row.not)
			}
		})
	}
}

// again plays a second run of failed tests: those named pass, others fail.
func again(steady ...string) runner {
	return func(t test, _ int) (io.Reader, error) {
		action := "fail"
		if slices.Contains(steady, t.name) {
			action = "pass"
		}
		return strings.NewReader(fmt.Sprintf(`{"Action":"start","Package":%q}
{"Action":%q,"Package":%[1]q,"Test":%q}
{"Action":%[2]q,"Package":%[1]q}`, t.pkg, action, t.name)), nil
	}
}

func TestLookingAgain(t *testing.T) {
	const (
		sub    = `{"Action":"fail","Package":"p","Test":"C/one"}` + "\n"
		other  = `{"Action":"fail","Package":"p","Test":"D"}` + "\n"
		broken = `{"Action":"fail","Package":"p"}`
		panics = `{"Action":"output","Package":"p","Test":"E","Output":"panic: oh\n"}` + "\n"
	)
	rows := []struct {
		name, in string
		second   runner
		good     bool
		want     string
	}{
		{"passes again", begin + passes + sub + fails + broken, again("C"), true,
			"unsteady: p C failed, and passed when it ran again by itself\n1 passed, 0 failed, 0 skipped, 1 unsteady\n"},
		{"fails again", begin + passes + sub + fails + broken, again(), false, "1 passed, 2 failed"},
		{"one of two fails again", begin + passes + fails + other + broken, again("C"), false, "broken: p failed"},
		{"a panic is no chance", begin + passes + fails + panics + broken, again("C"), false, "broken: p failed"},
		{"nothing failed", begin + passes + end, again(), true, "1 passed, 0 failed, 0 skipped\n"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var out strings.Builder
			c := newTally(&out)
			if err := errors.Join(c.read(strings.NewReader(row.in)), c.lookAgain(row.second)); err != nil {
				t.Fatal(err)
			}
			if good := c.sum(true); good != row.good || !strings.Contains(out.String(), row.want) {
				t.Errorf("good is %v, want %v; printed %q, want %q in it", good, row.good, out.String(), row.want)
			}
		})
	}
}

func TestTooManyFailuresAreNotLookedAtAgain(t *testing.T) {
	c := newTally(io.Discard)
	var in strings.Builder
	for i := range mostAgain + 1 {
		fmt.Fprintf(&in, `{"Action":"fail","Package":"p","Test":"T%d"}`+"\n", i)
	}
	never := func(test, int) (io.Reader, error) { return nil, errors.New("was called") }
	if err := errors.Join(c.read(strings.NewReader(in.String())), c.lookAgain(never)); err != nil {
		t.Fatal(err)
	}
}

// TestTheTrueCommand runs go test in a module of its own. What Once leaves behind makes it pass from the second time on.
func TestTheTrueCommand(t *testing.T) {
	const text = `package p

import (
	"os"
	"testing"
)

func TestGood(t *testing.T) {}

func TestOnce(t *testing.T) {
	if _, err := os.Stat("was"); err != nil {
		_ = os.WriteFile("was", nil, 0o600)
		t.Fatal("the first time")
	}
}
`
	rows := []struct {
		name, text string
		args       []string
		good       bool
		want       string
	}{
		{"unsteady", text, []string{"./..."}, true, "unsteady: p TestOnce failed, and passed when it ran again by itself\n1 passed, 0 failed, 0 skipped, 1 unsteady\n"},
		{"fails each time", strings.ReplaceAll(text, "nil, 0o600", "nil, 0o600); _ = os.Remove(\"was\""), []string{"./..."}, false, "1 passed, 1 failed"},
		{"passes", strings.ReplaceAll(text, "t.Fatal", "t.Log"), []string{"-short", "./..."}, true, "2 passed, 0 failed, 0 skipped\n"},
		{"a flag that is none", text, []string{"-none", "./..."}, false, "broken: p failed\n0 passed, 1 failed"},
		{"go test refuses", text, []string{"-mod=none", "./..."}, false, "broken: go test: exit status 1\n0 passed, 1 failed"},
		{"no such package", text, []string{"./q"}, false, "broken: ./q failed\n0 passed, 2 failed"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for name, text := range map[string]string{"go.mod": "module p\n", "p_test.go": row.text} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out strings.Builder
			c := newTally(&out)
			if err := c.test(row.args); err != nil {
				t.Fatal(err)
			}
			if good := c.sum(false); good != row.good || !strings.Contains(out.String(), row.want) {
				t.Errorf("good is %v, want %v; printed %q, want %q in it", good, row.good, out.String(), row.want)
			}
		})
	}
}
