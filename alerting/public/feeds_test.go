package public

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/cap"
	"tocsin/cap/feed"
)

// board plays the desk.
type board struct {
	mu     sync.Mutex
	now    time.Time
	posted []desk.Posted
	over   map[alerting.AlertID]*alerting.Issued
	err    error
	asked  int
}

func (b *board) Edition(_ context.Context, _ time.Time) (desk.Edition, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	e := desk.Edition{Live: int64(len(b.posted))}
	for _, p := range b.posted {
		e.Issued = max(e.Issued, p.Issued.UnixMilli())
	}
	return e, b.err
}

func (b *board) Live(context.Context, time.Time) ([]desk.Posted, error) { return b.posted, b.err }

func (b *board) Issued(_ context.Context, id alerting.AlertID) (*alerting.Issued, error) {
	if in := b.over[id]; in != nil {
		return in, nil
	}
	return nil, fmt.Errorf("%w: none", alerting.ErrNotFound)
}

func (b *board) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *board) wait(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// document makes one; change may alter it.
func document(t testing.TB, name string, change ...func(*cap.Alert)) (*cap.Alert, []byte) {
	t.Helper()
	a := &cap.Alert{Identifier: name, Sender: "office@warnings.example", Sent: start, Status: cap.StatusActual, MsgType: cap.MsgAlert,
		Scope: cap.ScopePublic, Infos: []cap.Info{{Language: "en", Categories: []cap.Category{"Met"}, Event: "Flood " + name, Urgency: cap.Immediate,
			Severity: cap.Severe, Certainty: cap.Observed, Expires: start.Add(24 * time.Hour), Description: strings.Repeat("Water. ", 100),
			Areas: []cap.Area{{Description: "harbour", Circles: []cap.Circle{{Center: cap.Point{Lat: 53, Lon: 8}, RadiusKM: 5}}}}}}}
	for _, f := range change {
		f(a)
	}
	doc, err := cap.Write(a)
	if err != nil {
		t.Fatal(err)
	}
	return a, doc
}

// post puts an alert on the board, in front.
func (b *board) post(t testing.TB, name string, world alerting.World, change ...func(*cap.Alert)) alerting.AlertID {
	a, doc := document(t, name, change...)
	p := desk.Posted{ID: alerting.IDOf(a), World: world, Document: doc, Issued: start.Add(time.Duration(len(b.posted)) * time.Second), Expires: start.Add(24 * time.Hour)}
	b.posted = append([]desk.Posted{p}, b.posted...)
	return p.ID
}

func open(t testing.TB, b *board, change ...func(*Config)) http.Handler {
	t.Helper()
	if b.now.IsZero() {
		b.now = start.Add(time.Hour)
	}
	c := Config{Title: "Warnings", Author: "Harbour Office", PublicURL: "https://warn.example", Edition: b.Edition, Live: b.Live, Issued: b.Issued,
		Now: b.clock, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&c)
	}
	f, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return f.Handler()
}

