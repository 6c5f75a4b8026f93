package console

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// cancelNote is the body of a cancel or an all-clear; it may be left out. Words, in languages of the alert, take the place of those that
// are prepared.
type cancelNote struct {
	Note  string           `json:"note"`
	Words []alerting.Words `json:"words,omitempty"`
}

func (c *Console) cancel(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	return c.end(w, r, by, c.Desk.Cancel)
}

// allClear ends an alert whose danger is over.
func (c *Console) allClear(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	return c.end(w, r, by, c.Desk.AllClear)
}

// end is a cancel or an all-clear.
func (c *Console) end(w http.ResponseWriter, r *http.Request, by alerting.Actor, how func(context.Context, alerting.AlertID, desk.Order) (desk.Answer, error)) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		c.refuse(w, r, err)
		return nil
	}
	var body cancelNote
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(c.MaxBytes)))
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &body)
	}
	if err != nil {
		c.refuse(w, r, fmt.Errorf("%w: body: want {\"note\": \"…\", \"words\": […]}: %w", alerting.ErrInvalid, err))
		return nil
	}
	a, err := how(r.Context(), id, desk.Order{Actor: by, Note: body.Note, Words: body.Words})
	c.answer(w, r, a, err)
	return nil
}

// Endings are what the messages would say that end an alert, when nobody gives them other words.
type Endings struct {
	Cancel   []alerting.Words `json:"cancel"`
	AllClear []alerting.Words `json:"all_clear"`
}

// endings shows what a cancel and an all-clear would say; nothing is issued.
func (c *Console) endings(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		return err
	}
	var out Endings
	if out.Cancel, err = c.Desk.Ending(r.Context(), id, false); err == nil {
		out.AllClear, err = c.Desk.Ending(r.Context(), id, true)
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}
