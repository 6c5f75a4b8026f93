package console

import (
	"context"
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
)

// Passwords are the keys that the office keeps under the passwords of operators.
type Passwords interface {
	MakePasswordKey(ctx context.Context, by alerting.Actor, operator, password string) (approval.Key, error)
	SignWithPassword(ctx context.Context, id string, version int64, by alerting.Actor, p desk.PasswordSignature) (desk.Draft, error)
	ChangePassword(ctx context.Context, by alerting.Actor, operator, password, next string) error
	ReleaseUnderWithPassword(ctx context.Context, id string, version int64, by alerting.Actor, standing string, p desk.PasswordSignature) (desk.Draft, error)
	CountersignWithPassword(ctx context.Context, id alerting.AlertID, by alerting.Actor, p desk.PasswordSignature) error
}

// PasswordKey is a new key, as an enrolment names it.
type PasswordKey struct {
	Key   string `json:"key"`
	KeyID string `json:"key_id"`
}

// typed is the body of a request with a password; each handler wants some of it.
type typed struct {
	Version  int64        `json:"version"`
	Operator string       `json:"operator"`
	Password string       `json:"password"`
	Act      approval.Act `json:"act"`
	Old      string       `json:"old"`
	New      string       `json:"new"`
	// Standing is the authorisation under which a draft is released first.
	Standing string `json:"standing"`
	// Place and challenge come with an approval where the confirmation asks for the place.
	desk.Pick
}

// readTyped reads a body. What is wrong with it is not repeated: a password may stand in the wrong place.
func readTyped(w http.ResponseWriter, r *http.Request, fields string) (typed, error) {
	var t typed
	if err := readJSON(w, r, &t); err != nil {
		return typed{}, alerting.Refuse(alerting.ErrInvalid, "request.fields", "body: want one JSON object with %s, of at most %d bytes", fields, maxAct)
	}
	return t, nil
}

func (c *Console) makePasswordKey(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	t, err := readTyped(w, r, "operator and password")
	if err != nil {
		return err
	}
	key, err := c.Passwords.MakePasswordKey(r.Context(), by, t.Operator, t.Password)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, PasswordKey{key.String(), key.ID()})
	return nil
}

func (c *Console) changePassword(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	t, err := readTyped(w, r, "operator, old and new")
	if err != nil {
		return err
	}
	if err := c.Passwords.ChangePassword(r.Context(), by, t.Operator, t.Old, t.New); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *Console) signWithPassword(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	t, err := readTyped(w, r, "version, operator, password and act")
	if err != nil {
		return err
	}
	if err := c.maySign(r.Context(), by, string(t.Act)); err != nil {
		return err
	}
	d, err := c.Passwords.SignWithPassword(r.Context(), r.PathValue("id"), t.Version, by,
		desk.PasswordSignature{Operator: t.Operator, Password: t.Password, Act: t.Act, Pick: t.Pick})
	if err != nil {
		return err
	}
	return writeDraft(w, r, http.StatusOK, d)
}

func (c *Console) releaseWithPassword(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	t, err := readTyped(w, r, "version, standing, operator and password")
	if err != nil {
		return err
	}
	d, err := c.Passwords.ReleaseUnderWithPassword(r.Context(), r.PathValue("id"), t.Version, by, t.Standing,
		desk.PasswordSignature{Operator: t.Operator, Password: t.Password})
	if err != nil {
		return err
	}
	return writeDraft(w, r, http.StatusOK, d)
}

func (c *Console) countersignWithPassword(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	t, err := readTyped(w, r, "operator and password")
	if err != nil {
		return err
	}
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err == nil {
		err = c.Passwords.CountersignWithPassword(r.Context(), id, by, desk.PasswordSignature{Operator: t.Operator, Password: t.Password, Pick: t.Pick})
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
