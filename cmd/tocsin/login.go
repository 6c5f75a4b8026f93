package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting/login"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/config"
	"tocsin/cmd/tocsin/serve"
)

// proof is how somebody shows who he is.
type proof struct{ name, passwordFile, code, secretFile string }

func (p *proof) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&p.name, "name", "", "the name of the account; left out: it is asked for")
	f.StringVar(&p.passwordFile, "password-file", "", "a file with the password; left out: it is typed")
	f.StringVar(&p.code, "code", "", "the code that the authenticator shows; left out: it is asked for")
	f.StringVar(&p.secretFile, "secret-file", "", "a file with the authenticator's secret, from which the code is worked out: for demonstrations")
	c.MarkFlagsMutuallyExclusive("code", "secret-file")
}

// askLine asks for a line that may be seen.
func (t *terminal) askLine(lines *bufio.Reader, question string) (string, error) {
	t.prompt("%s: ", question)
	line, err := lines.ReadString('\n')
	line = strings.TrimSpace(line)
	if line == "" {
		return "", &exit{exitRefused, errors.Join(fmt.Errorf("no answer to %q came", question), err)}
	}
	return line, nil
}

// askCode gives the code of an authenticator.
func (t *terminal) askCode(lines *bufio.Reader, p *proof) (string, error) {
	if p.code != "" {
		return p.code, nil
	}
	if p.secretFile == "" {
		return t.askLine(lines, "Code of the authenticator")
	}
	secret, err := config.Secret(p.secretFile)
	if err != nil {
		return "", &exit{exitRefused, err}
	}
	code, err := login.Code(secret, time.Now())
	if err != nil {
		return "", &exit{exitRefused, fmt.Errorf("%s: %w", p.secretFile, err)}
	}
	return code, nil
}

func loginVerb(t *terminal) *cobra.Command {
	var p proof
	c := &cobra.Command{Use: "login", Short: "Log in with a password and the code of an authenticator",
		Long: "Log in. The session is kept in a file that only you can read, and every command uses it, in the place of a token, until you log out or it ends.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, url, err := t.stranger()
			if err != nil {
				return err
			}
			lines := t.lineReader()
			if p.name == "" {
				if p.name, err = t.askLine(lines, "Name"); err != nil {
					return err
				}
			}
			password, err := t.readPassword(lines, p.passwordFile, "Password")
			if err != nil {
				return err
			}
			code, err := t.askCode(lines, &p)
			if err != nil {
				return err
			}
			o, err := api.Login(cmd.Context(), p.name, password, code)
			if err != nil {
				return t.refused(err)
			}
			return t.welcome(url, o)
		}}
	p.flags(c)
	return c
}

// welcome keeps a new session, and says whose it is.
func (t *terminal) welcome(url string, o login.Opened) error {
	if err := t.keep(url, o); err != nil {
		return &exit{exitFailed, err}
	}
	t.printf("logged in: %s, until %s at the latest\n", o.Account.Name, o.Until.Local().Format(time.RFC3339))
	return nil
}

func logoutVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "logout", Short: "End the session of this terminal", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.config()
			if err != nil {
				return err
			}
			url := t.apiURL(c)
			all, err := readSessions()
			if err != nil {
				return &exit{exitFailed, err}
			}
			s, ok := all[strings.TrimSuffix(url, "/")]
			if !ok {
				return &exit{exitRefused, errors.New("nobody is logged in here")}
			}
			api, err := client.New(url, s.Token, c.Client.CAFile)
			if err != nil {
				return err
			}
			var p *client.Problem
			if err := api.Logout(cmd.Context()); err != nil && (!errors.As(err, &p) || p.Status != 401) {
				return t.refused(err)
			}
			if err := t.forget(url); err != nil {
				return &exit{exitFailed, err}
			}
			t.printf("logged out: %s\n", s.Name)
			return nil
		}}
}

func whoamiVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "whoami", Short: "Who you are to the office, and what you may do in which unit", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			me, err := api.Me(cmd.Context())
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"name", "kind", "unit", "rights"}, value: me}
			for unit, rights := range me.Rights {
				l.rows = append(l.rows, []string{me.Name, me.Kind, cmp.Or(unit, "(whole office)"), strings.Join(names(rights), " ")})
			}
			if len(l.rows) == 0 {
				l.rows = append(l.rows, []string{me.Name, me.Kind, "-", "none"})
			}
			return t.show(l)
		}}
}

func setupVerb(t *terminal) *cobra.Command {
	var p proof
	c := &cobra.Command{Use: "setup LINK", Short: "Use a one-time link: choose a password, and set an authenticator up",
		Long: "Use the one-time link that an administrator gave you, or, for the first administrator, the one that `tocsin serve` printed. The secret for the " +
			"authenticator (an app, a hardware token) is shown, and the code that it makes of that is asked for. Afterwards you are logged in. With --secret-file " +
			"the secret is written to a new file instead: then password and second factor lie on one machine, which is for demonstrations.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, url, err := t.stranger()
			if err != nil {
				return err
			}
			_, token, ok := strings.Cut(args[0], "#")
			if !ok {
				token = args[0]
			}
			lines := t.lineReader()
			s, err := api.BeginSetup(cmd.Context(), token, p.name)
			if err != nil {
				return t.refused(err)
			}
			password, err := t.newPassword(lines, p.passwordFile)
			if err != nil {
				return err
			}
			if err := t.tellSecret(s, p.secretFile); err != nil {
				return err
			}
			code, err := t.askCode(lines, &p)
			if err != nil {
				return err
			}
			o, err := api.SetUp(cmd.Context(), login.SetUp{Link: token, Name: s.Name, Password: password, Code: code})
			if err != nil {
				return t.refused(err)
			}
			return t.welcome(url, o)
		}}
	p.flags(c)
	return c
}

// tellSecret shows the secret of an authenticator, or writes it to a new file.
func (t *terminal) tellSecret(s login.Secret, file string) error {
	if file == "" {
		t.prompt("The secret for your authenticator: %s\nor, as a QR code has it: %s\n", s.Secret, s.URI)
		return nil
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &exit{exitRefused, err}
	}
	_, err = f.WriteString(s.Secret + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return &exit{exitFailed, err}
	}
	return nil
}

func setupLinkVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "setup-link", Short: "Make a one-time link for one more administrator, where the stores are at hand",
		Long: "Make a one-time link, valid for an hour, that makes its user an administrator of the whole office: when the one that `tocsin serve` printed is over, or no " +
			"administrator can log in any more. It writes to the database that the configuration names, and asks no running process; whoever may do that owns the office anyway. " +
			"The journal has it.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.config()
			if err != nil {
				return err
			}
			url, until, err := serve.AdministratorLink(cmd.Context(), c, slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelWarn})))
			if err != nil {
				return &exit{exitFailed, err}
			}
			t.printf("%s\n", url)
			t.prompt("valid until %s, once\n", until.Local().Format(time.RFC3339))
			return nil
		}}
}
