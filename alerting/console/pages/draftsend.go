package pages

import (
	"net/http"
	"slices"

	"tocsin/alerting/desk"
)

// draftEnd is the form in which somebody gives a draft back, ends it or takes it back, and says why.
type draftEnd struct {
	*draft
	Act     string
	Reason  *Field
	Refused *refusal
	// Can: the draft is in a state, and whoever looks has the right.
	Can bool
}

// endAct is an act that needs a reason: the right that it takes, the states that it starts from, and what is said when it is done.
type endAct struct {
	right string
	from  []desk.DraftState
	done  string
}

func endActs() map[string]endAct {
	return map[string]endAct{
		"return":   {"approve", []desk.DraftState{desk.Submitted}, "drafts.end.return"},
		"reject":   {"approve", []desk.DraftState{desk.Submitted}, "drafts.end.reject"},
		"withdraw": {"issue", []desk.DraftState{desk.Drafted, desk.Submitted, desk.Returned, desk.Approved}, "drafts.end.withdraw"},
	}
}

func endPage(q *request) error {
	if _, ok := endActs()[q.r.PathValue("act")]; !ok {
		return nowhere(q)
	}
	d, err := q.draftAt()
	if err != nil {
		return err
	}
	return q.showEnding(http.StatusOK, d, nil, "")
}

func (q *request) showEnding(status int, d *draft, refused *refusal, wrong string) error {
	act := q.r.PathValue("act")
	e := &draftEnd{draft: d, Act: act, Refused: refused, Can: d.may(q, act),
		Reason: &Field{Name: "reason", Label: q.T("drafts.reason"), Hint: q.T("drafts.end.hint." + act), Type: "textarea", Rows: 3, Max: 1000, Required: true,
			Value: q.form("reason"), Autofocus: true}}
	if wrong != "" {
		e.Reason.Said = wrongIn(wrong)
	}
	return q.showAs(status, "drafts/end", q.T("drafts.end.title."+act, d.heading(q)), e)
}

// may reports whether an act with a reason is worth offering.
func (d *draft) may(q *request, act string) bool {
	e, ok := endActs()[act]
	return ok && q.May(e.right) && slices.Contains(e.from, d.State)
}

// MayEnd is may for templates.
func (q *request) MayEnd(d *draft, act string) bool { return d.may(q, act) }

func endDraft(q *request) error {
	id, act := q.r.PathValue("id"), q.r.PathValue("act")
	if _, ok := endActs()[act]; !ok {
		return nowhere(q)
	}
	version, err := q.version()
	if err != nil {
		return err
	}
	wrong := ""
	if q.form("reason") == "" {
		wrong = q.T("drafts.reason.missing")
	} else if err = q.post(q.api("drafts", id, act), map[string]any{"version": version, "reason": q.form("reason")}, nil); err == nil {
		return q.goTo(q.At("drafts", id), endActs()[act].done)
	}
	d, read := q.draftAt()
	switch {
	case read != nil && err != nil:
		return err
	case read != nil:
		return read
	case wrong != "":
		return q.showEnding(http.StatusBadRequest, d, nil, wrong)
	}
	refused, status, err := q.refused(err, q.T("drafts.unended"), d)
	if err != nil {
		return err
	}
	return q.showEnding(status, d, refused, "")
}

// DraftEnds are the acts that need a reason, in the order in which they are offered.
func (q *request) DraftEnds() []string { return []string{"return", "reject", "withdraw"} }
