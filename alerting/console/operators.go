package console

import (
	"context"
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// Operators are those who may sign.
type Operators interface {
	Operators(ctx context.Context) ([]approval.Enrolled, error)
	Enrol(ctx context.Context, by alerting.Actor, e alerting.Enrolment) error
	Revoke(ctx context.Context, by alerting.Actor, v alerting.Revocation) error
}

// Operator is a key as the API shows it.
type Operator struct {
	Name    string           `json:"name"`
	KeyID   string           `json:"key_id"`
	Kind    approval.Kind    `json:"kind"`
	Rights  []approval.Right `json:"rights"`
	Founder bool             `json:"founder,omitempty"`
}

func (c *Console) operators(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	all, err := c.Operators.Operators(r.Context())
	if err != nil {
		return err
	}
	out := make([]Operator, 0, len(all))
	for _, e := range all {
		out = append(out, Operator{e.Operator, e.Key.ID(), e.Key.Kind, e.Rights, e.Founder()})
	}
	some, err := pageList(c, w, r, "operators", out, func(o *Operator) string { return o.KeyID })
	return orJSON(w, some, err)
}

// enrol makes a key known.
func (c *Console) enrol(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var e alerting.Enrolment
	if err := readJSON(w, r, &e); err != nil {
		return err
	}
	if err := c.Operators.Enrol(r.Context(), by, e); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *Console) revoke(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var v alerting.Revocation
	if err := readJSON(w, r, &v); err != nil {
		return err
	}
	if err := c.Operators.Revoke(r.Context(), by, v); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
