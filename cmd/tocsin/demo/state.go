package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"tocsin/cmd/tocsin/serve"
)

// state is what a folder knows of its demonstration, so that another start in it is the same office.
type state struct {
	VAPID    string            `json:"vapid"`
	Siren    string            `json:"siren"`
	Desk     string            `json:"desk"`
	Founders map[string]string `json:"founders"`
	// Listeners are where the simulator listened: sirens and push subscriptions name these addresses.
	Listeners map[string]string `json:"listeners,omitempty"`
	// Ports are where the engine listened.
	Ports []string `json:"ports,omitempty"`
	// Accounts have their passwords here, as in the files beside.
	Accounts []serve.Ready `json:"accounts,omitempty"`
	// Made: nothing of the office is left to be made.
	Made bool `json:"made"`
}

// founders are the office's first two keys. They lie in a drawer, and enrol the keys of those who work.
func founders() []string { return []string{"first-key", "second-key"} }

// loadState reads what an earlier start has left; it is nil in a new folder.
func loadState(dir string) (*state, error) {
	text, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	s := new(state)
	if err == nil {
		err = json.Unmarshal(text, s)
	}
	if err == nil && len(s.Accounts) > 0 && !s.Made {
		err = errors.New("the demonstration in it was ended before its office was whole; remove the folder, or name another with --dir")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return s, nil
}

func (s *state) save(dir string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "demo.json"), append(text, '\n'), 0o600)
}

// listenAt is where the simulator is to listen: where it did before, if that is free, else anywhere.
func (s *state) listenAt(name string) string {
	if at := s.Listeners[name]; at != "" {
		if ln, err := net.Listen("tcp", at); err == nil {
			_ = ln.Close()
			return at
		}
	}
	return anyPort
}
