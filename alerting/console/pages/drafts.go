package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
	"tocsin/alerting/report"
)

// draftsRoutes are the queue of what waits to be approved, and what is done with a draft.
func (p *Pages) draftsRoutes() []route {
	return slices.Concat(p.draftsFirstRoutes(), p.draftsReleaseRoutes(), p.draftsVersionRoutes(), p.draftsLetterRoutes(), p.draftsChangeRoutes(), []route{
		{pattern: "GET /{world}/drafts", answer: draftQueue},
		{pattern: "GET /{world}/drafts/{id}", answer: draftPage},
		{pattern: "GET /{world}/drafts/{id}/now", answer: draftNow},
		{pattern: "GET /{world}/drafts/{id}/document", answer: draftDocument},
		{pattern: "GET /{world}/drafts/{id}/submit", answer: submitPage},
		{pattern: "POST /{world}/drafts/{id}/submit", answer: submitDraft},
		{pattern: "GET /{world}/drafts/{id}/sign", answer: signPage},
		{pattern: "POST /{world}/drafts/{id}/sign", answer: signDraft},
		{pattern: "GET /{world}/drafts/{id}/approve", answer: approvePage},
		{pattern: "POST /{world}/drafts/{id}/approve", answer: approveDraft},
		{pattern: "GET /{world}/drafts/{id}/end/{act}", answer: endPage},
		{pattern: "POST /{world}/drafts/{id}/end/{act}", answer: endDraft},
	})
}

// The states in which somebody still has to do something, and those that are an end.
func openStates() []desk.DraftState {
	return []desk.DraftState{desk.Submitted, desk.Drafted, desk.Returned, desk.Approved}
}

func endStates() []desk.DraftState {
	return []desk.DraftState{desk.Released, desk.Rejected, desk.Withdrawn, desk.Lapsed}
}

// queueLength is how many drafts one part of the queue shows.
const queueLength = 20

// queue is the page of what waits: for whoever looks first, then his own, then everybody's.
type queue struct {
	// Waiting can be approved by whoever looks; More says that there are others behind them.
	Waiting, Mine, All []desk.Draft
	WaitingMore        bool
	// First went out under one signature, Held is what the fuse holds back, and Windows are public tests that wait for signatures.
	First   []desk.Waiting
	Held    []report.Listing
	Windows []desk.Window
	// Filtered: a filter or a later page was asked for, and the list alone is shown.
	Filtered      bool
	State, Author *Field
	// Next leads to the page behind this one; empty at the end.
	Next string
}

func draftQueue(q *request) error {
	data := &queue{State: q.stateField(), Author: &Field{Name: "author", Label: q.T("drafts.author"), Value: q.form("author")},
		Filtered: q.form("state") != "" || q.form("author") != "" || q.form("after") != ""}
	var err error
	if !data.Filtered {
		if err = errors.Join(data.own(q), data.after(q)); err != nil {
			return err
		}
		if q.World == string(alerting.Test) {
			if data.Windows, err = q.proposals(); err != nil {
				return err
			}
		}
	}
	states := openStates()
	if data.State.Value != "open" {
		states = []desk.DraftState{desk.DraftState(data.State.Value)}
	}
	var header http.Header
	if data.All, header, err = q.draftsIn(states, data.Author.Value, q.form("after")); err != nil {
		return err
	}
	data.Next = q.further(header)
	data.All = slices.DeleteFunc(data.All, data.shown)
	return q.show("drafts/queue", q.T("drafts.title"), data)
}

// shown reports whether a draft stands above the list already.
func (d *queue) shown(one desk.Draft) bool {
	same := func(other desk.Draft) bool { return other.ID == one.ID }
	return slices.ContainsFunc(d.Waiting, same) || slices.ContainsFunc(d.Mine, same)
}

// own fills what waits for whoever looks, and what he wrote.
func (d *queue) own(q *request) error {
	if q.May("approve") {
		all, header, err := q.draftsIn([]desk.DraftState{desk.Submitted}, "", "")
		if err != nil {
			return err
		}
		d.WaitingMore = nextOf(header) != ""
		for i := range all {
			if !q.wrote(&all[i]) && !q.signed(&all[i]) {
				d.Waiting = append(d.Waiting, all[i])
			}
		}
	}
	if !q.May("issue") {
		return nil
	}
	var err error
	d.Mine, _, err = q.draftsIn(openStates(), q.Me.Name, "")
	return err
}

func (q *request) stateField() *Field {
	f := &Field{Name: "state", Label: q.T("drafts.state"), Type: "select", Value: q.form("state"), Options: []Option{{Value: "open", Label: q.T("drafts.state.open")}}}
	known := false
	for _, s := range slices.Concat(openStates(), endStates()) {
		f.Options = append(f.Options, Option{Value: string(s), Label: q.T("drafts.state." + string(s))})
		known = known || f.Value == string(s)
	}
	if !known {
		f.Value = "open"
	}
	return f
}

// draftsIn asks for drafts in some states, of one author or of all, behind a place.
func (q *request) draftsIn(states []desk.DraftState, author, after string) (all []desk.Draft, header http.Header, err error) {
	query := url.Values{"limit": {strconv.Itoa(queueLength)}}
	for _, s := range states {
		query.Add("state", string(s))
	}
	if author != "" {
		query.Set("author", author)
	}
	if after != "" {
		query.Set("after", after)
	}
	header, err = q.ask(call{method: http.MethodGet, path: q.api("drafts") + "?" + query.Encode()}, &all)
	return all, header, err
}

// wrote reports whether whoever looks wrote the present version of a draft.
func (q *request) wrote(d *desk.Draft) bool { return d.Author.Name == q.Me.Name }

// signed reports whether whoever looks has signed the present version of a draft.
func (q *request) signed(d *desk.Draft) bool {
	return slices.ContainsFunc(d.Signatures, func(a alerting.Approval) bool { return a.By == q.Me.Name })
}

// DraftKind is what sort of message a draft is.
func (q *request) DraftKind(d desk.Draft) *desk.Kind {
	if d.World == alerting.Test && d.Window != nil {
		return q.KindOf(desk.KindPublicTest)
	}
	return q.KindOf(string(d.World))
}

// operators are those whose signatures count; ok is false where the office demands no approval.
func (q *request) operators() (all []console.Operator, ok bool, err error) {
	err = q.get("/api/operators?limit=1000", &all)
	if problem := (*Problem)(nil); errors.As(err, &problem) && problem.Status == http.StatusConflict {
		return nil, false, nil
	}
	return all, err == nil, err
}

// keysOf are somebody's keys of a kind.
func keysOf(all []console.Operator, name string, kind approval.Kind) []console.Operator {
	var out []console.Operator
	for _, o := range all {
		if o.Name == name && o.Kind == kind {
			out = append(out, o)
		}
	}
	return out
}

// draftTable is a table of drafts with its caption.
type draftTable struct {
	Caption string
	Drafts  []desk.Draft
}

// DraftTable is the data of the part "drafts-table".
func (q *request) DraftTable(caption string, all []desk.Draft) draftTable {
	return draftTable{caption, all}
}
