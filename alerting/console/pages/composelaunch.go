package pages

import (
	"strconv"

	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
)

// mayLaunch says whether what a template makes may be submitted from its page: only where others must approve it. Elsewhere it would go out
// to the public, which is asked once more on a page of its own.
func (q *request) mayLaunch(page *filling) error {
	all, approvals, err := q.operators()
	page.Approvals = approvals
	if len(keysOf(all, q.Me.Name, approval.Password)) > 0 {
		page.Password = &Field{Name: "password", Label: q.T("drafts.password"), Hint: q.T("compose.launch.sign"), Type: "password", Autocomplete: "current-password"}
	}
	return err
}

// launch submits a draft that was just made, and signs it where the form brought a password. What is refused is told on the page on which
// drafts are submitted or signed: the draft is made.
func (q *request) launch(d *desk.Draft) error {
	_, approvals, err := q.operators()
	if err != nil {
		return err
	}
	if !approvals {
		return q.goTo(q.At("drafts", d.ID, "submit"), "compose.made")
	}
	q.r.SetPathValue("id", d.ID)
	q.r.Form.Set("version", strconv.FormatInt(d.Version, 10))
	return submitDraft(q)
}
