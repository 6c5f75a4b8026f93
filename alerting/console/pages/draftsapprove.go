package pages

import (
	"net/http"

	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
)

// approval of a draft: what is confirmed, and the form in which it is.
type approving struct {
	*draft
	// Confirmation is what is confirmed, in words; nil when it cannot be made, which Unclear explains.
	Confirmation *desk.Confirmation
	Unclear      string
	// Place asks for the place; nil where no rule wants that.
	Place   *Field
	Signing *signing
	Refused *refusal
}

// May reports whether whoever looks could sign it as somebody who approves.
func (a *approving) May() bool { return a.Waits() && !a.Wrote && !a.Signed && a.Approvals }

func approvePage(q *request) error {
	d, err := q.draftAt()
	if err != nil {
		return err
	}
	return q.showApproving(http.StatusOK, d, nil)
}

// showApproving shows the form; refused is why it comes back.
func (q *request) showApproving(status int, d *draft, refused *refusal) error {
	a := &approving{draft: d, Refused: refused}
	if a.May() {
		if err := a.ask(q); err != nil {
			return err
		}
	}
	return q.showAs(status, "drafts/approve", q.T("drafts.approve.title", d.heading(q)), a)
}

// ask fetches what is confirmed, and makes the fields of the form.
func (a *approving) ask(q *request) error {
	var err error
	if a.Confirmation, a.Unclear, err = q.confirmationOf(a.draft); err != nil || a.Confirmation == nil {
		return err
	}
	a.Place = placeField(a.Confirmation.Challenge)
	a.Signing, err = q.signingAs(a.keys, a.overDraft(approval.Approve))
	return err
}

// placeField asks for the place; nil where no rule wants that.
func placeField(ask *desk.Challenge) *Field {
	if ask == nil {
		return nil
	}
	f := &Field{Name: "place", Label: ask.Question, Required: true}
	if !ask.Typed {
		f.Type = "radio"
		for _, place := range ask.Places {
			f.Options = append(f.Options, Option{Value: place, Label: place})
		}
	}
	return f
}

func approveDraft(q *request) error {
	id := q.r.PathValue("id")
	after, err := q.signs(id, approval.Approve)
	if err == nil {
		return q.goTo(q.At("drafts", id), doneBy(&after))
	}
	d, read := q.draftAt()
	if read != nil {
		return err
	}
	refused, status, err := q.refused(err, q.T("drafts.unapproved"), d)
	if err != nil {
		return err
	}
	return q.showApproving(status, d, refused)
}

// doneBy names what the last signature came to.
func doneBy(after *desk.Draft) string {
	switch after.State {
	case desk.Released:
		return "drafts.released"
	case desk.Approved:
		return "drafts.approved"
	}
	return "drafts.signed"
}
