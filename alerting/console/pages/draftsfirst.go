package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/alerting/report"
)

// draftsFirstRoutes are for alerts that went out before a second person had signed them.
func (p *Pages) draftsFirstRoutes() []route {
	return []route{
		{pattern: "GET /{world}/alerts/{id}/countersign", answer: countersignPage},
		{pattern: "POST /{world}/alerts/{id}/countersign", answer: countersign},
	}
}

// after fills what went out before a second person had signed it, and what the fuse holds back.
func (d *queue) after(q *request) error {
	var all []desk.Waiting
	if err := q.get("/api/countersigns", &all); err != nil {
		return err
	}
	for i := range all {
		if string(all[i].World) == q.World {
			d.First = append(d.First, all[i])
		}
	}
	if !q.May("approve") {
		return nil
	}
	var latest []report.Listing
	if err := q.get(q.api("alerts")+"?limit="+strconv.Itoa(queueLength), &latest); err != nil {
		return err
	}
	for _, l := range latest {
		if l.State == "held" {
			d.Held = append(d.Held, l)
		}
	}
	return nil
}

// countersigning is the form in which a second person signs what went out under one signature.
type countersigning struct {
	desk.Waiting
	Wrote   bool
	Signing *signing
	// Place asks for the place; nil where no rule wants that.
	Place   *Field
	Refused *refusal
}

func countersignPage(q *request) error { return q.showCountersigning(http.StatusOK, nil) }

func (q *request) showCountersigning(status int, refused *refusal) error {
	c := &countersigning{Refused: refused}
	if err := q.get(q.api("alerts", q.r.PathValue("id"), "countersign")+"?lang="+url.QueryEscape(q.Lang), &c.Waiting); err != nil {
		return err
	}
	if c.Confirmation.Kind.ID == desk.KindPublicTest {
		q.kind = desk.KindPublicTest
	}
	c.Wrote, c.Place = c.Author == q.Me.Name, placeField(c.Confirmation.Challenge)
	all, _, err := q.operators()
	if err != nil {
		return err
	}
	e := &alerting.Envelope{World: c.World, Document: c.Document, Channels: c.Channels, Audience: c.Audience, Author: c.Author, Counted: c.Counted}
	c.Signing, err = q.signingAs(all, func(by string, at time.Time) (approval.Statement, error) {
		return approval.Over(e, approval.Approve, by, at)
	})
	if err != nil {
		return err
	}
	return q.showAs(status, "drafts/countersign", q.T("drafts.counter.title", c.Title), c)
}

func countersign(q *request) error {
	id := q.r.PathValue("id")
	place := desk.Pick{Place: q.form("place"), Challenge: q.form("challenge")}
	a, ok, err := q.assertion(approval.Approve)
	switch {
	case err != nil:
	case ok:
		err = q.post(q.api("alerts", id, "countersign"), struct {
			alerting.Approval
			desk.Pick
		}{a, place}, nil)
	default:
		err = q.post(q.api("alerts", id, "countersign-with-password"), map[string]string{"operator": q.Me.Name, "password": q.r.PostFormValue("password"),
			"place": place.Place, "challenge": place.Challenge}, nil)
	}
	if err == nil {
		return q.goTo(q.At("drafts"), "drafts.counter")
	}
	return q.orAgain(err, q.T("drafts.unsigned"), q.showCountersigning)
}

// orAgain shows a form again with why the API refused it; other errors are given back.
func (q *request) orAgain(err error, title string, show func(status int, r *refusal) error) error {
	var problem *Problem
	if !errors.As(err, &problem) || problem.Status == http.StatusInternalServerError {
		return err
	}
	return show(problem.Status, &refusal{Title: title, Detail: problem.Detail})
}
