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
}
