package console

import (
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// confirmationRoutes say what somebody confirms who signs, and how the kinds of messages look.
func (c *Console) confirmationRoutes() []route {
	return []route{
		{"GET /api/drafts/{id}/confirmation", MayRead, c.inTurn(c.confirmation), "What is confirmed with a draft, in words; with the question for its place, where a rule wants that", nil, desk.Confirmation{}, 200},
		{"GET /api/worlds", MayRead, c.inTurn(c.worlds), "The kinds of messages with their names, colours and signs", nil, []desk.Kind{}, 200},
	}
}

// confirmation answers for whoever ?operator= names, or else for the caller.
func (c *Console) confirmation(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	query := r.URL.Query()
	operator := query.Get("operator")
	if operator == "" {
		operator = by.Name
	}
	out, err := c.Drafts.Confirmation(r.Context(), r.PathValue("id"), query.Get("lang"), operator)
	return orJSON(w, out, err)
}

func (c *Console) worlds(w http.ResponseWriter, _ *http.Request, _ alerting.Actor) error {
	writeJSON(w, http.StatusOK, desk.Kinds())
	return nil
}
