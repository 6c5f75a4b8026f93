package pages

import (
	"net/http"
	"time"

	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
)

// submitting is the form with which an author asks for approval.
type submitting struct {
	*draft
	When, At *Field
	// Nobody is there once it was refused for reaching nobody.
	Nobody  *Field
	Signing *signing
	Refused *refusal
	// Late: it was submitted, and only the author's signature is wanted.
	Late bool
}

func submitPage(q *request) error {
	d, err := q.draftAt()
	if err != nil {
		return err
	}
	return q.showSubmitting(http.StatusOK, d, nil, "")
}

func (q *request) showSubmitting(status int, d *draft, refused *refusal, wrongTime string) error {
	s := &submitting{draft: d, Refused: refused,
		When: &Field{Name: "when", Label: q.T("drafts.release"), Type: "radio", Value: q.form("when"), Required: true, Options: []Option{
			{Value: "now", Label: q.T("drafts.release.now")}, {Value: "later", Label: q.T("drafts.release.later")}}},
		At: &Field{Name: "at", Label: q.T("drafts.release.at"), Hint: q.T("drafts.release.hint", q.p.zone().String()), Type: "datetime-local", Value: q.form("at")}}
	if refused != nil && refused.Nobody {
		s.Nobody = &Field{Name: "nobody", Label: q.T("drafts.nobody"), Type: "checkboxes", Options: []Option{{Value: "true", Label: q.T("drafts.nobody.yes")}}}
	}
	if s.When.Value == "" {
		s.When.Value = "now"
	}
	if wrongTime != "" {
		s.At.Said = wrongIn(wrongTime)
	}
	if err := s.sign(q); err != nil {
		return err
	}
	return q.showAs(status, "drafts/submit", q.T("drafts.submit.title", d.heading(q)), s)
}

// sign makes the part in which the author signs. Whom it reaches is counted when it is submitted, so a passkey can only sign afterwards.
func (s *submitting) sign(q *request) error {
	if !s.Approvals || !s.Wrote {
		return nil
	}
	var err error
	if s.Signing, err = q.signingAs(s.keys, s.overDraft(approval.Author)); err == nil && s.Signing.Password != nil {
		s.Signing.Password.Required = s.Late && s.Signing.Passkey == nil
	}
	return err
}

func submitDraft(q *request) error {
	id := q.r.PathValue("id")
	release, wrong := q.releaseTime()
	version, err := q.version()
	if err != nil {
		return err
	}
	var after desk.Draft
	if wrong == "" {
		body := map[string]any{"version": version}
		if !release.IsZero() {
			body["release"] = release
		}
		if q.form("nobody") == "true" {
			body["nobody"] = true
		}
		err = q.post(q.api("drafts", id, "submit"), body, &after)
	}
	if err != nil || wrong != "" {
		return q.unsubmitted(err, wrong)
	}
	switch {
	case after.State != desk.Submitted:
		return q.goTo(q.At("drafts", id), doneBy(&after))
	case q.r.PostFormValue("password") != "":
		return signDraft(q)
	case q.form("then") == "sign":
		return q.goTo(q.At("drafts", id, "sign"), "drafts.submitted")
	}
	return q.goTo(q.At("drafts", id), "drafts.submitted")
}

// unsubmitted shows the form again.
func (q *request) unsubmitted(err error, wrong string) error {
	d, read := q.draftAt()
	switch {
	case read != nil && err != nil:
		return err
	case read != nil:
		return read
	case wrong != "":
		return q.showSubmitting(http.StatusBadRequest, d, &refusal{Title: q.T("drafts.unsubmitted")}, wrong)
	}
	refused, status, err := q.refused(err, q.T("drafts.unsubmitted"), d)
	if err != nil {
		return err
	}
	return q.showSubmitting(status, d, refused, "")
}

// releaseTime is when a form wants the release; zero for at once. Wrong says what is wrong with it.
func (q *request) releaseTime() (release time.Time, wrong string) {
	if q.form("when") != "later" {
		return time.Time{}, ""
	}
	at, err := time.ParseInLocation(localTime, q.form("at"), q.p.zone())
	switch {
	case err != nil:
		return at, q.T("drafts.release.unread")
	case !at.After(q.p.Now()):
		return at, q.T("drafts.release.past")
	}
	return at.UTC(), ""
}

// signPage is for an author who has submitted without his signature.
func signPage(q *request) error {
	d, err := q.draftAt()
	if err != nil {
		return err
	}
	return q.showLate(http.StatusOK, d, nil)
}

func (q *request) showLate(status int, d *draft, refused *refusal) error {
	s := &submitting{draft: d, Refused: refused, Late: true}
	if d.Waits() && !d.Signed {
		if err := s.sign(q); err != nil {
			return err
		}
	}
	return q.showAs(status, "drafts/sign", q.T("drafts.sign.title", d.heading(q)), s)
}

// signDraft puts the author's signature on what he has submitted.
func signDraft(q *request) error {
	id := q.r.PathValue("id")
	after, err := q.signs(id, approval.Author)
	if err == nil {
		return q.goTo(q.At("drafts", id), doneBy(&after))
	}
	d, read := q.draftAt()
	if read != nil {
		return err
	}
	refused, status, err := q.refused(err, q.T("drafts.unsigned"), d)
	if err != nil {
		return err
	}
	return q.showLate(status, d, refused)
}
