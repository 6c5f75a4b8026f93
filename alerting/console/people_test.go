package console

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/audience"
	"tocsin/alerting/login"
	"tocsin/alerting/seal"
	"tocsin/alerting/store/storetest"
)

const (
	phrase  = "seven harbour lights"
	another = "nine church steeples"
)

// office is a console whose people log in, with the units X above X1 above X11, and Y.
type office struct {
	t       *testing.T
	console *Console
	gate    *login.Gate
	now     time.Time
	tokens  map[string]string
	secrets map[string]string
	acts    []string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, now: time.Now(), tokens: make(map[string]string), secrets: make(map[string]string)}
	keys, err := seal.New([]seal.Key{{ID: "1", Secret: make([]byte, seal.KeySize)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	db := storetest.Open(t)
	o.gate, err = login.New(login.Config{DB: db, Redis: rdb, Keys: keys, Now: func() time.Time { return o.now }, Log: slog.New(slog.DiscardHandler),
		Metrics: login.NewMetrics(prometheus.NewRegistry()), Cost: approval.Cost{Memory: 64, Passes: 1, Threads: 1},
		Note: func(_ context.Context, _ bun.IDB, by alerting.Actor, verb, subject string, _ any) error {
			o.acts = append(o.acts, by.Name+" "+verb+" "+subject)
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	people, err := audience.New(t.Context(), audience.Config{DB: db, Keys: keys, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = people.Close() })
	units := "code,name,parent\nU=X,X,\nU=X1,X1,U=X\nU=X11,X11,U=X1\nU=Y,Y,\n"
	if _, err := people.ImportUnits(t.Context(), strings.NewReader(units), func(audience.Progress) {}); err != nil {
		t.Fatal(err)
	}
	o.console = &Console{Login: o.gate, Log: slog.New(slog.DiscardHandler), MaxBytes: 1000, PlainCookie: true, Within: people.Within, PublicURL: "https://desk.example"}
	return o
}

// person makes an account that is logged in.
func (o *office) person(name string, grants ...login.Grant) {
	o.t.Helper()
	if o.tokens[name] != "" {
		return
	}
	l, err := o.gate.Create(o.t.Context(), alerting.Actor{Name: "chief"}, name, grants)
	if err != nil {
		o.t.Fatal(err)
	}
	s, err := o.gate.BeginSetup(o.t.Context(), l.Token, "")
	if err != nil {
		o.t.Fatal(err)
	}
	o.secrets[name] = s.Secret
	opened, err := o.gate.FinishSetup(o.t.Context(), login.SetUp{Link: l.Token, Password: phrase, Code: o.code(name)})
	if err != nil {
		o.t.Fatal(err)
	}
	o.tokens[name] = opened.Token
}

func (o *office) code(name string) string {
	o.t.Helper()
	code, err := login.Code(o.secrets[name], o.now)
	if err != nil {
		o.t.Fatal(err)
	}
	return code
}

func (o *office) bearer(name string) string { return "Bearer " + o.tokens[name] }

// send asks the API; headers are pairs of names and values.
func (o *office) send(h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func wantStatus(t *testing.T, w *httptest.ResponseRecorder, want int) {
	t.Helper()
	if w.Code != want {
		t.Errorf("%d %s, want %d", w.Code, w.Body, want)
	}
}

func (o *office) credentials(name, password, code string, cookie bool) string {
	text, err := json.Marshal(credentials{name, password, code, asCookie{cookie}})
	if err != nil {
		o.t.Fatal(err)
	}
	return string(text)
}

// TestCookies: what the cookie of a session is like, and that another site's page gets nothing by it.
func TestCookies(t *testing.T) {
	o := newOffice(t)
	o.person("mei", login.Grant{Unit: "", Role: login.Author})
	for name, plain := range map[string]bool{"tocsin": true, "__Host-tocsin": false} {
		o.console.PlainCookie = plain
		h := o.console.Handler()
		o.now = o.now.Add(30 * time.Second)
		w := o.send(h, "POST", "/api/login", o.credentials("mei", phrase, o.code("mei"), true))
		wantStatus(t, w, 200)
		cookies := w.Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%d cookies", len(cookies))
		}
		k := cookies[0]
		if k.Name != name || k.Secure == plain || !k.HttpOnly || k.SameSite != http.SameSiteStrictMode || k.Path != "/" || k.Domain != "" || strings.Contains(w.Body.String(), k.Value) {
			t.Errorf("the cookie %s, beside %s", k, w.Body)
		}
		as := k.Name + "=" + k.Value
		wantStatus(t, o.send(h, "GET", "/api/me", "", "Cookie", as), 200)
		wantStatus(t, o.send(h, "POST", "/api/logout", "", "Cookie", as, "Sec-Fetch-Site", "cross-site"), 403)
		wantStatus(t, o.send(h, "POST", "/api/logout", "", "Cookie", as, "Origin", "https://evil.example"), 403)
		wantStatus(t, o.send(h, "POST", "/api/login", "{}", "Sec-Fetch-Site", "cross-site"), 403)
		wantStatus(t, o.send(h, "GET", "/api/me", "", "Cookie", as), 200)
		w = o.send(h, "POST", "/api/logout", "", "Cookie", as, "Sec-Fetch-Site", "same-origin")
		wantStatus(t, w, 204)
		if gone := w.Result().Cookies(); len(gone) != 1 || gone[0].MaxAge >= 0 || gone[0].Value != "" {
			t.Errorf("the cookie stays: %v", gone)
		}
		wantStatus(t, o.send(h, "GET", "/api/me", "", "Cookie", as), 401)
	}
}

// TestFixation: a session that somebody put into a browser before its owner logs in is not the one that he gets, and it ends.
func TestFixation(t *testing.T) {
	o := newOffice(t)
	o.person("mei")
	o.person("tomas")
	h := o.console.Handler()
	for planted, was := range map[string]int{o.tokens["tomas"]: 200, "made-up": 401} {
		wantStatus(t, o.send(h, "GET", "/api/me", "", "Cookie", "tocsin="+planted), was)
		o.now = o.now.Add(30 * time.Second)
		w := o.send(h, "POST", "/api/login", o.credentials("mei", phrase, o.code("mei"), true), "Cookie", "tocsin="+planted)
		wantStatus(t, w, 200)
		if got := w.Result().Cookies()[0].Value; got == planted || len(got) != 43 {
			t.Errorf("the session is the one that was planted: %q", got)
		}
		wantStatus(t, o.send(h, "GET", "/api/me", "", "Cookie", "tocsin="+planted), 401)
	}
}

// TestSessionsOverHTTP: what a session may do follows its account at once, and it ends.
func TestSessionsOverHTTP(t *testing.T) {
	o := newOffice(t)
	o.person("chief", login.Grant{Role: login.Administrator})
	o.person("mei", login.Grant{Unit: "U=X", Role: login.Author}, login.Grant{Unit: "U=Y", Role: login.Author}, login.Grant{Unit: "U=Y", Role: login.Viewer})
	h := o.console.Handler()
	var me Me
	if err := json.Unmarshal(o.send(h, "GET", "/api/me", "", "Authorization", o.bearer("mei")).Body.Bytes(), &me); err != nil {
		t.Fatal(err)
	}
	if me.Name != "mei" || me.Kind != "person" || me.With != "link" || len(me.Rights) != 2 || len(me.Rights["U=X"]) != 2 || len(me.Roles) != 3 {
		t.Errorf("%+v", me)
	}
	wantStatus(t, o.send(h, "GET", "/api/accounts", "", "Authorization", o.bearer("mei")), 403)
	wantStatus(t, o.send(h, "GET", "/api/accounts", "", "Authorization", o.bearer("chief")), 200)
	w := o.send(h, "POST", "/api/alerts", "x", "Authorization", o.bearer("mei"))
	if wantStatus(t, w, 400); !strings.Contains(w.Body.String(), "U=X, U=Y") {
		t.Errorf("of several units none is named: %s", w.Body)
	}
	wantStatus(t, o.send(h, "PUT", "/api/accounts/mei/roles", `{"roles":[{"unit":"U=X","role":"viewer"}]}`, "Authorization", o.bearer("chief")), 200)
	wantStatus(t, o.send(h, "POST", "/api/alerts", "x", "Authorization", o.bearer("mei")), 403)
	wantStatus(t, o.send(h, "PUT", "/api/accounts/mei/state", `{"disabled":true}`, "Authorization", o.bearer("chief")), 200)
	wantStatus(t, o.send(h, "GET", "/api/me", "", "Authorization", o.bearer("mei")), 401)
	wantStatus(t, o.send(h, "PUT", "/api/accounts/chief/state", `{"disabled":true}`, "Authorization", o.bearer("chief")), 409)
	o.now = o.now.Add(13 * time.Hour)
	wantStatus(t, o.send(h, "GET", "/api/me", "", "Authorization", o.bearer("chief")), 401)
}

// TestAdministratorOfAUnit governs what lies below it, and nothing else.
func TestAdministratorOfAUnit(t *testing.T) {
	o := newOffice(t)
	o.person("local", login.Grant{Unit: "U=X1", Role: login.Administrator})
	o.person("below", login.Grant{Unit: "U=X11", Role: login.Viewer})
	o.person("both", login.Grant{Unit: "U=X1", Role: login.Viewer}, login.Grant{Unit: "U=Y", Role: login.Viewer})
	o.person("chief", login.Grant{Role: login.Administrator})
	o.person("none")
	h := o.console.Handler()
	for _, row := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "accounts", `{"name":"new","roles":[{"unit":"U=X11","role":"author"}]}`, 201},
		{"POST", "accounts", `{"name":"other","roles":[{"unit":"U=X","role":"author"}]}`, 403},
		{"POST", "accounts", `{"name":"other","roles":[{"unit":"U=X1","role":"author"},{"unit":"","role":"administrator"}]}`, 403},
		{"POST", "accounts", `{"name":"other","roles":[]}`, 403},
		{"PUT", "accounts/below/roles", `{"roles":[{"unit":"U=X1","role":"approver"}]}`, 200},
		{"PUT", "accounts/below/roles", `{"roles":[{"unit":"","role":"approver"}]}`, 403},
		{"PUT", "accounts/both/roles", `{"roles":[]}`, 403},
		{"PUT", "accounts/none/roles", `{"roles":[{"unit":"U=X1","role":"author"}]}`, 403},
		{"POST", "accounts/chief/link", ``, 403},
		{"POST", "accounts/below/link", ``, 201},
		{"PUT", "accounts/chief/state", `{"disabled":true}`, 403},
		{"PUT", "accounts/below/state", `{"disabled":true}`, 200},
		{"POST", "accounts/nobody/link", ``, 404},
	} {
		w := o.send(h, row.method, "/api/"+row.path, row.body, "Authorization", o.bearer("local"))
		if w.Code != row.want {
			t.Errorf("%s %s %s: %d %s, want %d", row.method, row.path, row.body, w.Code, w.Body, row.want)
		}
	}
}

// TestStrangersAreStopped, by where they come from; what our proxy says of that counts, and what anybody else says does not.
func TestStrangersAreStopped(t *testing.T) {
	o := newOffice(t)
	h := o.console.Handler()
	n := 0
	for o.send(h, "POST", "/api/login", "{}", "X-Forwarded-For", "203.0.113.7").Code != http.StatusTooManyRequests {
		if n++; n > 2*strangerBurst {
			t.Fatal("nobody stops him")
		}
	}
	if strings.Contains(strings.Join(o.acts, " "), "login") {
		t.Error("the journal has an entry for each guess")
	}
	wantStatus(t, o.send(h, "POST", "/api/login", "{}", "X-Forwarded-For", "203.0.113.8"), 429)
	// A program is told with a problem, and somebody's browser with a page in his language, that names the time to wait.
	for _, row := range []struct{ accept, lang, cookie, media, says string }{
		{"application/json", "en", "", "application/problem+json", `"detail":"try again in some seconds"`},
		{"text/html,*/*;q=0.8", "en-GB", "", "text/html; charset=utf-8", "<h1>Too many attempts</h1>"},
		{"text/html,*/*;q=0.8", "zh-CN", "", "text/html; charset=utf-8", "<h1>请求过于频繁</h1>"},
		{"text/html,*/*;q=0.8", "en-GB", "tocsin-lang=zh", "text/html; charset=utf-8", "请等候 5 秒再试"},
	} {
		var w *httptest.ResponseRecorder
		for range 2 * strangerBurst { // room comes back while the test goes on
			if w = o.send(h, "GET", "/api/login/oidc", "", "Accept", row.accept, "Accept-Language", row.lang, "Cookie", row.cookie); w.Code == 429 {
				break
			}
		}
		if wantStatus(t, w, 429); w.Header().Get("Content-Type") != row.media || w.Header().Get("Retry-After") != "5" || !strings.Contains(w.Body.String(), row.says) {
			t.Errorf("%+v: %v %s", row, w.Header(), w.Body)
		}
		if html := strings.HasPrefix(row.media, "text/html"); html && (!strings.Contains(w.Body.String(), `href="/login"`) || strings.Contains(w.Body.String(), `href="/api/`)) {
			t.Errorf("%+v leads to nowhere that helps: %s", row, w.Body)
		}
	}
}

// TestLoginRepeatsNoSecret: no answer has what somebody typed into the wrong place.
func TestLoginRepeatsNoSecret(t *testing.T) {
	o := newOffice(t)
	o.person("mei")
	h := o.console.Handler()
	for _, row := range []struct{ method, path, body string }{
		{"POST", "login", `{"name":"` + phrase + `","password":"x","code":"y"}`}, {"POST", "login", `{"` + phrase + `":1}`}, {"POST", "login", phrase},
		{"POST", "setup", `{"link":"` + phrase + `"}`}, {"POST", "setup/begin", `{"link":"` + phrase + `"}`}, {"PUT", "me/password", `{"old":"` + phrase + `","new":"` + phrase + `","x":1}`},
		{"POST", "me/totp", `{"password":["` + phrase + `"]}`}, {"POST", "login/passkey", `{"challenge":"` + phrase + `"}`},
	} {
		w := o.send(h, row.method, "/api/"+row.path, row.body, "Authorization", o.bearer("mei"))
		if w.Code < 400 || w.Code >= 500 || strings.Contains(w.Body.String(), phrase) {
			t.Errorf("%s %s: %d %s", row.method, row.path, w.Code, w.Body)
		}
	}
}
