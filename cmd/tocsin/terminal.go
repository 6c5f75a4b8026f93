package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/config"
)

// terminal is where a verb reads and writes, with the flags that all verbs share.
type terminal struct {
	in       io.Reader
	out, err io.Writer

	configFile string
	format     string
	url        string
	tokenFile  string
	unit       string
	world      string

	// begun: the command line was understood, and its verb runs.
	begun bool
}

// lines reports whether a program reads a watch: then the output is JSON lines and nothing else.
func (t *terminal) lines() bool { return t.format == "json" || !t.isTerminal() }

// say writes prose: where the output is read by a program, beside it.
func (t *terminal) say(format string, args ...any) {
	out := t.out
	if t.lines() {
		out = t.err
	}
	_, _ = fmt.Fprintf(out, format, args...)
}

// line writes one line of JSON.
func (t *terminal) line(v any) error {
	e := json.NewEncoder(t.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (t *terminal) checkFormat() error {
	switch t.format {
	case "table", "json", "csv":
		return nil
	}
	return &exit{exitRefused, fmt.Errorf("--output %q: want table, json or csv", t.format)}
}

// isTerminal reports whether a person watches the output.
func (t *terminal) isTerminal() bool {
	f, ok := t.out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (t *terminal) printf(format string, args ...any) { _, _ = fmt.Fprintf(t.out, format, args...) }

func (t *terminal) config() (*config.Config, error) {
	c, err := config.Load(t.configFile, os.Environ())
	if err != nil {
		return nil, &exit{exitRefused, err}
	}
	return c, nil
}

// client makes the client of the admin API. It shows, in this order, the token of --token-file, the session of whoever is logged in at
// this API, the token of the configuration.
func (t *terminal) client() (*client.Client, error) {
	api, _, err := t.clientAndURL()
	return api, err
}

func (t *terminal) clientAndURL() (*client.Client, string, error) {
	c, err := t.config()
	if err != nil {
		return nil, "", err
	}
	url := t.apiURL(c)
	token, err := t.secret(c, url)
	if err != nil {
		return nil, "", &exit{exitRefused, err}
	}
	api, err := client.New(url, token, c.Client.CAFile)
	if err != nil {
		return nil, "", err
	}
	if t.world != "" {
		api.World = alerting.World(t.world)
		if !slices.Contains(alerting.Worlds(), api.World) {
			return nil, "", &exit{exitRefused, fmt.Errorf("--world %q: want one of %v", t.world, alerting.Worlds())}
		}
	}
	return api.For(t.unit), url, nil
}

// secret is what the client shows.
func (t *terminal) secret(c *config.Config, url string) (string, error) {
	if t.tokenFile != "" {
		return config.Secret(t.tokenFile)
	}
	all, err := readSessions()
	if err != nil {
		return "", err
	}
	if s, ok := all[strings.TrimSuffix(url, "/")]; ok {
		return s.Token, nil
	}
	if c.Client.TokenFile == "" {
		return "", errors.New("nobody is logged in, and there is no token: `tocsin login`, or give --token-file, or client.token_file in the configuration")
	}
	return config.Secret(c.Client.TokenFile)
}

// documentAndClient reads the CAP document that a verb is about, and makes the client that it goes to.
func (t *terminal) documentAndClient(name string) ([]byte, *client.Client, error) {
	document, err := t.readFile(name, maxDocument)
	if err != nil {
		return nil, nil, &exit{exitRefused, err}
	}
	api, err := t.client()
	return document, api, err
}

// alertAndClient reads the id of the alert that a verb is about, and makes the client that is asked.
func (t *terminal) alertAndClient(text string) (alerting.AlertID, *client.Client, error) {
	id, err := alerting.ParseAlertID(text)
	if err != nil {
		return id, nil, &exit{exitRefused, err}
	}
	api, err := t.client()
	return id, api, err
}

// moment reads the time that a flag names.
func moment(flag, text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, &exit{exitRefused, fmt.Errorf("%s %q: want a time such as 2026-11-30T18:00:00+01:00", flag, text)}
	}
	return at, nil
}

// listing is what a verb shows: rows for table and CSV, value for JSON.
type listing struct {
	header []string
	rows   [][]string
	value  any
}

// show prints a listing in the format asked for.
func (t *terminal) show(l listing) error {
	switch t.format {
	case "json":
		return t.json(l.value)
	case "csv":
		w := csv.NewWriter(t.out)
		_ = w.Write(l.header)
		_ = w.WriteAll(l.rows)
		return w.Error()
	}
	w := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, strings.ToUpper(strings.Join(l.header, "\t")))
	for _, row := range l.rows {
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

func (t *terminal) json(v any) error {
	e := json.NewEncoder(t.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// readFile reads a file, or standard input for "-", up to a limit in bytes.
func (t *terminal) readFile(name string, limit int64) ([]byte, error) {
	in := t.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return b, err
}
