package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/console/pages/svgmap"
	"tocsin/alerting/desk"
	"tocsin/cap"
)

// windowRoutes are the windows of public tests. They are of the world test alone. The form of a proposal has an address beside the list, so
// that no window's name can be in its way.
func (p *Pages) windowRoutes() []route {
	return []route{
		{pattern: "GET /test/windows", answer: windowList},
		{pattern: "GET /test/propose-window", answer: proposePage},
		{pattern: "POST /test/propose-window", answer: proposeWindow},
		{pattern: "GET /test/windows/{id}", answer: windowPage},
		{pattern: "GET /test/windows/{id}/shapes", answer: windowShapes},
		{pattern: "POST /test/windows/{id}/sign", answer: signWindow},
		{pattern: "GET /test/windows/{id}/close", answer: closePage},
		{pattern: "POST /test/windows/{id}/close", answer: closeWindow},
		{pattern: "POST /test/windows/{id}/compose", answer: composeInWindow},
	}
}

// windows is the page of public tests; None: this office holds none.
type windows struct {
	// Waiting are the proposals, and All the others. A page that goes on shows the others alone.
	Waiting, All []desk.Window
	// More: it goes on from another page. Next leads to older ones; empty at the end.
	More bool
	Next string
	None bool
}

// windowList shows the windows, and first what waits for signatures.
func windowList(q *request) error {
	data := &windows{More: q.Query("after") != ""}
	query := url.Values{"limit": {strconv.Itoa(queueLength)}}
	for _, s := range desk.WindowStates() {
		if s != desk.WindowProposed {
			query.Add("state", string(s))
		}
	}
	if data.More {
		query.Set("after", q.Query("after"))
	}
	header, err := q.ask(call{method: http.MethodGet, path: "/api/windows?" + query.Encode()}, &data.All)
	if problem := asProblem(err); problem != nil && problem.Status == http.StatusConflict {
		data.None = true
		return q.show("windows/list", q.T("windows.title"), data)
	}
	if err == nil && !data.More {
		data.Waiting, err = q.proposals()
	}
	if err != nil {
		return err
	}
	data.Next = q.further(header)
	return q.show("windows/list", q.T("windows.title"), data)
}

// proposals are the windows that wait for signatures; none where the office holds no public tests. They cannot be many: one lapses with
// its time.
func (q *request) proposals() ([]desk.Window, error) {
	var all []desk.Window
	err := q.get("/api/windows?state="+string(desk.WindowProposed)+"&limit=1000", &all)
	if problem := asProblem(err); problem != nil && problem.Status == http.StatusConflict {
		return nil, nil
	}
	return all, err
}

// windowTable is a table of windows with its caption.
type windowTable struct {
	Caption string
	Windows []desk.Window
}

// WindowTable is the data of the part "windows-table".
func (q *request) WindowTable(caption string, all []desk.Window) windowTable {
	return windowTable{caption, all}
}

// window is one of them, with the form that signs it or that closes it.
type window struct {
	desk.Window
	// Signed: whoever looks has signed it. First: nobody has.
	Signed, First bool
	Signing       *signing
	Refused       *refusal
	Map           mapShown
}

// Waits reports whether it waits for signatures.
func (w *window) Waits() bool { return w.State == desk.WindowProposed }

// Lives reports whether tests can leave in it, now or later.
func (w *window) Lives() bool { return w.State == desk.WindowOpen || w.State == desk.WindowAhead }

func windowPath(id string) string { return "/api/windows/" + url.PathEscape(id) }

// windowAt asks for the window that the path names.
func (q *request) windowAt() (*window, error) {
	w := &window{}
	if err := q.get(windowPath(q.r.PathValue("id")), &w.Window); err != nil {
		return nil, err
	}
	if w.Waits() || w.Lives() {
		q.kind = desk.KindPublicTest // it reaches people, and nobody may think that it does not
	}
	w.First = len(w.By) == 0
	w.Signed = slices.ContainsFunc(w.By, func(a alerting.Approval) bool { return a.By == q.Me.Name })
	return w, nil
}

// sign makes the part in which whoever looks signs.
func (w *window) sign(q *request, statement func(by string, at time.Time) (approval.Statement, error)) error {
	all, _, err := q.operators()
	if err == nil {
		w.Signing, err = q.signingAs(all, statement)
	}
	return err
}

func windowPage(q *request) error { return q.showWindow(http.StatusOK, nil) }

