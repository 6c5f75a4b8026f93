package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tocsin/alerting/login"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/config"
)

// savedSession is a session of the person at this terminal.
type savedSession struct {
	Name  string    `json:"name"`
	Token string    `json:"token"`
	Until time.Time `json:"until"`
}

// sessions are those of all offices, by the address of the API: one is never sent to another.
type sessions map[string]savedSession

// sessionFile is in the user's folder of configurations; only he may read it.
func sessionFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("no place for the session: %w", err)
	}
	return filepath.Join(dir, "tocsin", "sessions.json"), nil
}

// readSessions reads the file; there are none where there is no file, or no place for one.
func readSessions() (sessions, error) {
	name, err := sessionFile()
	if err != nil {
		return sessions{}, nil
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return sessions{}, nil
	}
	all := sessions{}
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("read the session; `tocsin login` makes a new one once this file is gone: %s: %w", name, err)
	}
	return all, nil
}

// save writes the file anew, so that it is whole at any moment.
func (s sessions) save() error {
	name, err := sessionFile()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".sessions.*") // 0600
	if err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("keep the session: %w", err)
	}
	return nil
}

// apiURL is the address of the API.
func (t *terminal) apiURL(c *config.Config) string {
	if t.url != "" {
		return t.url
	}
	return c.Client.URL
}

// stranger makes a client that shows neither session nor token, for logging in.
func (t *terminal) stranger() (*client.Client, string, error) {
	c, err := t.config()
	if err != nil {
		return nil, "", err
	}
	url := t.apiURL(c)
	api, err := client.New(url, "", c.Client.CAFile)
	return api, url, err
}

// keep keeps a new session in the place of the one that this office had.
func (t *terminal) keep(url string, o login.Opened) error {
	all, err := readSessions()
	if err != nil {
		return err
	}
	all[strings.TrimSuffix(url, "/")] = savedSession{o.Account.Name, o.Token, o.Until}
	return all.save()
}

// forget removes the session of an office.
func (t *terminal) forget(url string) error {
	all, err := readSessions()
	if err != nil {
		return err
	}
	delete(all, strings.TrimSuffix(url, "/"))
	return all.save()
}
