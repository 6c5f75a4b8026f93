package pages

import (
	"cmp"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"tocsin/cap/event"
)

// Pages are all pages of an office.
type Pages struct {
	// API is the admin API, console.Handler.
	API http.Handler
	// Office is the name of the office, as it stands above every page.
	Office string
	// Sender is the CAP sender of what is written here, and Identifier makes the identifier of a new document.
	Sender     string
	Identifier func(now time.Time) (string, error)
	// Zone is in which times are shown and typed; nil means UTC.
	Zone *time.Location
	// Tiles is the address of the office's map tiles ("https://tiles.example/{z}/{x}/{y}.png"); empty: outlines only.
	Tiles string
	// OIDC is what people call the provider of OpenID Connect where they may log in; empty where there is none.
	OIDC string
	// PlainCookie: the listener is plain HTTP on loopback, where browsers refuse secure cookies.
	PlainCookie bool
	// Relying is the host name that passkeys are bound to (approval.Relying.ID); empty: no passkey can sign here.
	Relying string
	Now     func() time.Time
	Log     *slog.Logger

	words     words
	templates map[string]*template.Template
	static    *static
	events    *event.Tables
}

// route is a page, or what a form does. Without a world in its pattern it is the same in all worlds.
type route struct {
	pattern string
	answer  func(q *request) error
	// open: nobody need be logged in.
	open bool
	// most is how much a form may send, in bytes; 0 means maxForm.
	most int64
}

// routes are all pages, by area.
func (p *Pages) routes() []route {
	return slices.Concat(
		p.loginRoutes(),
		p.homeRoutes(),
		p.draftsRoutes(),
		p.alertRoutes(),
		p.letterRoutes(),
		p.windowRoutes(),
		p.composeRoutes(),
		p.setupRoutes(),
		p.accountRoutes(),
		p.officeRoutes(),
		p.partsRoutes(),
	)
}

// Handler serves the pages. It fails when a template or a catalogue is broken, which tests find before users do.
func (p *Pages) Handler() (http.Handler, error) {
	var err error
	if p.words, err = readWords(); err != nil {
		return nil, err
	}
	if p.static, err = readStatic(); err != nil {
		return nil, err
	}
	if p.templates, err = readTemplates(); err != nil {
		return nil, err
	}
	if p.events, err = event.Read(); err != nil {
		return nil, err
	}
	p.Now = orNow(p.Now)
	mux := http.NewServeMux()
	for _, r := range p.routes() {
		for _, pattern := range inWorlds(r.pattern) {
			mux.Handle(pattern, p.serve(r))
		}
	}
	mux.Handle("GET /static/{name}", p.static)
	mux.Handle("/", p.serve(route{answer: nowhere, open: true}))
	packed, err := packs()
	if err != nil {
		return nil, err
	}
	// No form of another site is taken, not even that of the login.
	return p.secure(http.NewCrossOriginProtection().Handler(packed(mux))), nil
}

// packs compresses pages on their way. Their length is jittered: what is secret in them cannot be guessed from it (BREACH).
func packs() (func(http.Handler) http.HandlerFunc, error) {
	return gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.ContentTypes([]string{"text/html", "application/geo+json"}), gzhttp.RandomJitter(32, 0, false))
}

// inWorlds is a pattern once for each world that it may be in: "GET /{world}/drafts" stands for three.
func inWorlds(pattern string) []string {
	if !strings.Contains(pattern, " /{world}") {
		return []string{pattern}
	}
	var out []string
	for _, w := range worlds() {
		out = append(out, strings.Replace(pattern, "{world}", w, 1))
	}
	return out
}

// secure sets what browsers need to know to trust nothing but us.
func (p *Pages) secure(next http.Handler) http.Handler {
	images := "'self' data:"
	if scheme, rest, ok := strings.Cut(p.Tiles, "://"); ok {
		host, _, _ := strings.Cut(rest, "/")
		images += " " + scheme + "://" + host
	}
	policy := "default-src 'none'; script-src 'self'; style-src 'self'; img-src " + images +
		"; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func orNow(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

// zone is in which times are shown.
func (p *Pages) zone() *time.Location { return cmp.Or(p.Zone, time.UTC) }

// nowhere answers for an address that no page has.
func nowhere(q *request) error {
	return &Problem{Status: http.StatusNotFound, Title: q.T("error.nowhere"), Detail: fmt.Sprintf("%.200s", q.r.URL.Path)}
}
