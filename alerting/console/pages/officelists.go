package pages

import (
	"errors"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"tocsin/alerting/audience"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
	"tocsin/alerting/journal"
	"tocsin/alerting/template"
)

func (p *Pages) officeListRoutes() []route {
	return []route{
		{pattern: "GET /office/sirens", answer: sirensPage},
		{pattern: "POST /office/sirens", answer: switchSirens},
		{pattern: "GET /office/units", answer: unitsPage},
		{pattern: "GET /office/templates", answer: templatesPage},
		{pattern: "GET /office/templates/{id}", answer: templatePage},
		{pattern: "GET /office/operators", answer: operatorsPage},
		{pattern: "GET /office/standings", answer: standingsPage},
		{pattern: "GET /office/policy", answer: policyPage},
		{pattern: "GET /office/tokens", answer: tokensPage},
		{pattern: "GET /office/audit", answer: auditPage},
		{pattern: "POST /office/audit/verify", answer: verifyAudit},
		{pattern: "GET /office/about", answer: aboutPage},
	}
}

// TemplateFault is one thing that a file of a template gets wrong, on one line and in the reader's language.
func (q *request) TemplateFault(f template.Fault) string {
	f.What = q.Said(f.What)
	if q.Lang != "zh" {
		return f.String()
	}
	said := ""
	if f.Line > 0 {
		said = q.T("office.template.line", f.Line) + q.T("colon")
	}
	if f.Where != "" {
		said += f.Where + q.T("colon")
	}
	return said + f.What
}

// sirenList is the list of sirens, with the forms that switch and import them.
type sirenList struct {
	*list[console.Siren]
	Import *importForm
	Reason *Field
}

func newSirenList(q *request) (*sirenList, error) {
	l, err := listOf[console.Siren](q, "/api/sirens", "state", "group", "gateway")
	if problem := asProblem(err); problem != nil && problem.Status == http.StatusBadRequest {
		l, err = &list[console.Siren]{Problem: problem.Detail}, nil // a group or a gateway that there is not
	}
	if err != nil {
		return nil, err
	}
	state := q.filter("state", q.T("office.state"))
	state.Type, state.Options = "select", []Option{{Label: q.T("office.all")}, {Value: "on", Label: q.T("office.siren.on")}, {Value: "off", Label: q.T("office.siren.off")}}
	l.Filters = []*Field{state, q.filter("group", q.T("office.siren.group")), q.filter("gateway", q.T("office.gateway"))}
	return &sirenList{l, importFormOf("sirens"), &Field{Name: "reason", Label: q.T("office.reason"), Max: 500, Value: q.r.PostFormValue("reason")}}, nil
}

func sirensPage(q *request) error {
	l, err := newSirenList(q)
	if err != nil {
		return err
	}
	return q.show("office/sirens", q.T("office.sirens"), l)
}

// switchSirens proposes that some sirens be switched on or off: a change, which is made when two people have signed it.
func switchSirens(q *request) error {
	var made desk.Proposed
	err := q.post("/api/changes", map[string]any{"kind": "sirens.state", "reason": q.form("reason"),
		"body": audience.SirenOrder{Refs: q.r.PostForm["ref"], State: q.form("to")}}, &made)
	if problem := (*Problem)(nil); errors.As(err, &problem) {
		l, err := newSirenList(q)
		if err != nil {
			return err
		}
		l.Problem = problem.Detail
		return q.showAs(problem.Status, "office/sirens", q.T("office.sirens"), l)
	}
	if err != nil {
		return err
	}
	return q.afterChange(&made, "/office/sirens", "office.sirens")
}

// afterChange leads to a change that waits for another signature, or back with done where it was made at once.
func (q *request) afterChange(made *desk.Proposed, back, done string) error {
	if made.State == desk.ChangeOpen {
		return q.goTo("/office/changes/"+url.PathEscape(made.ID), "")
	}
	return q.goTo(back, done)
}

// unitList is the list of units below one, with the form that imports some.
type unitList struct {
	*list[audience.UnitLine]
	Parent string
	Import *importForm
}

func unitsPage(q *request) error {
	l, err := listOf[audience.UnitLine](q, "/api/units", "parent")
	if err != nil {
		return err
	}
	l.Filters = []*Field{q.filter("parent", q.T("office.units.parent"))}
	return q.show("office/units", q.T("office.units"), &unitList{l, q.Query("parent"), importFormOf("units")})
}

