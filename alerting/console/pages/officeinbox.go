package pages

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"

	"tocsin/alerting/inbox"
)

func (p *Pages) officeInboxRoutes() []route {
	return []route{
		{pattern: "GET /office/inbox", answer: inboxPage},
		{pattern: "GET /office/inbox/{id}", answer: inboxLetterPage},
		{pattern: "POST /office/inbox/{id}/release", answer: turnInboxLetter("release", "office.release")},
		{pattern: "POST /office/inbox/{id}/drop", answer: turnInboxLetter("drop", "office.drop")},
	}
}

func inboxPage(q *request) error {
	l, err := listOf[inbox.Letter](q, "/api/inbox", "state")
	if problem := (*Problem)(nil); errors.As(err, &problem) && problem.Status == http.StatusNotFound {
		l, err = &list[inbox.Letter]{Problem: problem.Detail}, nil // no source is configured
	}
	if err != nil {
		return err
	}
	state := q.filter("state", q.T("office.state"))
	state.Type, state.Options = "select", []Option{{Label: q.T("office.all")}}
	for _, s := range []inbox.State{inbox.Quarantined, inbox.Submitted, inbox.Released, inbox.Dropped} {
		state.Options = append(state.Options, Option{Value: string(s), Label: q.T("office.letter." + string(s))})
	}
	l.Filters = []*Field{state}
	return q.show("office/inbox", q.T("office.inbox"), l)
}

// inboxLetterForm is one letter, with the forms that end its quarantine.
type inboxLetterForm struct {
	inbox.Letter
	Text             string
	ReasonR, ReasonD *Field
	Problem          string
}

// Waits reports whether it is in quarantine.
func (f *inboxLetterForm) Waits() bool { return f.State == inbox.Quarantined }

func newInboxLetterForm(q *request) (*inboxLetterForm, error) {
	f := &inboxLetterForm{ReasonR: &Field{Name: "reason", Label: q.T("office.release.reason"), Required: true, Max: 500, Value: q.r.PostFormValue("reason")}}
	f.ReasonD = &Field{Name: "drop_reason", Label: q.T("office.drop.reason"), Required: true, Max: 500, Value: q.r.PostFormValue("drop_reason")}
	err := q.get("/api/inbox/"+url.PathEscape(q.r.PathValue("id")), &f.Letter)
	f.Text = string(f.Document)
	return f, err
}

func inboxLetterPage(q *request) error {
	f, err := newInboxLetterForm(q)
	if err != nil {
		return err
	}
	return q.show("office/letter", q.T("office.letter"), f)
}

// turnInboxLetter releases or drops a letter for a reason. A released one waits as a draft.
func turnInboxLetter(act, done string) func(q *request) error {
	return func(q *request) error {
		var l inbox.Letter
		err := q.post("/api/inbox/"+url.PathEscape(q.r.PathValue("id"))+"/"+act, map[string]string{"reason": cmp.Or(q.form("reason"), q.form("drop_reason"))}, &l)
		if problem := (*Problem)(nil); errors.As(err, &problem) && problem.Status != http.StatusNotFound {
			f, err := newInboxLetterForm(q)
			if err != nil {
				return err
			}
			f.Problem = problem.Detail
			return q.showAs(problem.Status, "office/letter", q.T("office.letter"), f)
		}
		if err != nil {
			return err
		}
		return q.goTo("/office/inbox/"+url.PathEscape(l.ID), done)
	}
}
