package pages

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"time"

	"tocsin/alerting/console"
	"tocsin/alerting/console/pages/svgmap"
	"tocsin/alerting/desk"
	"tocsin/alerting/inbox"
	"tocsin/alerting/report"
	"tocsin/cap"
)

func (p *Pages) homeRoutes() []route {
	return []route{
		{pattern: "GET /{$}", answer: toHome},
		{pattern: "GET /{world}/{$}", answer: home},
		{pattern: "GET /{world}/live/shapes", answer: homeShapes},
	}
}

func toHome(q *request) error { return q.goTo("/actual/", "") }

// homeShown is what an officer sees first.
type homeShown struct {
	Live []homeLine
	// More: there are more live alerts than are shown.
	More    bool
	Waiting []waiting
	Ending  []endingSoon
	Ready   console.Readiness
	Map     mapShown
	// Launch are the templates that a warning may begin with.
	Launch []prepared
	At     time.Time
	// Failed names the parts that could not be read now.
	Failed []string
}

// homeLine is a live alert.
type homeLine struct {
	listed
	Delivery *delivery
	// Label is its number on the map.
	Label int
}

// waiting is something that waits for whoever looks.
type waiting struct {
	// Kind is a key of the words: draft, returned, change, held, letter, countersign.
	Kind, Title, Href string
	// Due is until when; zero for no time.
	Due, Since time.Time
	Overdue    bool
}

// endingSoon is an alert that ends soon, and nobody has said what becomes of it.
type endingSoon struct {
	desk.Asked
	ID string
}

// home is what an officer sees first: what is live, what waits for him, and whether the office can warn. Each part stands by itself: one
// that cannot be read now is named, and the others are shown.
func home(q *request) error {
	h := &homeShown{At: q.p.Now()}
	for _, part := range []struct {
		key  string
		read func(*homeShown) error
	}{{"live", q.readLive}, {"waiting", q.readWaiting}, {"ready", q.readReady}, {"launch", q.readLaunch}} {
		err := part.read(h)
		problem := (*Problem)(nil)
		switch {
		case err == nil:
		case errors.As(err, &problem) && problem.Status != http.StatusUnauthorized:
			h.Failed = append(h.Failed, q.T("home.failed", q.T("home."+part.key), cmp.Or(problem.Detail, problem.Title)))
		default:
			return err
		}
	}
	return q.show("home/home", q.T("home.title"), h)
}

func (q *request) readLive(h *homeShown) error {
	lines, next, err := q.list(url.Values{"status": {"live"}, "limit": {"12"}})
	if err != nil {
		return err
	}
	h.More = next != ""
	var drawn []svgmap.Alert
	for i, l := range lines {
		line := homeLine{listed: l, Label: i + 1}
		id := l.Alert.String()
		var s report.Status
		if err := q.get(q.api("alerts", id), &s); err != nil {
			return err
		}
		line.Delivery = q.deliveryOf(id, &s, nil)
		if a, err := q.documentOf(id); err != nil {
			return err
		} else if a != nil {
			drawn = append(drawn, q.pictureOf(l.Title, a, q.Number(int64(line.Label)))...)
		}
		if s.Status == "held" {
			h.Waiting = append(h.Waiting, waiting{Kind: "held", Title: l.Title, Href: q.At("alerts", id), Since: s.Issued})
		}
		h.Live = append(h.Live, line)
	}
	if len(drawn) > 0 {
		h.Map = mapShown{SVG: svgmap.Draw(q.picture(drawn)), ShapesURL: q.At("live", "shapes"), Tiles: q.p.Tiles}
	}
	return nil
}

// documentOf is the document of an alert; nil when there is none here.
func (q *request) documentOf(id string) (*cap.Alert, error) {
	var document []byte
	err := q.get(q.api("alerts", id, "document"), &document)
	problem := (*Problem)(nil)
	if errors.As(err, &problem) && (problem.Status == http.StatusNotFound || problem.Status == http.StatusConflict) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return cap.Parse(document, cap.Options{MaxBytes: len(document)})
}