func get(t *testing.T, h http.Handler, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func read(t *testing.T, r *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// titles are those of a feed.
func titles(t *testing.T, h http.Handler, target string) []string {
	t.Helper()
	r := get(t, h, target)
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", target, r.Status)
	}
	d, err := feed.Parse([]byte(read(t, r)), "https://warn.example"+target, feed.Options{})
	if err != nil || len(d.Problems) > 0 {
		t.Fatalf("%s: %v %q", target, err, d.Problems)
	}
	var out []string
	for _, i := range d.Items {
		out = append(out, i.Title)
	}
	return out
}

func TestOnlyWhatIsForThePublicIsShown(t *testing.T) {
	b := &board{}
	b.post(t, "open", alerting.Actual)
	restricted := b.post(t, "restricted", alerting.Actual, func(a *cap.Alert) { a.Scope, a.Restriction = cap.ScopeRestricted, "police" })
	private := b.post(t, "private", alerting.Actual, func(a *cap.Alert) { a.Scope, a.Addresses = cap.ScopePrivate, []string{"x"} })
	exercise := b.post(t, "exercise", alerting.Exercise, func(a *cap.Alert) { a.Status = cap.StatusExercise })
	b.post(t, "test", alerting.Test, func(a *cap.Alert) { a.Status = cap.StatusTest })
	h := open(t, b)
	for _, path := range []string{AtomPath, RSSPath} {
		if got := fmt.Sprint(titles(t, h, path)); got != "[TEST: Flood test Flood open]" {
			t.Errorf("%s: %s", path, got)
		}
	}
	hidden := open(t, b, func(c *Config) { c.HideTests = true })
	if got := fmt.Sprint(titles(t, hidden, AtomPath)); got != "[Flood open]" {
		t.Errorf("without tests: %s", got)
	}
	drawn := read(t, get(t, h, GeoJSONPath))
	for _, secret := range []string{"restricted", "private", "exercise"} {
		if strings.Contains(drawn, "Flood "+secret) {
			t.Errorf("GeoJSON shows %s", secret)
		}
	}
	for _, id := range []alerting.AlertID{restricted, private, exercise} {
		if r := get(t, h, alertsPath+id.String()+".cap"); r.StatusCode != http.StatusNotFound {
			t.Errorf("the document of %s: %s", id, r.Status)
		}
	}
}

// TestOneAlertThatCannotBeReadFailsAll: a shorter feed would say that the alert has ended.
func TestOneAlertThatCannotBeReadFailsAll(t *testing.T) {
	b := &board{}
	id := b.post(t, "good", alerting.Actual)
	b.post(t, "bad", alerting.Actual)
	b.posted[0].Document = []byte("<alert")
	failed := 0
	h := open(t, b, func(c *Config) { c.Failed = func() { failed++ } })
	for _, path := range []string{AtomPath, RSSPath, GeoJSONPath, alertsPath + id.String() + ".cap"} {
		r := get(t, h, path)
		if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" || strings.Contains(read(t, r), "Flood") {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	if failed != 1 {
		t.Errorf("the desk failed %d times within a second, want one", failed)
	}
	b.posted = b.posted[1:]
	b.wait(2 * time.Second)
	if got := titles(t, h, AtomPath); len(got) != 1 {
		t.Errorf("after it was mended: %v", got)
	}
}

func TestTheDatabaseIsAway(t *testing.T) {
	b := &board{}
	b.post(t, "a", alerting.Actual)
	h := open(t, b)
	_ = titles(t, h, AtomPath)
	b.err = errors.New("away")
	b.wait(2 * time.Second)
	if r := get(t, h, AtomPath); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s: an old list hides what was issued since", r.Status)
	}
	b.err = nil
	b.wait(2 * time.Second)
	if got := titles(t, h, RSSPath); len(got) != 1 {
		t.Errorf("back again: %v", got)
	}
}

func TestConditionalRequests(t *testing.T) {
	b := &board{}
	b.post(t, "a", alerting.Actual)
	h := open(t, b)
	for _, path := range []string{AtomPath, RSSPath, GeoJSONPath} {
		first := get(t, h, path)
		tag, modified := first.Header.Get("ETag"), first.Header.Get("Last-Modified")
		if tag == "" || modified == "" {
			t.Fatalf("%s: ETag %q, Last-Modified %q", path, tag, modified)
		}
		if r := get(t, h, path, "If-None-Match", tag); r.StatusCode != http.StatusNotModified || read(t, r) != "" {
			t.Errorf("%s with its tag: %s", path, r.Status)
		}
		if r := get(t, h, path, "If-Modified-Since", modified); r.StatusCode != http.StatusNotModified {
			t.Errorf("%s with its time: %s", path, r.Status)
		}
	}
	tag := get(t, h, AtomPath).Header.Get("ETag")
	b.post(t, "b", alerting.Actual)
	b.wait(2 * time.Second)
	if r := get(t, h, AtomPath, "If-None-Match", tag); r.StatusCode != http.StatusOK {
		t.Errorf("after another alert: %s", r.Status)
	}
	// What has just changed tells no time: times count in seconds, and more may come within this one.
	b.mu.Lock()
	b.now = start.Add(3 * time.Second)
	b.mu.Unlock()
	if r := get(t, h, AtomPath); r.Header.Get("Last-Modified") != "" {
		t.Errorf("just changed, and Last-Modified %q", r.Header.Get("Last-Modified"))
	}
}

// TestManyAskersCostOneQuestion: within a second the desk is asked once, and what is unchanged is not made again.
func TestManyAskersCostOneQuestion(t *testing.T) {
	b := &board{}
	b.post(t, "a", alerting.Actual)
	h := open(t, b)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, AtomPath, nil))
			if w.Code != http.StatusOK {
				t.Errorf("%d", w.Code)
			}
		})
	}
	all.Wait()
	if b.asked != 1 {
		t.Errorf("asked %d times", b.asked)
	}
}

