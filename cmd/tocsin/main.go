// Command tocsin is the warning engine: `tocsin serve` plays its roles, every other verb is a client of the admin API or
// works on files. Exit codes: 0 done or accepted, 1 something failed, 2 refused or invalid, 3 outcome unknown.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// exit is an error that ends the program with a code of its own. A nil err prints nothing more.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// The exit codes.
const (
	exitFailed  = 1
	exitRefused = 2
	exitUnknown = 3
)

// run is the whole program; tests call it too.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	t := &terminal{in: stdin, out: stdout, err: stderr}
	root := command(t)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	code := exitFailed
	if !t.begun {
		// Flags or arguments that no verb takes: whatever was asked for, nothing of it was done.
		code = exitRefused
	}
	var e *exit
	if errors.As(err, &e) {
		code = e.code
	}
	if text := err.Error(); text != "" {
		_, _ = fmt.Fprintln(stderr, "tocsin:", text)
	}
	return code
}

// command is the tree of verbs.
func command(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:           "tocsin",
		Short:         "The warning engine of an emergency management office",
		Long:          "tocsin issues CAP 1.2 warnings to people (SMS, web push, e-mail) and sirens, with a receipt for every delivery.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&t.configFile, "config", "c", os.Getenv("TOCSIN_CONFIG"), "configuration file")
	flags.StringVarP(&t.format, "output", "o", "table", "table, json or csv")
	flags.StringVar(&t.url, "url", "", "admin API (default: client.url of the configuration)")
	flags.StringVar(&t.tokenFile, "token-file", "", "file with the API token (default: client.token_file of the configuration)")
	flags.StringVar(&t.unit, "unit", "", "the administrative unit that you act for, where you have roles in several")
	flags.StringVar(&t.world, "world", "", "only alerts and drafts of this world: actual, exercise or test; all others do not exist then")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		t.begun = true
		return t.checkFormat()
	}
	root.AddCommand(serveVerb(t), checkConfigVerb(t), lintVerb(t), signVerb(t), verifyVerb(t), convertVerb(t), chainVerb(t), readVerb(t), templateVerb(t), issueVerb(t), statusVerb(t), explainVerb(t), reportVerb(t), timelineVerb(t), readinessVerb(t), updateVerb(t), cancelVerb(t), allClearVerb(t), expiringVerb(t), extendVerb(t), lapseVerb(t),
		importVerb(t, "people", "who may be warned, and where they are", peopleColumns),
		importVerb(t, "sirens", "the sirens and how they are reached", sirenColumns),
		unitsVerb(t), importsVerb(t), deadLettersVerb(t), auditVerb(t),
		draftVerb(t), draftsVerb(t), submitVerb(t), approveVerb(t), confirmationVerb(t), worldsVerb(t), actVerb(t, "return", "Give a submitted draft back to its author"),
		actVerb(t, "reject", "End a submitted draft that must not go out"), actVerb(t, "withdraw", "Take a draft back that was not released yet"),
		proceedVerb(t), windowVerb(t), inboxVerb(t), operatorsVerb(t), standingVerb(t), countersignVerb(t), changesVerb(t), gatewaysVerb(t), routeVerb(t), loginVerb(t), logoutVerb(t), whoamiVerb(t),
		meVerb(t), setupVerb(t), setupLinkVerb(t), accountsVerb(t), tokensVerb(t), policyVerb(t), doctorVerb(t), keysVerb(t), demoVerb(t))
	t.completeIDs(root)
	return root
}