func (q *request) showWindow(status int, refused *refusal) error {
	w, err := q.windowAt()
	if err != nil {
		return err
	}
	w.Refused = refused
	if shapes := w.picture(); len(shapes) > 0 {
		w.Map = mapShown{SVG: svgmap.Draw(q.picture(shapes)), ShapesURL: q.At("windows", w.ID, "shapes"), Tiles: q.p.Tiles}
	}
	if w.Waits() {
		err = w.sign(q, func(by string, at time.Time) (approval.Statement, error) {
			return approval.OverWindow(w.TestWindow, by, at)
		})
	}
	if err != nil {
		return err
	}
	return q.showAs(status, "windows/window", q.T("windows.one", w.ID), w)
}

// picture is the area of a window, as maps draw it; units stand beside it in words.
func (w *window) picture() []svgmap.Alert {
	if len(w.Polygons) == 0 {
		return nil
	}
	one := svgmap.Alert{Title: w.ID, World: alerting.Test}
	for _, ring := range w.Polygons {
		var p cap.Polygon
		for _, at := range ring {
			p = append(p, cap.Point{Lat: at[0], Lon: at[1]})
		}
		one.Polygons = append(one.Polygons, p)
	}
	return []svgmap.Alert{one}
}

// windowShapes are the same shapes for the interactive map.
func windowShapes(q *request) error {
	w, err := q.windowAt()
	if err != nil {
		return err
	}
	return q.geoJSON(w.picture())
}

// signWindow puts the signature of whoever looks on a proposal: on the very window whose digest his form names.
func signWindow(q *request) error {
	path := windowPath(q.r.PathValue("id"))
	var after desk.Window
	a, ok, err := q.assertion(approval.OpenWindow)
	switch {
	case err != nil:
	case ok:
		err = q.post(path+"/sign", map[string]any{"approval": a}, &after)
	default:
		err = q.post(path+"/sign-with-password", map[string]string{"operator": q.Me.Name, "password": q.r.PostFormValue("password"), "sha256": q.form("sha256")}, &after)
	}
	if err != nil {
		return q.orAgain(err, q.T("drafts.unsigned"), q.showWindow)
	}
	done := "windows.signed"
	if after.State != desk.WindowProposed {
		done = "windows.opened"
	}
	return q.goTo(q.At("windows", after.ID), done)
}

func closePage(q *request) error { return q.showClosing(http.StatusOK, nil) }

func (q *request) showClosing(status int, refused *refusal) error {
	w, err := q.windowAt()
	if err != nil {
		return err
	}
	w.Refused = refused
	title := q.T("windows.close.title", w.ID)
	if w.Waits() {
		title = q.T("windows.withdraw.title", w.ID)
	}
	err = w.sign(q, func(by string, at time.Time) (approval.Statement, error) {
		return approval.OverClosing(alerting.WindowClosing{Window: w.ID, At: at}, by, at)
	})
	if err != nil {
		return err
	}
	return q.showAs(status, "windows/close", title, w)
}

// closeWindow ends a window or a proposal.
func closeWindow(q *request) error {
	id := q.r.PathValue("id")
	a, ok, err := q.assertion(approval.CloseWindow)
	switch {
	case err != nil:
	case ok:
		err = q.post(windowPath(id)+"/close", alerting.WindowClosing{Window: id, At: a.At, By: []alerting.Approval{a}}, nil)
	default:
		err = q.post(windowPath(id)+"/close-with-password", map[string]string{"operator": q.Me.Name, "password": q.r.PostFormValue("password")}, nil)
	}
	if err != nil {
		return q.orAgain(err, q.T("windows.unclosed"), q.showClosing)
	}
	return q.goTo(q.At("windows", id), "windows.closed")
}

// composeInWindow makes a draft of a test in a window, which begins with the window's area.
func composeInWindow(q *request) error {
	w, err := q.windowAt()
	if err != nil {
		return err
	}
	document, err := q.blankIn(w.area(q))
	if err != nil {
		return err
	}
	var d desk.Draft
	order := url.Values{"window": {w.ID}, "group": w.Groups}
	for _, ch := range w.Channels {
		order.Add("channel", string(ch))
	}
	if _, err := q.ask(call{method: http.MethodPost, path: q.api("drafts") + "?" + order.Encode(), text: document, media: capMedia}, &d); err != nil {
		return q.orAgain(err, q.T("windows.unmade"), q.showWindow)
	}
	return q.goTo(q.At("compose", d.ID), "compose.made")
}

// area is that of a window as a message has it. Codes that stand for many are left out: no message can name them.
func (w *window) area(q *request) *cap.Area {
	a := &cap.Area{Description: q.T("windows.area.of", w.ID)}
	for _, one := range w.picture() {
		a.Polygons = append(a.Polygons, one.Polygons...)
	}
	for _, code := range w.Codes {
		if u, ok := unitOf(code); ok {
			a.Geocodes = append(a.Geocodes, u)
		}
	}
	return a
}
