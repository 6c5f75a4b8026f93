package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"tocsin/alerting/login"
)

// TestOIDCOverHTTP: the browser that goes to the provider gets a cookie that comes along when it is sent back, and without it nobody
// comes in; where there is no provider the route says so. What the provider says is tested in package login.
func TestOIDCOverHTTP(t *testing.T) {
	o := newOffice(t)
	o.console.PlainCookie = false
	h := o.console.Handler()
	wantStatus(t, o.send(h, "GET", "/api/login/oidc", ""), http.StatusConflict)
	mux := http.NewServeMux()
	provider := httptest.NewServer(mux)
	t.Cleanup(provider.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"issuer":"` + provider.URL + `","authorization_endpoint":"` + provider.URL + `/auth","token_endpoint":"` + provider.URL +
			`/token","jwks_uri":"` + provider.URL + `/keys"}`))
	})
	o.gate.Provider = &login.Provider{Issuer: provider.URL, ClientID: "tocsin", RedirectURL: "https://desk.example/api/login/oidc/callback", Client: provider.Client()}
	w := o.send(h, "GET", "/api/login/oidc", "", "Sec-Fetch-Site", "cross-site")
	wantStatus(t, w, http.StatusSeeOther)
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	k := cookies[0]
	if k.Name != "__Host-tocsin-oidc" || !k.Secure || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.MaxAge != oidcAge {
		t.Errorf("the cookie %s", k)
	}
	where, err := url.Parse(w.Header().Get("Location"))
	if err != nil || !strings.HasPrefix(where.String(), provider.URL+"/auth?") || strings.Contains(where.RawQuery, k.Value) {
		t.Fatalf("%s %v", where, err)
	}
	back := "/api/login/oidc/callback?code=x&state=" + where.Query().Get("state")
	w = o.send(h, "GET", back, "")
	if wantStatus(t, w, http.StatusForbidden); !strings.Contains(w.Body.String(), "another browser") || strings.Contains(w.Header().Get("Set-Cookie"), "__Host-tocsin=") {
		t.Errorf("without the cookie: %s, %v", w.Body, w.Header())
	}
	wantStatus(t, o.send(h, "GET", back, "", "Cookie", k.Name+"="+k.Value), http.StatusForbidden) // the state is used up
	for _, row := range []struct {
		query, lang, lead string
		status            int
		says              []string
	}{
		{"?code=x&state=" + where.Query().Get("state"), "en", "<h1>You are not logged in</h1>", 403,
			[]string{"This login was not begun here, is over, or was finished already.", "Begin again", `<h2>登录未成功</h2>`, "这次登录不是在此发起的", `href="/api/login/oidc"`, `href="/login"`}},
		{"?error=access_denied&state=x", "zh-CN", "<h1>登录未成功</h1>", 403, []string{"身份认证服务没有允许登录（access_denied）", "The provider let nobody in (access_denied)."}},
		{"?error=%3Cscript%3Ecall+this+number", "en", "<h1>You are not logged in</h1>", 403, []string{"The provider let nobody in (error)."}},
	} {
		w := o.send(h, "GET", "/api/login/oidc/callback"+row.query, "", "Accept", "text/html,*/*;q=0.8", "Accept-Language", row.lang)
		wantStatus(t, w, row.status)
		page := w.Body.String()
		for _, want := range append(row.says, row.lead) {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %q: %s", row.query, want, page)
			}
		}
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || !strings.Contains(w.Header().Get("Content-Security-Policy"), "style-src 'sha256-") ||
			!strings.Contains(page, "<style>"+oidcCSS+"</style>") || strings.Contains(page, "call this number") {
			t.Errorf("%s: %v %s", row.query, w.Header(), page)
		}
	}
	provider.Close()
	o.gate.Provider = &login.Provider{Issuer: provider.URL, ClientID: "tocsin", Client: provider.Client()}
	w = o.send(h, "GET", "/api/login/oidc", "", "Accept", "text/html", "Accept-Language", "zh")
	if wantStatus(t, w, http.StatusServiceUnavailable); !strings.Contains(w.Body.String(), "请过一分钟再试") || strings.Contains(w.Body.String(), provider.URL) {
		t.Errorf("without the provider: %s", w.Body)
	}
}
