package pages

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
)

// request is one page being asked for: by whom, in which language and world. Templates see it as the upper part of their data.
type request struct {
	p *Pages
	w http.ResponseWriter
	r *http.Request

	// Lang is "en" or "zh".
	Lang string
	// World is "actual", "exercise" or "test"; empty on pages that are the same in all.
	World string
	// Me is who looks; nil for nobody.
	Me *console.Me
	// unit is the one that he acts for; empty leaves it to the API.
	unit string
	// kind is how the page looks where it is about messages of another kind than its world's: a public test; empty otherwise.
	kind string
}

func worlds() []string {
	var out []string
	for _, w := range alerting.Worlds() {
		out = append(out, string(w))
	}
	return out
}

// maxForm bounds what a form may send, in bytes.
const maxForm = 4 << 20

// serve makes a handler of a page: who looks is found out, and what goes wrong is shown.
func (p *Pages) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &request{p: p, w: w, r: r, Lang: p.language(r)}
		if first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); slices.Contains(worlds(), first) {
			q.World = first
		}
		if k, err := r.Cookie(unitCookie); err == nil {
			q.unit, _ = url.QueryUnescape(k.Value)
		}
		if err := q.run(rt); err != nil {
			q.fail(err)
		}
	})
}

func (q *request) run(rt route) error {
	if q.r.Method == http.MethodPost {
		most := cmp.Or(rt.most, maxForm)
		if rt.most > 0 {
			q.takeTime()
		}
		q.r.Body = http.MaxBytesReader(q.w, q.r.Body, most)
		if err := q.parseForm(most); err != nil {
			return err
		}
	}
	var me console.Me
	err := q.get("/api/me", &me)
	switch problem := (*Problem)(nil); {
	case err == nil:
		q.Me = &me
	case errors.As(err, &problem) && problem.Status == http.StatusUnauthorized:
		if !rt.open {
			return q.logInFirst()
		}
	default:
		return err
	}
	return rt.answer(q)
}

// longForm is how long a browser may take to send a large form, and we to answer it.
const longForm = 10 * time.Minute

// takeTime lets a form take longer than the server's usual time-outs.
func (q *request) takeTime() {
	control, end := http.NewResponseController(q.w), q.p.Now().Add(longForm)
	_ = control.SetReadDeadline(end)
	_ = control.SetWriteDeadline(end)
}

func (q *request) parseForm(most int64) error {
	var err error
	if strings.HasPrefix(q.r.Header.Get("Content-Type"), "multipart/form-data") {
		err = q.r.ParseMultipartForm(maxForm)
	} else {
		err = q.r.ParseForm()
	}
	if err == nil {
		return nil
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &Problem{Status: http.StatusRequestEntityTooLarge, Title: q.T("error.large"), Detail: q.T("error.large.detail", most>>20)}
	}
	return &Problem{Status: http.StatusBadRequest, Title: q.T("error.form"), Detail: err.Error()}
}

// form is a value of the form or the query, without blanks around it.
func (q *request) form(name string) string { return strings.TrimSpace(q.r.FormValue(name)) }

// Query is a value of the query of the page, for templates.
func (q *request) Query(name string) string { return q.r.URL.Query().Get(name) }

// Path is the address of the page with its query.
func (q *request) Path() string { return q.r.URL.RequestURI() }

// Office is the name of the office.
func (q *request) Office() string { return q.p.Office }

// T is a text of the catalogue in the reader's language. Its placeholders are those of package fmt.
func (q *request) T(key string, args ...any) string { return q.p.words.text(q.Lang, key, args...) }

// Said is a sentence of the program that was kept as English text, such as a note on an alert, in the reader's language; what people
// wrote stays as it is.
func (q *request) Said(text string) string { return alerting.SaidIn(q.Lang, text) }

// N is a text that counts something: KEY.one or KEY.other.
func (q *request) N(key string, n int64) string { return q.p.words.count(q.Lang, key, n) }

// Static is the address of a file that we ship.
func (q *request) Static(name string) string { return q.p.static.address(name) }

// May reports whether who looks has a right anywhere: pages leave out what he cannot do. What he may is decided by the API.
func (q *request) May(right string) bool {
	if q.Me == nil {
		return false
	}
	for _, rights := range q.Me.Rights {
		if slices.Contains(rights, console.Right(right)) {
			return true
		}
	}
	return false
}

// Kind is how the page's world looks; nil on pages that are the same in all.
func (q *request) Kind() *desk.Kind { return q.KindOf(cmp.Or(q.kind, q.World)) }

// KindOf is how a world or a kind looks.
func (q *request) KindOf(id string) *desk.Kind {
	for _, k := range desk.Kinds() {
		if k.ID == id {
			return &k
		}
	}
	return nil
}

// Worlds are those that a page can be in, for the switch above it.
func (q *request) Worlds() []string { return worlds() }

