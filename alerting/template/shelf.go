package template

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tocsin/alerting"
)

// Shelf is a folder of templates: its files *.yaml and *.yml. Files that changed are read again when somebody asks, so a
// template can be put right while the office runs. Any number of goroutines may use it.
type Shelf struct {
	dir   string
	mu    sync.Mutex
	files map[string]shelved
}

// shelved is what became of a file when it was read last.
type shelved struct {
	size     int64
	changed  time.Time
	template *Template
	broken   *Broken
}

// Open reads a folder for the first time. It fails only when the folder cannot be read: a file that is broken does not
// hide the others.
func Open(dir string) (*Shelf, error) {
	s := &Shelf{dir: dir, files: map[string]shelved{}}
	if _, _, err := s.Read(); err != nil {
		return nil, err
	}
	return s, nil
}

// Read gives all templates, in the order of their files, and the files that are none.
func (s *Shelf) Read() ([]*Template, []*Broken, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, nil, fmt.Errorf("read the templates: %w", err)
	}
	var good []*Template
	var bad []*Broken
	owner, there := map[string]string{}, map[string]bool{}
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() || !isTemplate(name) {
			continue
		}
		there[name] = true
		one := s.file(name)
		switch {
		case one.broken != nil:
			bad = append(bad, one.broken)
		case owner[one.template.ID] != "":
			bad = append(bad, &Broken{File: name, Faults: []Fault{{Where: "id", What: alerting.Say(
				"template.id-taken", "%s is the id of %s already: give each template its own", one.template.ID, owner[one.template.ID])}}})
		default:
			owner[one.template.ID] = name
			good = append(good, one.template)
		}
	}
	for name := range s.files {
		if !there[name] {
			delete(s.files, name)
		}
	}
	return good, bad, nil
}

// Find gives the template of an id. An id that no file has is ErrNotFound; if a file is broken, the error says so, for it may
// be the one that was meant.
func (s *Shelf) Find(id string) (*Template, error) {
	good, bad, err := s.Read()
	if err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(good, func(t *Template) bool { return t.ID == id }); at >= 0 {
		return good[at], nil
	}
	if len(bad) == 0 {
		return nil, alerting.Refuse(alerting.ErrNotFound, "template.unknown", "there is no template %s", shown(id))
	}
	files := make([]string, len(bad))
	for i, b := range bad {
		files[i] = b.File
	}
	return nil, fmt.Errorf("%w: there is no template %s; broken files are left out: %s", alerting.ErrNotFound, shown(id), strings.Join(files, ", "))
}

// file reads a file unless it is as it was. Links are followed: a folder of Kubernetes is made of them.
func (s *Shelf) file(name string) shelved {
	path := filepath.Join(s.dir, name)
	about, err := os.Stat(path)
	if err != nil {
		return shelved{broken: &Broken{File: name, Faults: []Fault{{What: alerting.Say("template.unread", "it cannot be read: %s", cause(err))}}}}
	}
	if known, ok := s.files[name]; ok && known.size == about.Size() && known.changed.Equal(about.ModTime()) {
		return known
	}
	now := shelved{size: about.Size(), changed: about.ModTime()}
	t, err := Load(path)
	var b *Broken
	switch {
	case errors.As(err, &b):
		now.broken = &Broken{File: name, Faults: b.Faults}
	case err != nil:
		return shelved{broken: &Broken{File: name, Faults: []Fault{{What: alerting.Say("template.unread", "it cannot be read: %s", cause(err))}}}}
	default:
		now.template = t
	}
	s.files[name] = now
	return now
}

// Load reads one file.
func Load(path string) (*Template, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, err
	}
	return Parse(path, text)
}

// isTemplate reports whether a file in a folder is taken for a template.
func isTemplate(name string) bool {
	ext := strings.ToLower(filepath.Ext(name))
	return (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(name, ".")
}

// cause is an error of the system without the path, which the caller says.
func cause(err error) string {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
