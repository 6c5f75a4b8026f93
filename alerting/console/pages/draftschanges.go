package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
)

// draftsChangeRoutes are administrative acts that wait for a second signature.
func (p *Pages) draftsChangeRoutes() []route {
	return []route{
		{pattern: "GET /office/changes", answer: changeList},
		{pattern: "GET /office/changes/{id}", answer: changePage},
		{pattern: "POST /office/changes/{id}/sign", answer: signChange},
		{pattern: "POST /office/changes/{id}/withdraw", answer: withdrawChange},
		{pattern: "GET /office/changes/{id}/body", answer: changeBody},
	}
}

func changeStates() []desk.ChangeState {
	return []desk.ChangeState{desk.ChangeOpen, desk.ChangeApplied, desk.ChangeWithdrawn, desk.ChangeLapsed, desk.ChangeOvertaken}
}

// changeQueue is the page of changes: those that wait, unless another state was asked for.
type changeQueue struct {
	All   []desk.Proposed
	State *Field
	Next  string
}

func changeList(q *request) error {
	data := &changeQueue{State: &Field{Name: "state", Label: q.T("drafts.state"), Type: "select", Value: q.form("state")}}
	for _, s := range changeStates() {
		data.State.Options = append(data.State.Options, Option{Value: string(s), Label: q.T("drafts.change." + string(s))})
	}
	if !slices.Contains(changeStates(), desk.ChangeState(data.State.Value)) {
		data.State.Value = string(desk.ChangeOpen)
	}
	query := url.Values{"limit": {strconv.Itoa(queueLength)}, "state": {data.State.Value}}
	if after := q.form("after"); after != "" {
		query.Set("after", after)
	}
	header, err := q.ask(call{method: http.MethodGet, path: "/api/changes?" + query.Encode()}, &data.All)
	if err != nil {
		return err
	}
	data.Next = q.further(header)
	return q.show("drafts/changes", q.T("drafts.changes"), data)
}

// change is one of them, with the forms that sign it or end it.
type change struct {
	desk.Proposed
	// Signed: whoever looks has signed it. First: nobody has, not even whoever proposed it.
	Signed, First bool
	Signing       *signing
	Reason        *Field
	Refused       *refusal
}

// Open reports whether it can still be signed.
func (c *change) Open() bool { return c.State == desk.ChangeOpen }

func changePath(id string) string { return "/api/changes/" + url.PathEscape(id) }

func changePage(q *request) error { return q.showChange(http.StatusOK, nil) }

func (q *request) showChange(status int, refused *refusal) error {
	c := &change{Refused: refused, Reason: &Field{Name: "reason", Label: q.T("drafts.reason"), Type: "textarea", Rows: 2, Max: 1000, Required: true, Value: q.form("reason")}}
	if err := q.get(changePath(q.r.PathValue("id")), &c.Proposed); err != nil {
		return err
	}
	c.First = len(c.By) == 0
	c.Signed = slices.ContainsFunc(c.By, func(a alerting.Approval) bool { return a.By == q.Me.Name })
	all, _, err := q.operators()
	if err != nil {
		return err
	}
	c.Signing, err = q.signingAs(all, func(by string, at time.Time) (approval.Statement, error) {
		return approval.OverChange(c.Change, by, at)
	})
	if err != nil {
		return err
	}
	return q.showAs(status, "drafts/change", q.T("drafts.change.title", q.ChangeName(c.Kind)), c)
}

// changeWords is where the catalogue has names for kinds of changes.
const changeWords = "drafts.kind"

// ChangeName is what a kind of change is called; its own name where the catalogue has none.
func (q *request) ChangeName(kind string) string {
	if key := changeWords + "." + kind; q.p.words.has(key) {
		return q.T(key)
	}
	return kind
}

// signChange puts the signature of whoever looks on a change: on the very body whose digest his form names.
func signChange(q *request) error {
	id := q.r.PathValue("id")
	var after desk.Proposed
	a, ok, err := q.assertion(approval.Change)
	switch {
	case err != nil:
	case ok:
		err = q.post(changePath(id)+"/sign", map[string]any{"approval": a}, &after)
	default:
		err = q.post(changePath(id)+"/sign-with-password", map[string]string{"operator": q.Me.Name, "password": q.r.PostFormValue("password"), "sha256": q.form("sha256")}, &after)
	}
	if err != nil {
		return q.orAgain(err, q.T("drafts.unsigned"), q.showChange)
	}
	done := "drafts.signed"
	if after.State == desk.ChangeApplied {
		done = "drafts.change.applied"
	}
	return q.goTo("/office/changes/"+url.PathEscape(id), done)
}

func withdrawChange(q *request) error {
	id := q.r.PathValue("id")
	if q.form("reason") == "" {
		return q.showChange(http.StatusBadRequest, &refusal{Title: q.T("drafts.unended"), What: q.T("drafts.reason.missing")})
	}
	if err := q.post(changePath(id)+"/withdraw", map[string]string{"reason": q.form("reason")}, nil); err != nil {
		return q.orAgain(err, q.T("drafts.unended"), q.showChange)
	}
	return q.goTo("/office/changes/"+url.PathEscape(id), "drafts.change.withdrawn")
}

// changeBody gives what a change carries, byte for byte, to be looked at before it is signed.
func changeBody(q *request) error {
	var body []byte
	header, err := q.ask(call{method: http.MethodGet, path: changePath(q.r.PathValue("id")) + "/body"}, &body)
	if err != nil {
		return err
	}
	for _, name := range []string{"Content-Type", "Content-Disposition"} {
		q.w.Header().Set(name, header.Get(name))
	}
	_, _ = q.w.Write(body) // the reader may be gone
	return nil
}
