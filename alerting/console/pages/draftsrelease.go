package pages

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
)

// draftsReleaseRoutes are for sending before a second person has signed, under a standing authorisation.
func (p *Pages) draftsReleaseRoutes() []route {
	return []route{
		{pattern: "GET /{world}/drafts/{id}/release-first", answer: releasePage},
		{pattern: "POST /{world}/drafts/{id}/release-first", answer: releaseFirst},
	}
}

// releasing is the form in which an author sends at once, and a second person signs afterwards.
type releasing struct {
	*draft
	// Under is the authorisation that was chosen, one of Choices.
	Under        *desk.StandingOrder
	Choices      []desk.StandingOrder
	Confirmation *desk.Confirmation
	Unclear      string
	// Due is by when somebody must countersign, if it is sent now.
	Due time.Time
	// SignFirst: a passkey signs one thing at a time, and the author's signature is not there yet.
	SignFirst bool
	Signing   *signing
	Refused   *refusal
}

// Can reports whether whoever looks may send it now.
func (r *releasing) Can() bool { return r.Waits() && r.Wrote && r.Approvals && r.Under != nil }

// Beyond reports whether it reaches more than the authorisation says. Whether it may go is decided when it is sent.
func (r *releasing) Beyond() bool {
	return r.Counted.People > r.Under.Bounds.People || r.Counted.Sirens > r.Under.Bounds.Sirens
}

// standingsOf are the authorisations under which whoever looks may send first.
func (q *request) standingsOf() ([]desk.StandingOrder, error) {
	var all []desk.StandingOrder
	if err := q.get("/api/standings", &all); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(s desk.StandingOrder) bool {
		return s.Kind != approval.Countersigned || s.Useless != "" || !slices.Contains(s.Operators, q.Me.Name)
	}), nil
}

// MayRelease reports whether a draft could be sent first by whoever looks; what lies within an authorisation is asked when it is sent.
func (q *request) MayRelease(d *draft) bool {
	if !d.Waits() || !d.Wrote || !d.Approvals || !q.May("issue") {
		return false
	}
	all, err := q.standingsOf()
	return err == nil && len(all) > 0 // what cannot be asked is not offered
}

func releasePage(q *request) error {
	d, err := q.draftAt()
	if err != nil {
		return err
	}
	return q.showReleasing(http.StatusOK, d, nil)
}

func (q *request) showReleasing(status int, d *draft, refused *refusal) error {
	r := &releasing{draft: d, Refused: refused}
	var err error
	if d.Approvals {
		if r.Choices, err = q.standingsOf(); err != nil {
			return err
		}
	}
	chosen := slices.IndexFunc(r.Choices, func(s desk.StandingOrder) bool { return s.ID == q.form("standing") })
	if len(r.Choices) > 0 {
		r.Under = &r.Choices[max(chosen, 0)]
		r.Due = q.p.Now().Add(time.Duration(r.Under.CountersignWithin) * time.Minute)
	}
	if r.Can() {
		if err := r.ask(q); err != nil {
			return err
		}
	}
	return q.showAs(status, "drafts/release", q.T("drafts.solo.title", d.heading(q)), r)
}

// ask fetches what is confirmed, and makes the part in which the author signs.
func (r *releasing) ask(q *request) error {
	var err error
	if r.Confirmation, r.Unclear, err = q.confirmationOf(r.draft); err != nil || r.Confirmation == nil {
		return err
	}
	if r.Signing, err = q.signingAs(r.keys, r.overRelease()); err != nil {
		return err
	}
	if r.Signing.Passkey != nil && r.authored() == nil {
		r.Signing.Passkey, r.SignFirst = nil, true
	}
	return nil
}

// overRelease makes the statement that this goes out now, under the authorisation that was chosen.
func (r *releasing) overRelease() func(by string, at time.Time) (approval.Statement, error) {
	e := &alerting.Envelope{World: r.World, Document: r.Document, Channels: r.Channels, Audience: r.Audience, Author: r.Author.Name, Counted: r.Counted, Window: r.Window,
		Standing: &r.Under.StandingOrder}
	return func(by string, at time.Time) (approval.Statement, error) {
		return approval.Over(e, approval.Release, by, at)
	}
}

// authored is the author's signature on the draft; nil while there is none.
func (d *draft) authored() *alerting.Approval {
	for i, a := range d.Signatures {
		if a.Act == string(approval.Author) && a.By == d.Author.Name {
			return &d.Signatures[i]
		}
	}
	return nil
}

// confirmationOf is what is confirmed of a draft, in words; unclear says why it cannot be made.
func (q *request) confirmationOf(d *draft) (c *desk.Confirmation, unclear string, err error) {
	c = &desk.Confirmation{}
	err = q.get(q.api("drafts", d.ID, "confirmation")+"?lang="+url.QueryEscape(q.Lang), c)
	if problem := asProblem(err); problem != nil {
		return nil, problem.Error() + " " + problem.Findings.Error(), nil
	}
	return c, "", err
}

// releaseFirst sends a draft with the signature of its author alone.
func releaseFirst(q *request) error {
	d, err := q.draftAt()
	if err != nil {
		return err
	}
	version, err := q.version()
	if err != nil {
		return err
	}
	path, standing := q.api("drafts", d.ID, "release-under"), q.form("standing")
	var after desk.Draft
	a, ok, err := q.assertion(approval.Release)
	switch {
	case err != nil:
	case ok && d.authored() != nil:
		err = q.post(path, map[string]any{"version": version, "standing": standing, "signed": []alerting.Approval{*d.authored(), a}}, &after)
	default:
		err = q.post(path+"-with-password", map[string]any{"version": version, "standing": standing, "operator": q.Me.Name, "password": q.r.PostFormValue("password")}, &after)
	}
	if err == nil {
		return q.goTo(q.At("drafts", d.ID), "drafts.solo")
	}
	refused, status, err := q.refused(err, q.T("drafts.solo.unsent"), d)
	if err != nil {
		return err
	}
	return q.showReleasing(status, d, refused)
}