// Home is the first page of the world that one is in.
func (q *request) Home() string {
	if q.World == "" {
		return "/actual/"
	}
	return "/" + q.World + "/"
}

// At is an address in the world that one is in: At "drafts" "ID".
func (q *request) At(parts ...string) string {
	return strings.TrimSuffix(q.Home(), "/") + below(parts)
}

// Time is a moment in the office's zone: the day only where it is another than today.
func (q *request) Time(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t, now := t.In(q.p.zone()), q.p.Now().In(q.p.zone())
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// Exact is a moment to the second, with its zone, for the attribute datetime and for titles.
func (q *request) Exact(t time.Time) string { return t.In(q.p.zone()).Format(time.RFC3339) }

// Left says how long it is until a moment, in the coarsest two units.
func (q *request) Left(t time.Time) string {
	d := t.Sub(q.p.Now())
	if d <= 0 {
		return q.T("time.over")
	}
	return q.span(d)
}

// Ago says how long a moment is past.
func (q *request) Ago(t time.Time) string { return q.T("time.ago", q.span(q.p.Now().Sub(t))) }

func (q *request) span(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return q.T("time.seconds", int64(d/time.Second))
	case d < time.Hour:
		return q.T("time.minutes", int64(d/time.Minute))
	case d < 48*time.Hour:
		return q.T("time.hours", int64(d/time.Hour), int64(d%time.Hour/time.Minute))
	default:
		return q.T("time.days", int64(d/(24*time.Hour)), int64(d%(24*time.Hour)/time.Hour))
	}
}

// Number is a number with its thousands apart.
func (q *request) Number(n int64) string { return grouped(n) }

// show renders a page whose template is templates/NAME.html.
func (q *request) show(name, title string, data any) error {
	return q.showAs(http.StatusOK, name, title, data)
}

// showAs is show with another status: that of a form that was refused.
func (q *request) showAs(status int, name, title string, data any) error {
	t, ok := q.p.templates[name]
	if !ok {
		return fmt.Errorf("there is no template %s", name)
	}
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, "layout", view{request: q, Title: title, Data: data}); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	return q.write(status, page.Bytes())
}

// fragment renders a part of a page by itself, for what is updated in place: the template PART of templates/NAME.html.
func (q *request) fragment(name, part string, data any) error {
	text, err := q.part(name, part, data)
	if err != nil {
		return err
	}
	return q.write(http.StatusOK, text)
}

func (q *request) part(name, part string, data any) ([]byte, error) {
	t, ok := q.p.templates[name]
	if !ok {
		return nil, fmt.Errorf("there is no template %s", name)
	}
	var text bytes.Buffer
	if err := t.ExecuteTemplate(&text, part, view{request: q, Data: data}); err != nil {
		return nil, fmt.Errorf("part %s of page %s: %w", part, name, err)
	}
	return text.Bytes(), nil
}

func (q *request) write(status int, page []byte) error {
	q.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	q.w.Header().Set("Content-Language", q.Lang)
	q.w.WriteHeader(status)
	_, _ = q.w.Write(page) // the reader may be gone
	return nil
}

// view is what templates see: the request's methods, and the data of their page.
type view struct {
	*request
	Title string
	Data  any
}

// goTo sends the browser to another page (RFC 9110 §15.4.4). Done names the text of the catalogue that says what was done; may be empty.
func (q *request) goTo(path, done string) error {
	if done != "" {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		path += sep + "done=" + url.QueryEscape(done)
	}
	http.Redirect(q.w, q.r, path, http.StatusSeeOther)
	return nil
}

// Done is what the act before this page did, in words; empty for none.
func (q *request) Done() string {
	key := "done." + q.Query("done")
	if !q.p.words.has(key) {
		return ""
	}
	return q.T(key)
}

// fail shows what went wrong on a page of its own. What we do not understand ourselves is logged and not shown.
func (q *request) fail(err error) {
	var problem *Problem
	if !errors.As(err, &problem) {
		q.p.Log.Error("page failed", "method", q.r.Method, "path", q.r.URL.Path, "error", err)
		problem = &Problem{Status: http.StatusInternalServerError, Title: q.T("error.ours"), Detail: q.T("error.ours.detail")}
	}
	q.comeAgain(problem)
	if err := q.showAs(problem.Status, "problem", problem.Title, problem); err != nil {
		q.p.Log.Error("the page of an error failed", "error", err)
		http.Error(q.w, problem.Error(), problem.Status)
	}
}

// comeAgain passes on when the API wants to be asked again.
func (q *request) comeAgain(problem *Problem) {
	if problem.RetryAfter != "" {
		q.w.Header().Set("Retry-After", problem.RetryAfter)
	}
}

// Kinds are all kinds of messages.
func (q *request) Kinds() []desk.Kind { return desk.Kinds() }
