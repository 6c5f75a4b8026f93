package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"tocsin/alerting/inbox"
	"tocsin/cap"
)

// draftsLetterRoutes are what partners sent: what is in quarantine becomes a draft, or ends.
func (p *Pages) draftsLetterRoutes() []route {
	return []route{
		{pattern: "GET /inbox", answer: partnerLetters},
		{pattern: "GET /inbox/{id}", answer: partnerLetter},
		{pattern: "POST /inbox/{id}", answer: turnLetter},
	}
}

// partnerQueue is the page of what came in.
type partnerQueue struct {
	All []inbox.Letter
	// State filters; None: this office takes nothing in.
	State *Field
	None  bool
	Next  string
}

func partnerLetters(q *request) error {
	data := &partnerQueue{State: &Field{Name: "state", Label: q.T("drafts.state"), Type: "select", Value: q.form("state"), Options: []Option{{Value: "", Label: q.T("drafts.letter.all")}}}}
	query := url.Values{"limit": {strconv.Itoa(queueLength)}}
	for _, s := range inbox.States() {
		data.State.Options = append(data.State.Options, Option{Value: string(s), Label: q.T("drafts.letter." + string(s))})
	}
	if slices.Contains(inbox.States(), inbox.State(data.State.Value)) {
		query.Set("state", data.State.Value)
	}
	if after := q.form("after"); after != "" {
		query.Set("after", after)
	}
	header, err := q.ask(call{method: http.MethodGet, path: "/api/inbox?" + query.Encode()}, &data.All)
	if problem := (*Problem)(nil); errors.As(err, &problem) && problem.Status == http.StatusNotFound {
		data.None, err = true, nil
	}
	if err != nil {
		return err
	}
	data.Next = q.further(header)
	return q.show("drafts/letters", q.T("drafts.letters"), data)
}

// letter is one of them, with the form that turns it.
type letter struct {
	inbox.Letter
	Alert    *cap.Alert
	Previews *previews
	Reason   *Field
	Refused  *refusal
	// World is the first part of its draft's address; empty when it has none.
	World string
}

// Quarantined reports whether a person must decide.
func (l *letter) Quarantined() bool { return l.State == inbox.Quarantined }

func partnerLetter(q *request) error { return q.showPartnerLetter(http.StatusOK, nil) }

func (q *request) showPartnerLetter(status int, refused *refusal) error {
	l := &letter{Refused: refused, Reason: &Field{Name: "reason", Label: q.T("drafts.reason"), Hint: q.T("drafts.letter.hint"), Type: "textarea", Rows: 3, Max: 1000,
		Required: true, Value: q.form("reason")}}
	if err := q.get("/api/inbox/"+url.PathEscape(q.r.PathValue("id")), &l.Letter); err != nil {
		return err
	}
	if refused != nil && l.Reason.Value == "" {
		l.Reason.Said = wrongIn(q.T("drafts.reason.missing"))
	}
	l.Alert, _ = cap.Read(l.Document, cap.Options{MaxBytes: max(len(l.Document), 1)})
	if l.Alert != nil {
		l.World = worldOfStatus(l.Alert.Status)
	}
	title := l.Title
	if title == "" {
		title = l.ID
	}
	return q.showAs(status, "drafts/letter", q.T("drafts.letter.title", l.Source, title), l)
}

// worldOfStatus is the first part of the address of what has a status; empty for none.
func worldOfStatus(s cap.Status) string {
	switch s {
	case cap.StatusActual:
		return "actual"
	case cap.StatusExercise:
		return "exercise"
	case cap.StatusTest:
		return "test"
	}
	return ""
}

// turnLetter takes a letter out of quarantine, as a draft, or ends it.
func turnLetter(q *request) error {
	id, act := q.r.PathValue("id"), q.form("act")
	if q.form("reason") == "" || act != "release" && act != "drop" {
		return q.showPartnerLetter(http.StatusBadRequest, &refusal{Title: q.T("drafts.unended")})
	}
	var after inbox.Letter
	if err := q.post("/api/inbox/"+url.PathEscape(id)+"/"+act, map[string]string{"reason": q.form("reason")}, &after); err != nil {
		return q.orAgain(err, q.T("drafts.unended"), q.showPartnerLetter)
	}
	done := "drafts.letter.dropped"
	if act == "release" {
		done = "drafts.letter.released"
	}
	return q.goTo("/inbox/"+url.PathEscape(id), done)
}
