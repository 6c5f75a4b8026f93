package login

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"tocsin/alerting"
	"tocsin/alerting/store/storetest"
)

// issuer is an OpenID Connect provider over HTTP: discovery, keys, and the token end of the code flow, with PKCE.
type issuer struct {
	*httptest.Server
	t   *testing.T
	key *ecdsa.PrivateKey
	// claims are those of the next ID token; forge, if set, makes the token instead of the key.
	claims map[string]any
	forge  func(payload []byte) string
	// challenge is the PKCE challenge of the code that was given out.
	challenge string
	now       func() time.Time
}

func newIssuer(t *testing.T, now func() time.Time) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, now: now}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": i.URL, "authorization_endpoint": i.URL + "/auth", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"ES256", "none"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if r.FormValue("code") != "the-code" || base64.RawURLEncoding.EncodeToString(sum[:]) != i.challenge {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": i.token(i.key)})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) token(key *ecdsa.PrivateKey) string {
	payload, err := json.Marshal(i.claims)
	if err != nil {
		i.t.Error(err)
	}
	if i.forge != nil {
		return i.forge(payload)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		i.t.Error(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		i.t.Error(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		i.t.Error(err)
	}
	return text
}

// flow logs somebody in whom the provider knows as subject; change may spoil what happens on the way.
func (i *issuer) flow(h *house, subject, name string, change func(state, code, browser *string)) (Opened, error) {
	h.t.Helper()
	where, browser, err := h.BeginOIDC(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	u, err := url.Parse(where)
	if err != nil {
		h.t.Fatal(err)
	}
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("client_id") != "tocsin" || q.Get("redirect_uri") != "https://desk.example/api/login/oidc/callback" || len(q.Get("state")) < 40 {
		h.t.Errorf("the way to the provider: %s", where)
	}
	i.challenge, i.forge = q.Get("code_challenge"), nil
	i.claims = map[string]any{"iss": i.URL, "aud": "tocsin", "sub": subject, "preferred_username": name, "nonce": q.Get("nonce"), "groups": []string{"desk", "other"},
		"iat": i.now().Unix(), "exp": i.now().Add(time.Minute).Unix()}
	state, code := q.Get("state"), "the-code"
	if change != nil {
		change(&state, &code, &browser)
	}
	return h.ByOIDC(h.t.Context(), here, state, code, browser)
}

func oidcHouse(t *testing.T) (*house, *issuer) {
	t.Helper()
	h := newHouse(t, storetest.Open(t))
	h.Lockout.After = 1000
	i := newIssuer(t, h.clock)
	h.Provider = &Provider{Issuer: i.URL, ClientID: "tocsin", ClientSecret: "s", RedirectURL: "https://desk.example/api/login/oidc/callback",
		NameClaim: "preferred_username", Client: &http.Client{Timeout: 5 * time.Second}}
	return h, i
}

func TestOIDC(t *testing.T) {
	h, i := oidcHouse(t)
	h.person("tomas")
	o, err := i.flow(h, "subject-1", "mei", nil)
	if err != nil || o.Account.Name != "mei" || len(o.Account.Roles) != 0 || o.Account.Outside != i.URL || !h.alive(o.Token) {
		t.Fatalf("%+v %v", o, err)
	}
	if err := h.SetRoles(t.Context(), boss, "mei", []Grant{{"X", Author}}); err != nil {
		t.Fatal(err)
	}
	if o, err = i.flow(h, "subject-1", "another name", nil); err != nil || o.Account.Name != "mei" || len(o.Account.Roles) != 1 {
		t.Errorf("the same subject: %+v %v", o, err)
	}
	for _, name := range []string{"mei", "TOMAS"} {
		if _, err := i.flow(h, "subject-2", name, nil); !errors.Is(err, alerting.ErrConflict) {
			t.Errorf("another subject takes the name %s: %v", name, err)
		}
	}
	if _, err := i.flow(h, "subject-3", "desk", nil); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("the name of the desk: %v", err)
	}
	if _, err := h.ByPassword(t.Context(), here, "mei", "", ""); !errors.Is(err, ErrWrong) {
		t.Errorf("an account of outside has a password: %v", err)
	}
	h.Provider.RolesClaim, h.Provider.Roles = "groups", map[string][]Grant{"desk": {{"Y", Approver}}}
	if o, err = i.flow(h, "subject-1", "mei", nil); err != nil || len(o.Account.Roles) != 1 || o.Account.Roles[0] != (Grant{"Y", Approver}) {
		t.Errorf("roles of the provider: %+v %v", o, err)
	}
	if err := h.SetDisabled(t.Context(), boss, "mei", true); err != nil {
		t.Fatal(err)
	}
	if _, err := i.flow(h, "subject-1", "mei", nil); !errors.Is(err, ErrWrong) {
		t.Errorf("a closed account: %v", err)
	}
}

func TestOIDCRefuses(t *testing.T) {
	h, i := oidcHouse(t)
	claim := func(name string, value any) func(state, code, browser *string) {
		return func(_, _, _ *string) { i.claims[name] = value }
	}
	encode := base64.RawURLEncoding.EncodeToString
	stranger := newIssuer(t, h.clock)
	for what, change := range map[string]func(state, code, browser *string){
		"a state of nobody":    func(state, _, _ *string) { *state = "x" },
		"another browser":      func(_, _, browser *string) { *browser = "x" },
		"no browser":           func(_, _, browser *string) { *browser = "" },
		"a code of nobody":     func(_, code, _ *string) { *code = "x" },
		"a verifier of none":   func(_, _, _ *string) { i.challenge = "x" },
		"another audience":     claim("aud", "somebody else"),
		"another issuer":       claim("iss", "https://evil.example"),
		"a token that is over": claim("exp", h.clock().Add(-time.Hour).Unix()),
		"another login":        claim("nonce", "x"),
		"no nonce":             claim("nonce", ""),
		"no subject":           claim("sub", ""),
		"the algorithm none": func(_, _, _ *string) {
			i.forge = func(payload []byte) string { return encode([]byte(`{"alg":"none"}`)) + "." + encode(payload) + "." }
		},
		"the public key as a secret": func(_, _, _ *string) {
			i.forge = func(payload []byte) string {
				return encode([]byte(`{"alg":"HS256","kid":"1"}`)) + "." + encode(payload) + "." + encode(make([]byte, 32))
			}
		},
		"a key of somebody else": func(_, _, _ *string) {
			i.forge = func([]byte) string { stranger.claims = i.claims; return stranger.token(stranger.key) }
		},
		"no token": func(_, _, _ *string) { i.forge = func([]byte) string { return "" } },
	} {
		t.Run(what, func(t *testing.T) {
			_, err := i.flow(h, "subject", "mei", change)
			if !errors.Is(err, alerting.ErrForbidden) {
				t.Errorf("%v, want ErrForbidden", err)
			}
		})
	}
	if all, err := h.Accounts(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("an account was made: %+v %v", all, err)
	}
	var used string
	if _, err := i.flow(h, "subject", "mei", func(state, _, _ *string) { used = *state }); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ByOIDC(t.Context(), here, used, "the-code", ""); !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), "finished already") {
		t.Errorf("a state counts twice: %v", err)
	}
	i.Close()
	h.Provider.known = nil
	if _, _, err := h.BeginOIDC(t.Context()); !errors.Is(err, alerting.ErrUnavailable) {
		t.Errorf("the provider is away: %v", err)
	}
}
