package console

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/journal"
)

// Journal is the record of who did what.
type Journal struct {
	Read func(ctx context.Context, q journal.Query) iter.Seq2[journal.Entry, error]
	// Verify reads the whole of it, and says whether it is sound; a *journal.Broken says where it is not.
	Verify func(ctx context.Context) (journal.Sound, error)
}

// journalRoutes show who did what.
func (c *Console) journalRoutes() []route {
	return []route{
		{"GET /api/journal", MayAudit, c.inTurn(c.entries), "Who did what, the latest first; ?subject=, ?actor= and ?verb= pick", nil, []journal.Entry{}, 200},
		{"GET /api/journal/verification", MayAudit, c.inTurn(c.verifyJournal), "Whether the record is sound: it is read whole, with the signed heads that this process can see", nil, Verification{}, 200},
	}
}

func (c *Console) entries(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	p, err := c.pageOf(r, "journal")
	if err != nil {
		return err
	}
	query := r.URL.Query()
	q := journal.Query{Latest: true, Limit: p.limit, After: p.at, Subject: query.Get("subject"), Actor: query.Get("actor"), Verb: query.Get("verb")}
	out := []journal.Entry{}
	for e, err := range c.Journal.Read(r.Context(), q) {
		if err != nil {
			return err
		}
		out = append(out, e)
	}
	if len(out) > 0 {
		p.next(w, r, len(out), out[len(out)-1].Number, "")
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// Verification is what the journal is worth.
type Verification struct {
	Sound bool `json:"sound"`
	// Entries, Heads and Covered are those of a sound journal: without heads a cut end, or a journal written anew, is not noticed.
	Found *journal.Sound  `json:"found,omitempty"`
	Break *journal.Broken `json:"broken,omitempty"`
}

func (c *Console) verifyJournal(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	sound, err := c.Journal.Verify(r.Context())
	var broken *journal.Broken
	switch {
	case errors.As(err, &broken):
		writeJSON(w, http.StatusOK, Verification{Break: broken})
	case err != nil:
		return err
	default:
		writeJSON(w, http.StatusOK, Verification{Sound: true, Found: &sound})
	}
	return nil
}