func templatesPage(q *request) error {
	all, err := q.everyPrepared()
	if err != nil {
		return err
	}
	return q.show("office/templates", q.T("office.templates"), all)
}

// templateShown is a template as the API writes it: its patterns and its validity are texts there.
type templateShown struct {
	ID        string            `json:"id"`
	About     string            `json:"about"`
	AboutIn   map[string]string `json:"about_in"`
	Version   int               `json:"version"`
	Severity  string            `json:"severity"`
	Urgency   string            `json:"urgency"`
	Certainty string            `json:"certainty"`
	Statuses  []string          `json:"statuses"`
	Channels  []string          `json:"channels"`
	Digest    string            `json:"sha256"`
	Slots     []template.Slot   `json:"slots"`
	Texts     []struct {
		Language    string `json:"language"`
		Headline    string `json:"headline"`
		Description string `json:"description"`
		Instruction string `json:"instruction"`
	} `json:"texts"`
}

func templatePage(q *request) error {
	var t templateShown
	if err := q.get("/api/templates/"+url.PathEscape(q.r.PathValue("id")), &t); err != nil {
		return err
	}
	t.About = q.about(t.About, t.AboutIn)
	for i := range t.Slots {
		t.Slots[i].About = q.about(t.Slots[i].About, t.Slots[i].AboutIn)
	}
	return q.show("office/template", t.ID, &t)
}

func operatorsPage(q *request) error {
	l, err := listOf[console.Operator](q, "/api/operators")
	if problem := (*Problem)(nil); errors.As(err, &problem) && problem.Status == http.StatusConflict {
		l, err = &list[console.Operator]{Problem: problem.Detail}, nil // an office without approvals has no operators
	}
	if err != nil {
		return err
	}
	return q.show("office/operators", q.T("office.operators"), l)
}

func standingsPage(q *request) error {
	l, err := listOf[desk.StandingOrder](q, "/api/standings")
	if problem := (*Problem)(nil); errors.As(err, &problem) && problem.Status == http.StatusConflict {
		l, err = &list[desk.StandingOrder]{Problem: problem.Detail}, nil
	}
	if err != nil {
		return err
	}
	return q.show("office/standings", q.T("office.standings"), l)
}

func policyPage(q *request) error {
	var all console.Policy
	if err := q.get("/api/policy", &all); err != nil {
		return err
	}
	return q.show("office/policy", q.T("office.policy"), all)
}

func tokensPage(q *request) error {
	l, err := listOf[console.TokenLine](q, "/api/tokens")
	if err != nil {
		return err
	}
	return q.show("office/tokens", q.T("office.tokens"), l)
}

// auditList is the journal, with what it is worth once that was asked.
type auditList struct {
	*list[journal.Entry]
	Verified *console.Verification
}

func newAuditList(q *request) (*auditList, error) {
	l, err := listOf[journal.Entry](q, "/api/journal", "actor", "verb", "subject")
	if err != nil {
		return nil, err
	}
	l.Filters = []*Field{q.filter("actor", q.T("office.audit.who")), q.filter("verb", q.T("office.audit.what")), q.filter("subject", q.T("office.audit.subject"))}
	return &auditList{list: l}, nil
}

func auditPage(q *request) error {
	l, err := newAuditList(q)
	if err != nil {
		return err
	}
	return q.show("office/audit", q.T("office.audit"), l)
}

// verifyAudit has the whole journal read.
func verifyAudit(q *request) error {
	l, err := newAuditList(q)
	if err != nil {
		return err
	}
	l.Verified = new(console.Verification)
	if err := q.get("/api/journal/verification", l.Verified); err != nil {
		return err
	}
	return q.show("office/audit", q.T("office.audit"), l)
}

// about is what runs here.
type about struct{ Version, Go string }

func aboutPage(q *request) error {
	a := about{Version: "–"}
	if info, ok := debug.ReadBuildInfo(); ok {
		a.Version, a.Go = info.Main.Version, info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				a.Version = strings.TrimSpace(a.Version + " " + s.Value)
			}
		}
	}
	return q.show("office/about", q.T("office.about"), a)
}