// TestPagesMissNothing: who follows next while alerts come and go sees everything that stood all the time.
func TestPagesMissNothing(t *testing.T) {
	b := &board{}
	for i := range 60 {
		b.post(t, fmt.Sprintf("n%02d", i), alerting.Actual)
	}
	h := open(t, b, func(c *Config) { c.PageBytes = 16 << 10 })
	seen := map[string]bool{}
	pages := 0
	for next := AtomPath; next != ""; pages++ {
		r := get(t, h, next)
		body := read(t, r)
		if r.StatusCode != http.StatusOK || len(body) > 16<<10 {
			t.Fatalf("%s: %s, %d bytes", next, r.Status, len(body))
		}
		d, err := feed.Parse([]byte(body), "https://warn.example/", feed.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range d.Items {
			seen[i.Title] = true
		}
		next = strings.TrimPrefix(d.Next, "https://warn.example")
		// The newest ones end, among them those that were on the page just read, and others come.
		b.posted = b.posted[3:]
		b.post(t, fmt.Sprintf("late%d", pages), alerting.Actual)
		b.posted[0].Issued = start.Add(time.Duration(1000+pages) * time.Second)
		b.wait(2 * time.Second)
	}
	if pages < 3 {
		t.Fatalf("only %d pages", pages)
	}
	for i := range 40 {
		if name := fmt.Sprintf("Flood n%02d", i); !seen[name] {
			t.Errorf("%s was never seen", name)
		}
	}
	for _, key := range []string{"x", "1-2", "-", strings.Repeat("9", 400)} {
		if r := get(t, h, AtomPath+"?before="+key); r.StatusCode != http.StatusBadRequest {
			t.Errorf("before=%.10s: %s", key, r.Status)
		}
	}
}

func TestDocuments(t *testing.T) {
	b := &board{over: map[alerting.AlertID]*alerting.Issued{}}
	id := b.post(t, "live", alerting.Actual)
	old, doc := document(t, "old")
	secret, secretDoc := document(t, "secret", func(a *cap.Alert) { a.Scope, a.Restriction = cap.ScopeRestricted, "police" })
	for _, one := range []struct {
		alert *cap.Alert
		doc   []byte
	}{{old, doc}, {secret, secretDoc}} {
		b.over[alerting.IDOf(one.alert)] = &alerting.Issued{Alert: one.alert, Envelope: alerting.Envelope{World: alerting.Actual, Document: one.doc}}
	}
	h := open(t, b)
	r := get(t, h, alertsPath+id.String()+".cap")
	if read(t, r) != string(b.posted[0].Document) || r.Header.Get("Content-Type") != "application/cap+xml" {
		t.Errorf("%s, %s", r.Status, r.Header.Get("Content-Type"))
	}
	if r := get(t, h, alertsPath+id.String()+".cap", "If-None-Match", r.Header.Get("ETag")); r.StatusCode != http.StatusNotModified {
		t.Errorf("with its tag: %s", r.Status)
	}
	if r := get(t, h, alertsPath+alerting.IDOf(old).String()+".cap"); read(t, r) != string(doc) {
		t.Errorf("an alert that is over: %s", r.Status)
	}
	for _, path := range []string{alertsPath + alerting.IDOf(secret).String() + ".cap", alertsPath + id.String(), alertsPath + "x.cap", alertsPath,
		alertsPath + "..%2f..%2fetc%2fpasswd", "/feeds/", "/api/alerts"} {
		if r := get(t, h, path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, AtomPath, strings.NewReader("x")))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

func TestGeoJSONSaysHowAlertsStand(t *testing.T) {
	b := &board{}
	b.post(t, "first", alerting.Actual)
	b.post(t, "second", alerting.Actual, func(a *cap.Alert) {
		a.MsgType, a.Sent = cap.MsgUpdate, start.Add(time.Minute)
		a.References = []cap.Reference{{Sender: a.Sender, Identifier: "first", Sent: start}}
	})
	h := open(t, b)
	r := get(t, h, GeoJSONPath)
	var c struct {
		Features []struct {
			Properties struct{ Identifier, State, Alert string }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil || r.Header.Get("Content-Type") != "application/geo+json" {
		t.Fatal(err, r.Header)
	}
	got := map[string]string{}
	for _, f := range c.Features {
		got[f.Properties.Identifier] = f.Properties.State
		if !strings.HasPrefix(f.Properties.Alert, "https://warn.example/feeds/alerts/") {
			t.Errorf("alert %q", f.Properties.Alert)
		}
	}
	if got["first"] != "updated" || got["second"] != "active" {
		t.Errorf("%v", got)
	}
	// Time alone makes an answer new: all of them end.
	b.mu.Lock()
	b.now = start.Add(25 * time.Hour)
	b.mu.Unlock()
	if body := read(t, get(t, h, GeoJSONPath)); !strings.Contains(body, `"state":"expired"`) {
		t.Errorf("a day later: %.300s", body)
	}
}

func TestAnEmptyFeedIsAFeed(t *testing.T) {
	h := open(t, &board{})
	if got := titles(t, h, AtomPath); len(got) != 0 {
		t.Error(got)
	}
	if got := titles(t, h, RSSPath); len(got) != 0 {
		t.Error(got)
	}
	if body := read(t, get(t, h, "/")); !strings.Contains(body, "https://warn.example/feeds/atom.xml") {
		t.Errorf("the index: %s", body)
	}
}

func BenchmarkFeed(b *testing.B) {
	board := &board{}
	for i := range 200 {
		board.post(b, fmt.Sprintf("n%d", i), alerting.Actual)
	}
	h := open(b, board)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, AtomPath, nil))
	}
}