// homeShapes are the shapes of all live alerts for the interactive map.
func homeShapes(q *request) error {
	lines, _, err := q.list(url.Values{"status": {"live"}, "limit": {"12"}})
	if err != nil {
		return err
	}
	var drawn []svgmap.Alert
	for i, l := range lines {
		a, err := q.documentOf(l.Alert.String())
		if err != nil {
			return err
		}
		if a != nil {
			drawn = append(drawn, q.pictureOf(l.Title, a, q.Number(int64(i+1)))...)
		}
	}
	return q.geoJSON(drawn)
}

// readWaiting gathers what waits for whoever looks: only what he may do something about.
func (q *request) readWaiting(h *homeShown) error {
	var asked []desk.Asked
	if err := q.get(q.api("alerts", "expiring"), &asked); err != nil {
		return err
	}
	for _, a := range asked {
		h.Ending = append(h.Ending, endingSoon{a, a.Alert.String()})
	}
	for _, read := range []func(*homeShown) error{q.waitingDrafts, q.waitingChanges, q.waitingLetters, q.waitingCountersigns} {
		if err := read(h); err != nil {
			return err
		}
	}
	return nil
}

func (q *request) waitingDrafts(h *homeShown) error {
	for _, want := range []struct{ state, right, kind string }{{"submitted", "approve", "draft"}, {"returned", "issue", "returned"}} {
		if !q.May(want.right) {
			continue
		}
		var drafts []desk.Draft
		if err := q.get(q.api("drafts")+"?state="+want.state+"&limit=20", &drafts); err != nil {
			return err
		}
		for i := range drafts {
			d := &drafts[i]
			// Nobody approves what he wrote himself, and a returned draft is its author's.
			if own := d.Author.Name == q.Me.Name; own == (want.kind == "draft") {
				continue
			}
			h.Waiting = append(h.Waiting, waiting{Kind: want.kind, Title: cmp.Or(q.Called(d.Titles, d.Title), d.ID), Href: q.At("drafts", d.ID), Since: d.Updated})
		}
	}
	return nil
}

func (q *request) waitingChanges(h *homeShown) error {
	if !q.May("enrol") && !q.May("administer") {
		return nil
	}
	var changes []desk.Proposed
	if err := q.get("/api/changes?state=open&limit=20", &changes); err != nil {
		return err
	}
	for i := range changes {
		c := &changes[i]
		h.Waiting = append(h.Waiting, waiting{Kind: "change", Title: q.ChangeName(c.Kind), Href: "/office/changes/" + url.PathEscape(c.ID), Since: c.At, Due: c.Expires})
	}
	return nil
}

// waitingLetters are those of partners in quarantine. An office without an inbox has none.
func (q *request) waitingLetters(h *homeShown) error {
	if !q.May("issue") {
		return nil
	}
	var letters []inbox.Letter
	err := q.get("/api/inbox?state=quarantined&limit=20", &letters)
	if problem := (*Problem)(nil); errors.As(err, &problem) && (problem.Status == http.StatusNotFound || problem.Status == http.StatusConflict) {
		return nil
	}
	for i := range letters {
		l := &letters[i]
		h.Waiting = append(h.Waiting, waiting{Kind: "letter", Title: cmp.Or(l.Title, l.Source), Href: "/office/inbox/" + url.PathEscape(l.ID), Since: l.Received})
	}
	return err
}

func (q *request) waitingCountersigns(h *homeShown) error {
	if !q.May("approve") || q.World != "actual" {
		return nil
	}
	var all []desk.Waiting
	if err := q.get("/api/countersigns", &all); err != nil {
		return err
	}
	for i := range all {
		c := &all[i]
		if c.Author != q.Me.Name {
			h.Waiting = append(h.Waiting, waiting{Kind: "countersign", Title: cmp.Or(q.Called(c.Titles, c.Title), c.Alert.String()), Href: q.At("alerts", c.Alert.String(), "countersign"), Since: c.Released, Due: c.Due, Overdue: c.Overdue})
		}
	}
	return nil
}

// readLaunch names the templates to begin with, for whoever may write; not when only the part that changes is asked for anew.
func (q *request) readLaunch(h *homeShown) error {
	if !q.May("issue") || q.r.Header.Get("HX-Request") != "" {
		return nil
	}
	all, err := q.preparedList()
	for _, t := range all.Templates {
		h.Launch = append(h.Launch, q.prepared(t))
	}
	return err
}

func (q *request) readReady(h *homeShown) error { return q.get("/api/readiness", &h.Ready) }
