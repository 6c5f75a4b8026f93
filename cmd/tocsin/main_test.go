package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"tocsin/alerting/login"
	"tocsin/cmd/gatewaysim/sim"
	"tocsin/cmd/tocsin/scenario"
)

// TestMain lets the scripts run this program as the command tocsin.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tocsin": main})
}

// TestScripts runs testdata/*.txtar: each is a page of the manual that is also a test. Besides the usual commands there
// are:
//
//	exits N tocsin …   run a command that must end with exit code N
//	fill FILE…         put variables ($NOW, $LATER, $EARLIER, $FOLDER, $CLONE) into files
//	refuse NUMBER      have the SMS gateway refuse a number
//	strand             send a batch on its way that its worker must set aside
//	office [TOKEN]     have an office running, and be configured as its client; $OFFICE is its folder
//	careful [TOKEN]    the same, of an office in which nobody sends alone: first, second and third are its operators
//	strict [TOKEN]     the same, of one whose rule red wants the place picked
//	peopled            the same, of one where people log in and no client has a token
//	code FILE SECRET   write the code that the authenticator with a secret shows next into a file
//	partnered [TOKEN]  the same, of one whose partner weather signs with the key in $OFFICE/partner
func TestScripts(t *testing.T) {
	terms := map[string]string{"sms": `rate: 1000, price: "0.0075", currency: EUR`}
	open := sync.OnceValue(func() *scenario.Office { return scenario.Open(t, scenario.Options{Gateways: terms}) })
	strict := sync.OnceValue(func() *scenario.Office {
		return scenario.Open(t, scenario.Options{Approvals: true, Policy: "{id: red, severity: Extreme, worlds: [actual], approvals: 1, pick_place: true}"})
	})
	careful := sync.OnceValue(func() *scenario.Office {
		return scenario.Open(t, scenario.Options{Approvals: true, Gateways: map[string]string{"sms": "rate: 200"}})
	})
	partnered := sync.OnceValue(func() *scenario.Office {
		return scenario.Open(t, scenario.Options{Approvals: true, Inbox: `{name: weather, anchor_files: ["{{partner}}"]}`})
	})
	peopled := sync.OnceValue(func() *scenario.Office { return scenario.Open(t, scenario.Options{Approvals: true, Login: true}) })
	enter := func(open func() *scenario.Office, token string) func(ts *testscript.TestScript, _ bool, args []string) {
		return func(ts *testscript.TestScript, _ bool, args []string) {
			who := token
			if len(args) > 0 {
				who = args[0]
			}
			ts.Setenv("TOCSIN_CONFIG", open().ClientFile(who))
			ts.Setenv("OFFICE", open().Dir)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			now := time.Now().UTC().Truncate(time.Second)
			form := func(d time.Duration) string { return now.Add(d).Format("2006-01-02T15:04:05-00:00") }
			env.Setenv("NOW", form(0))
			env.Setenv("LATER", form(time.Hour))
			env.Setenv("EARLIER", form(-time.Hour))
			env.Setenv("FOLDER", env.WorkDir)
			here, err := os.Getwd()
			env.Setenv("CLONE", filepath.Dir(filepath.Dir(here)))
			return err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits,
			"fill":  fill,
			"refuse": func(_ *testscript.TestScript, _ bool, args []string) {
				open().Fault(sim.Rule{On: sim.SMS, Kind: sim.Refuse, Match: args[0], Status: 400, Code: 21211})
			},
			"strand":    func(*testscript.TestScript, bool, []string) { open().Strand() },
			"office":    enter(open, "everything"),
			"careful":   enter(careful, "first"),
			"strict":    enter(strict, "first"),
			"partnered": enter(partnered, "everything"),
			"peopled":   enter(peopled, ""),
			"code":      nextCode,
		},
	})
}

// exits runs a command and compares its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	have := 0
	var ended *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &ended) {
		have = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if have != want {
		ts.Fatalf("exit code %d, want %d", have, want)
	}
}

// nextCode writes the code of the next half minute into a file: the present one may have been used.
func nextCode(ts *testscript.TestScript, _ bool, args []string) {
	code, err := login.Code(ts.ReadFile(args[1]), time.Now().Add(30*time.Second))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(code), 0o600))
}

// fill expands variables in files.
func fill(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// TestEveryVerbExplainsItself: each verb has help that names it and says what it does, with each of its flags.
func TestEveryVerbExplainsItself(t *testing.T) {
	var verbs []*cobra.Command
	var gather func(c *cobra.Command)
	gather = func(c *cobra.Command) {
		verbs = append(verbs, c)
		for _, sub := range c.Commands() {
			gather(sub)
		}
	}
	gather(command(&terminal{}))
	if len(verbs) < 15 {
		t.Fatalf("only %d verbs", len(verbs))
	}
	for _, verb := range verbs {
		path := strings.Fields(verb.CommandPath())
		var out, complaints bytes.Buffer
		if code := run(append(path[1:], "--help"), strings.NewReader(""), &out, &complaints); code != 0 || complaints.Len() > 0 {
			t.Errorf("%s --help: exit code %d, %s", verb.CommandPath(), code, complaints.String())
		}
		text := out.String()
		if !strings.Contains(text, "tocsin "+strings.Join(path[1:], " ")) || len(strings.Fields(verb.Short)) < 2 {
			t.Errorf("%s: the help says too little:\n%s", verb.CommandPath(), text)
		}
		if verb.Long == "" && !strings.Contains(text, verb.Short) || verb.Long != "" && !strings.Contains(text, verb.Long) {
			t.Errorf("%s: the help does not say what it does:\n%s", verb.CommandPath(), text)
		}
	}
}

// TestWhatIsNotUnderstoodIsRefused: no verb began, so nothing was issued.
func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	for _, args := range [][]string{{"issue"}, {"issue", "--wacth", "x.xml"}, {"issue", "a.xml", "b.xml"}, {"isue", "a.xml"},
		{"cancel"}, {"explain", "x"}, {"issue", "-o", "yaml", "a.xml"}, {"people", "import"}} {
		var out, said bytes.Buffer
		if code := run(args, strings.NewReader(""), &out, &said); code != exitRefused || said.Len() == 0 {
			t.Errorf("tocsin %v: exit code %d, %s", args, code, said.String())
		}
	}
}
