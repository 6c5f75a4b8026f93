package console

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
	"sync"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/desk"
)

// Importing is an import as it goes on, and then how it ended. This process remembers it, and for as long as it runs: what the office keeps
// for ever of an import stands in the journal.
type Importing struct {
	ID string `json:"id"`
	// What is people, sirens, units or outlines.
	What  string    `json:"what"`
	By    string    `json:"by"`
	Begun time.Time `json:"begun"`
	// Ended is zero while it goes on.
	Ended time.Time `json:"ended,omitzero"`
	// Size is that of the file in bytes; 0 where the caller did not say.
	Size     int64             `json:"size,omitempty"`
	Progress audience.Progress `json:"progress"`
	// Result is there at the end, Problem where it ended before the end of the file, and Change where two people must agree to it.
	Result  *audience.Result `json:"result,omitempty"`
	Problem *problem         `json:"problem,omitempty"`
	Change  *desk.Proposed   `json:"change,omitempty"`
}

// mostImports is how many imports a process remembers. Those that go on are never forgotten.
const mostImports = 50

// importings are the imports of this process. The zero value remembers none.
type importings struct {
	mu  sync.Mutex
	all []*Importing // in the order in which they began
}

// begin remembers a new import, and gives its id.
func (m *importings) begin(what string, by alerting.Actor, size int64) string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails (crypto/rand)
	one := &Importing{ID: "i" + hex.EncodeToString(id[:]), What: what, By: by.Name, Begun: time.Now().UTC(), Size: max(size, 0)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.all) >= mostImports {
		if at := slices.IndexFunc(m.all, func(i *Importing) bool { return !i.Ended.IsZero() }); at >= 0 {
			m.all = slices.Delete(m.all, at, at+1)
		}
	}
	m.all = append(m.all, one)
	return one.ID
}

// says takes a line of an import's answer in.
func (m *importings) says(id string, l ImportLine) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.all, func(i *Importing) bool { return i.ID == id })
	if at < 0 {
		return
	}
	one := m.all[at]
	if l.Progress != nil {
		one.Progress = *l.Progress
	}
	if l.Result != nil || l.Problem != nil {
		one.Ended, one.Result, one.Problem, one.Change = time.Now().UTC(), l.Result, l.Problem, l.Change
	}
}

// listed are the imports, the latest first. What is wrong with their lines is shown with one alone.
func (m *importings) listed() []Importing {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]Importing, 0, len(m.all))
	for _, one := range slices.Backward(m.all) {
		line := *one
		if line.Result != nil {
			short := *line.Result
			short.Problems, short.Warnings = []audience.Problem{}, nil
			line.Result = &short
		}
		out = append(out, line)
	}
	return out
}

func (m *importings) at(id string) (Importing, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.all {
		if one.ID == id {
			return *one, nil
		}
	}
	return Importing{}, alerting.Refuse(alerting.ErrNotFound, "import.unknown", "this process knows of no import %.40q: it began before the process did, or elsewhere; the journal says how it ended, and the same file again is safe", id)
}

// importRoutes say how imports go on.
func (c *Console) importRoutes() []route {
	return []route{
		{"GET /api/imports", MayImport, c.importList, "The latest imports of this process, without what is wrong with their lines", nil, []Importing{}, 200},
		{"GET /api/imports/{id}", MayImport, c.importAt, "How far an import is, and how it ended; the answer of an import names it in Location", nil, Importing{}, 200},
	}
}

func (c *Console) importList(w http.ResponseWriter, _ *http.Request, _ alerting.Actor) error {
	writeJSON(w, http.StatusOK, c.importings.listed())
	return nil
}

func (c *Console) importAt(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	one, err := c.importings.at(r.PathValue("id"))
	return orJSON(w, one, err)
}

// begins notes an import and remembers it. Its id goes into the answer's Location.
func (c *Console) begins(w http.ResponseWriter, r *http.Request, by alerting.Actor, what string) (id string, err error) {
	if err := c.Note(r.Context(), by, "import.begun", what, struct{}{}); err != nil {
		return "", err
	}
	id = c.importings.begin(what, by, r.ContentLength)
	w.Header().Set("Location", "/api/imports/"+id)
	return id, nil
}
