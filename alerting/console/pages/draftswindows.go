package pages

import (
	"errors"
	"net/http"

	"tocsin/alerting/desk"
)

// draftsWindowRoutes are the windows of public tests. They are of the world test alone.
func (p *Pages) draftsWindowRoutes() []route {
	return []route{{pattern: "GET /test/windows", answer: windowList}}
}

// windows is the page of public tests; None: this office holds none.
type windows struct {
	All  []desk.Window
	None bool
}

// windowList shows the windows. Two operators open one with their keys, at the command line.
func windowList(q *request) error {
	data := &windows{}
	err := q.get("/api/windows", &data.All)
	if problem := (*Problem)(nil); errors.As(err, &problem) && problem.Status == http.StatusConflict {
		data.None, err = true, nil
	}
	if err != nil {
		return err
	}
	return q.show("drafts/windows", q.T("drafts.windows"), data)
}
