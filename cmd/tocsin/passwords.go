package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tocsin/cmd/tocsin/config"
)

// longestLine bounds a line that somebody types, in bytes.
const longestLine = 4 << 10

// lineReader reads what is typed, line by line: one for all the lines of a verb.
func (t *terminal) lineReader() *bufio.Reader {
	return bufio.NewReader(io.LimitReader(t.in, 4*longestLine))
}

// readPassword reads a password from a file; without one from the terminal, which does not show it, or else from the next line.
func (t *terminal) readPassword(lines *bufio.Reader, file, question string) (string, error) {
	if file != "" {
		password, err := config.Secret(file)
		if err != nil {
			return "", &exit{exitRefused, err}
		}
		return password, nil
	}
	if f, ok := t.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		t.prompt("%s: ", question)
		text, err := term.ReadPassword(int(f.Fd()))
		t.prompt("\n")
		if err != nil {
			return "", &exit{exitRefused, fmt.Errorf("read the password: %w", err)}
		}
		return string(text), nil
	}
	line, err := lines.ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", &exit{exitRefused, errors.Join(errors.New("no password came: give --password-file, or a line of its own"), err)}
	}
	return line, nil
}

func operatorPasswordKeyVerb(t *terminal) *cobra.Command {
	var name, file string
	c := &cobra.Command{Use: "password-key", Short: "Have the office make a key and keep it under your password",
		Long: "For an operator who can have neither a passkey nor a key file. The office makes the key, encrypts it under the password, and prints the public " +
			"half, which is then enrolled like every key (request, sign, sign, enrol). Policy may refuse keys of this kind.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			password, err := t.newPassword(t.lineReader(), file)
			if err != nil {
				return err
			}
			key, err := api.MakePasswordKey(cmd.Context(), name, password)
			if err != nil {
				return t.refused(err)
			}
			t.printf("%s\n", key.Key)
			return nil
		}}
	c.Flags().StringVar(&name, "name", "", "the operator's name, as it will be enrolled")
	c.Flags().StringVar(&file, "password-file", "", "a file with the password; left out: it is typed twice")
	_ = c.MarkFlagRequired("name")
	return c
}

// newPassword reads a password that is to hold from now on: what is typed unseen is typed twice.
func (t *terminal) newPassword(lines *bufio.Reader, file string) (string, error) {
	password, err := t.readPassword(lines, file, "New password")
	if err != nil || file != "" {
		return password, err
	}
	again, err := t.readPassword(lines, "", "The same again")
	if err == nil && again != password {
		err = &exit{exitRefused, errors.New("the two passwords differ; nothing was done")}
	}
	return password, err
}

func operatorPasswordVerb(t *terminal) *cobra.Command {
	var name, file, next string
	c := &cobra.Command{Use: "password", Short: "Put your key under another password",
		Long: "Change the password under which the office keeps your key. The key stays the same, and stays enrolled.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			lines := t.lineReader()
			old, err := t.readPassword(lines, file, "Present password")
			if err != nil {
				return err
			}
			password, err := t.newPassword(lines, next)
			if err != nil {
				return err
			}
			if err := api.ChangePassword(cmd.Context(), name, old, password); err != nil {
				return t.refused(err)
			}
			t.printf("changed: the password of %s\n", name)
			return nil
		}}
	c.Flags().StringVar(&name, "name", "", "your name, as you are enrolled")
	c.Flags().StringVar(&file, "password-file", "", "a file with the present password; left out: it is typed")
	c.Flags().StringVar(&next, "new-file", "", "a file with the new one; left out: it is typed twice")
	_ = c.MarkFlagRequired("name")
	return c
}
