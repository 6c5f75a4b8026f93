package console

import (
	"context"
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/inbox"
)

// Inbox is what partners sent.
type Inbox interface {
	SourceOf(name string) (inbox.Source, error)
	Take(ctx context.Context, document []byte, from inbox.Source) (inbox.Letter, error)
	List(ctx context.Context, states []inbox.State, after alerting.Place, limit int) ([]inbox.Letter, error)
	Get(ctx context.Context, id string) (inbox.Letter, error)
	Release(ctx context.Context, id string, by alerting.Actor, reason string) (inbox.Letter, error)
	Drop(ctx context.Context, id string, by alerting.Actor, reason string) (inbox.Letter, error)
}

// errNoInbox: the configuration names no sources.
func errNoInbox() error {
	return alerting.Refuse(alerting.ErrNotFound, "inbox.off", "nothing is taken in here: name sources in the configuration (inbox.sources)")
}

// withInbox answers with an inbox only.
func (c *Console) withInbox(answer handler) handler {
	return func(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
		if c.Inbox == nil {
			return errNoInbox()
		}
		return answer(w, r, by)
	}
}

func (c *Console) releaseLetter(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	return turnsLetter(c.Inbox.Release)(w, r, by)
}

func (c *Console) dropLetter(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	return turnsLetter(c.Inbox.Drop)(w, r, by)
}

// takeIn takes in a document of the source that the query names. Who posts it is of no account: its signature is.
func (c *Console) takeIn(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	document, _, err := c.readOrder(w, r, by)
	if err != nil {
		return err
	}
	from, err := c.Inbox.SourceOf(r.URL.Query().Get("source"))
	if err != nil {
		return err
	}
	l, err := c.Inbox.Take(r.Context(), document, from)
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if l.Repeated {
		status = http.StatusOK
	}
	w.Header().Set("Location", "/api/inbox/"+l.ID)
	writeJSON(w, status, l)
	return nil
}

func (c *Console) inbox(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	p, err := c.pageOf(r, "inbox")
	if err != nil {
		return err
	}
	states, err := statesOf(r, inbox.States())
	if err != nil {
		return err
	}
	all, err := c.Inbox.List(r.Context(), states, p.place(), p.limit)
	if err != nil {
		return err
	}
	if n := len(all); n > 0 {
		p.next(w, r, n, all[n-1].Received.UnixMilli(), all[n-1].ID)
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

func (c *Console) inboxLetter(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	l, err := c.Inbox.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

// because is the body of what needs a reason.
type because struct {
	Reason string `json:"reason"`
}

// turnsLetter does something to a letter in quarantine, for a reason.
func turnsLetter(do func(ctx context.Context, id string, by alerting.Actor, reason string) (inbox.Letter, error)) handler {
	return func(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
		var body because
		if err := readJSON(w, r, &body); err != nil {
			return err
		}
		if body.Reason == "" {
			return alerting.Refuse(alerting.ErrInvalid, "request.reason", "body: want {\"reason\": \"…\"}")
		}
		l, err := do(r.Context(), r.PathValue("id"), by, body.Reason)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, l)
		return nil
	}
}
