package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/desk"
)

// Changes are administrative acts that two people must sign.
type Changes interface {
	Propose(ctx context.Context, by alerting.Actor, kind string, body []byte, reason string) (desk.Proposed, error)
	SignChange(ctx context.Context, by alerting.Actor, id string, a alerting.Approval) (desk.Proposed, error)
	SignChangeWithPassword(ctx context.Context, by alerting.Actor, id, digest, operator, password string) (desk.Proposed, error)
	WithdrawChange(ctx context.Context, by alerting.Actor, id, reason string) (desk.Proposed, error)
	ChangeAt(ctx context.Context, id string, withBody bool) (desk.Proposed, error)
	Changes(ctx context.Context, q desk.ChangeQuery) (all []desk.Proposed, last alerting.Place, err error)
}

// changeRoutes propose and sign what could send or silence.
func (c *Console) changeRoutes() []route {
	return []route{
		{"POST /api/changes", MayEnrol, c.proposeChange, "Propose an administrative act; where nobody must approve, or it takes one person, it is made at once", proposal{}, desk.Proposed{}, 201},
		{"GET /api/changes", MayRead, c.inTurn(c.changes), "Administrative acts and who has signed them, the latest first; ?state= picks", nil, []desk.Proposed{}, 200},
		{"GET /api/changes/{id}", MayRead, c.inTurn(c.changeAt), "One of them, without its body", nil, desk.Proposed{}, 200},
		{"GET /api/changes/{id}/body", MayEnrol, c.inTurn(c.changeBody), "What it carries, byte for byte", nil, anyMedia, 200},
		{"POST /api/changes/{id}/sign", MayEnrol, c.signChange, "Put an operator's signature on a change; with the second it is made", changeAct{}, desk.Proposed{}, 200},
		{"POST /api/changes/{id}/sign-with-password", MayEnrol, c.signChangeWithPassword, "The same with the key under a password", changePassword{}, desk.Proposed{}, 200},
		{"POST /api/changes/{id}/withdraw", MayEnrol, c.withdrawChange, "End a change that was not made", because{}, desk.Proposed{}, 200},
	}
}

// proposal is the body of a new change. Body is what the kind takes: a JSON object, or a text with a file.
type proposal struct {
	Kind   string          `json:"kind"`
	Body   json.RawMessage `json:"body"`
	Reason string          `json:"reason,omitempty"`
}

// maxProposal bounds a proposal, in bytes: its body may be a file in a text.
const maxProposal = 20 << 20

func (c *Console) proposeChange(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var p proposal
	if err := readJSONUpTo(w, r, maxProposal, &p); err != nil {
		return err
	}
	body := []byte(p.Body)
	if bytes.HasPrefix(body, []byte{'"'}) {
		var text string
		if err := json.Unmarshal(body, &text); err != nil {
			return fmt.Errorf("%w: body: %w", alerting.ErrInvalid, err)
		}
		body = []byte(text)
	}
	made, err := c.Changes.Propose(r.Context(), by, p.Kind, body, p.Reason)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/changes/"+made.ID)
	writeJSON(w, http.StatusCreated, made)
	return nil
}

func (c *Console) changes(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	page, err := c.pageOf(r, "changes")
	if err != nil {
		return err
	}
	q := desk.ChangeQuery{After: page.place(), Limit: page.limit}
	for _, s := range r.URL.Query()["state"] {
		q.States = append(q.States, desk.ChangeState(s))
	}
	all, last, err := c.Changes.Changes(r.Context(), q)
	if err != nil {
		return err
	}
	page.next(w, r, len(all), last.MS, last.ID)
	writeJSON(w, http.StatusOK, all)
	return nil
}

func (c *Console) changeAt(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	p, err := c.Changes.ChangeAt(r.Context(), r.PathValue("id"), false)
	return orJSON(w, p, err)
}

// changeBody gives what a change carries. It may name how sirens are reached: whoever may only read does not see it.
func (c *Console) changeBody(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	p, err := c.Changes.ChangeAt(r.Context(), r.PathValue("id"), true)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "change-"+p.ID))
	_, _ = w.Write(p.Body)
	return nil
}

// changeAct is the body of a signature on a change.
type changeAct struct {
	Approval alerting.Approval `json:"approval"`
}

func (c *Console) signChange(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var act changeAct
	if err := readJSON(w, r, &act); err != nil {
		return err
	}
	p, err := c.Changes.SignChange(r.Context(), by, r.PathValue("id"), act.Approval)
	return orJSON(w, p, err)
}

// changePassword is the body of a signature with a password; SHA256 is that of the body which the operator was shown.
type changePassword struct {
	Operator string `json:"operator"`
	Password string `json:"password"`
	SHA256   string `json:"sha256"`
}

func (c *Console) signChangeWithPassword(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var typed changePassword
	if err := readJSON(w, r, &typed); err != nil {
		return err
	}
	p, err := c.Changes.SignChangeWithPassword(r.Context(), by, r.PathValue("id"), typed.SHA256, typed.Operator, typed.Password)
	return orJSON(w, p, err)
}

func (c *Console) withdrawChange(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var body because
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	p, err := c.Changes.WithdrawChange(r.Context(), by, r.PathValue("id"), body.Reason)
	return orJSON(w, p, err)
}

func orJSON(w http.ResponseWriter, v any, err error) error {
	if err == nil {
		writeJSON(w, http.StatusOK, v)
	}
	return err
}

// ProposeImport reads the whole of a file and makes a change of it; the result is what the import would come to.
type ProposeImport func(ctx context.Context, by alerting.Actor, file []byte) (audience.Result, desk.Proposed, error)

// maxProposedImport bounds a file that becomes a change, in bytes; the desk says what is too much.
const maxProposedImport = 16 << 20

// importsSirens imports at once, or where two people must agree makes a change of the file.
func (c *Console) importsSirens(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	if c.ProposeSirens == nil {
		return c.imports("sirens", c.Sirens)(w, r, by)
	}
	file, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxProposedImport))
	if err != nil {
		return alerting.Refuse(alerting.ErrInvalid, "upload.cut", "the file ends early, or is larger than %d bytes: import it in parts", maxProposedImport)
	}
	result, p, err := c.ProposeSirens(r.Context(), by, file)
	if err != nil {
		return err
	}
	end := ImportLine{Result: &result, Change: &p}
	id := c.importings.begin("sirens", by, r.ContentLength)
	c.importings.says(id, end)
	w.Header().Set("Location", "/api/imports/"+id)
	w.Header().Set("Content-Type", string(linesMedia))
	return json.NewEncoder(w).Encode(end)
}
