package console

import (
	"cmp"
	"context"
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// Standings are authorisations to send before two people have signed, and what went out under them.
type Standings interface {
	Standings(ctx context.Context) ([]desk.StandingOrder, error)
	Authorise(ctx context.Context, by alerting.Actor, s alerting.StandingOrder) (string, error)
	WithdrawStanding(ctx context.Context, by alerting.Actor, w alerting.Withdrawal) error
	ReleaseUnder(ctx context.Context, id string, version int64, by alerting.Actor, standing string, signed []alerting.Approval) (desk.Draft, error)
	Countersigns(ctx context.Context) ([]desk.Waiting, error)
	Countersignable(ctx context.Context, id alerting.AlertID, lang, operator string) (desk.Waiting, error)
	CountersignPicked(ctx context.Context, id alerting.AlertID, by alerting.Actor, a alerting.Approval, p desk.Pick) error
}

// standingRoutes are what goes out before two people have signed it. A token only opens the door: what counts is the signatures.
func (c *Console) standingRoutes() []route {
	return []route{
		{"GET /api/standings", MayRead, c.inTurn(c.standings), "Standing authorisations, and whether they count", nil, []desk.StandingOrder{}, 200},
		{"POST /api/standings", MayApprove, c.authorise, "Take in a standing authorisation that two administrators have signed", alerting.StandingOrder{}, authorised{}, 201},
		{"POST /api/standings/withdraw", MayCancel, c.withdrawStanding, "End a standing authorisation at once; takes one signature", alerting.Withdrawal{}, nil, 204},
		{"POST /api/drafts/{id}/release-under", MayIssue, c.releaseUnder, "Issue a submitted draft before a second person has signed it", releaseFirst{}, desk.Draft{}, 200},
		{"POST /api/drafts/{id}/release-under-with-password", MayIssue, c.releaseWithPassword, "The same with the key under its author's password", typed{}, desk.Draft{}, 200},
		{"POST /api/alerts/{id}/countersign-with-password", MayApprove, c.countersignWithPassword, "Put a second person's signature on an alert that went out first, with the key under a password", typed{}, nil, 204},
		{"GET /api/countersigns", MayRead, c.inTurn(c.countersigns), "Alerts that went out first, and that nobody has countersigned", nil, []desk.Waiting{}, 200},
		{"GET /api/alerts/{id}/countersign", MayRead, c.inTurn(c.countersignable), "What is signed by whoever countersigns an alert; with the question for its place, where a rule wants that", nil, desk.Waiting{}, 200},
		{"POST /api/alerts/{id}/countersign", MayApprove, c.countersign, "Put a second person's signature on an alert that went out first", countersignature{}, nil, 204},
	}
}

// authorised names a standing authorisation that was taken in.
type authorised struct {
	ID string `json:"id"`
}

// releaseFirst is the body of a release before the countersignature. Signed are the author's two signatures.
type releaseFirst struct {
	Version  int64               `json:"version"`
	Standing string              `json:"standing"`
	Signed   []alerting.Approval `json:"signed"`
}

// countersignature is a signature; place and challenge come with it where the confirmation asks for the place.
type countersignature struct {
	alerting.Approval
	desk.Pick
}

func (c *Console) standings(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	all, err := c.Standings.Standings(r.Context())
	if err == nil {
		writeJSON(w, http.StatusOK, all)
	}
	return err
}

func (c *Console) authorise(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var s alerting.StandingOrder
	if err := readJSON(w, r, &s); err != nil {
		return err
	}
	id, err := c.Standings.Authorise(r.Context(), by, s)
	if err == nil {
		writeJSON(w, http.StatusCreated, authorised{id})
	}
	return err
}

func (c *Console) withdrawStanding(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var v alerting.Withdrawal
	if err := readJSON(w, r, &v); err != nil {
		return err
	}
	if err := c.Standings.WithdrawStanding(r.Context(), by, v); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *Console) releaseUnder(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var f releaseFirst
	if err := readJSON(w, r, &f); err != nil {
		return err
	}
	d, err := c.Standings.ReleaseUnder(r.Context(), r.PathValue("id"), f.Version, by, f.Standing, f.Signed)
	if err != nil {
		return err
	}
	return writeDraft(w, r, http.StatusOK, d)
}

func (c *Console) countersigns(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	all, err := c.Standings.Countersigns(r.Context())
	if err == nil {
		writeJSON(w, http.StatusOK, all)
	}
	return err
}

// countersignable answers for whoever ?operator= names, or else for the caller.
func (c *Console) countersignable(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		return err
	}
	query := r.URL.Query()
	one, err := c.Standings.Countersignable(r.Context(), id, query.Get("lang"), cmp.Or(query.Get("operator"), by.Name))
	if err == nil {
		writeJSON(w, http.StatusOK, one)
	}
	return err
}

func (c *Console) countersign(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		return err
	}
	var s countersignature
	if err := readJSON(w, r, &s); err != nil {
		return err
	}
	if err := c.Standings.CountersignPicked(r.Context(), id, by, s.Approval, s.Pick); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
