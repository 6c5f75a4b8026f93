package serve

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/console"
	"tocsin/alerting/login"
	"tocsin/cmd/tocsin/config"
)

// gate builds how people log in.
func (h *house) gate() (*login.Gate, error) {
	l := h.cfg.Login
	var partners []string
	for _, s := range h.cfg.Inbox.Sources {
		partners = append(partners, s.Name)
	}
	provider, err := provider(l.OIDC)
	if err != nil {
		return nil, fmt.Errorf("login.oidc: %w", err)
	}
	g, err := login.New(login.Config{DB: h.db, Redis: h.rdb, Prefix: h.cfg.Redis.Prefix, Keys: h.keys, Note: login.Note(h.note), Now: h.now,
		Log: h.log.With("role", "api"), Metrics: login.NewMetrics(h.reg), Office: h.cfg.Office.Name, Idle: l.Idle, Longest: l.Longest,
		Lockout: login.Lockout{After: l.Lockout.After, First: l.Lockout.First, Longest: l.Lockout.Longest},
		Relying: relying(h.cfg), Reserved: partners, Provider: provider})
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	return g, nil
}

// providerTime bounds one question to the OpenID Connect provider.
const providerTime = 5 * time.Second

// provider is the OpenID Connect provider of a configuration; nil where it names none.
func provider(o config.OIDC) (*login.Provider, error) {
	if o.Issuer == "" {
		return nil, nil
	}
	secret, err := config.Secret(o.ClientSecretFile)
	if err != nil {
		return nil, fmt.Errorf("client_secret_file: %w", err)
	}
	p := &login.Provider{Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: secret, RedirectURL: o.RedirectURL, NameClaim: o.NameClaim,
		RolesClaim: o.RolesClaim, Roles: make(map[string][]login.Grant), Client: &http.Client{Timeout: providerTime}}
	for value, grants := range o.Roles {
		for _, g := range grants {
			p.Roles[value] = append(p.Roles[value], login.Grant{Unit: g.Unit, Role: login.Role(g.Role)})
		}
	}
	return p, nil
}

// relying is whose passkeys log in: what approval.passkey names, else the host of login.public_url; zero where neither can have any.
func relying(cfg *config.Config) approval.Relying {
	if p := cfg.Approval.Passkey; p.ID != "" {
		return approval.Relying{ID: p.ID, Origins: p.Origins}
	}
	r := approval.Relying{ID: cfg.Login.Host(), Origins: []string{cfg.Login.PublicURL}}
	if r.Check() != nil {
		return approval.Relying{}
	}
	return r
}

// letPeopleIn lets people log in at the console, if the configuration says so. Where there is no account yet it tells the link of the
// first administrator, in one line and once.
func (h *house) letPeopleIn(ctx context.Context, group *errgroup.Group, c *console.Console) error {
	if !h.cfg.Login.Enabled {
		return nil
	}
	g, err := h.gate()
	if err != nil {
		return err
	}
	h.login = g
	if c.Proxies, err = h.cfg.Login.Proxies(); err != nil {
		return fmt.Errorf("login.trusted_proxies: %w", err)
	}
	c.Login, c.PublicURL, c.PlainCookie = g, PublicURL(h.cfg), h.cfg.Plain()
	link, needed, err := g.FirstLink(ctx)
	if err != nil {
		return fmt.Errorf("login: the link of a first administrator: %w", err)
	}
	if needed {
		h.log.Warn("nobody has an account yet: whoever opens this link first becomes administrator (also: tocsin setup LINK)",
			"link", console.SetupURL(c.PublicURL, link.Token), "until", link.Until.UTC().Format(time.RFC3339))
	}
	group.Go(func() error { return g.Run(ctx) })
	return nil
}

// PublicURL is where people's browsers find the API: login.public_url, else where it listens.
func PublicURL(cfg *config.Config) string {
	switch {
	case cfg.Login.PublicURL != "":
		return cfg.Login.PublicURL
	case cfg.API.CertFile != "":
		return "https://" + cfg.API.Listen
	}
	return "http://" + cfg.API.Listen
}

// bareGate is how people log in to an office whose stores a configuration names, and of which nothing runs here. close ends it.
func bareGate(ctx context.Context, cfg *config.Config, log *slog.Logger, now func() time.Time) (g *login.Gate, closing func(), err error) {
	h := &house{cfg: cfg, log: log, reg: prometheus.NewRegistry(), now: now}
	for _, step := range []func(context.Context) error{h.openKeys, h.openSQL, h.checkKeyring, h.openRedis} {
		if err := step(ctx); err != nil {
			h.close()
			return nil, nil, err
		}
	}
	if g, err = h.gate(); err != nil {
		h.close()
	}
	return g, h.close, err
}

// AdministratorLink makes a one-time link for one more administrator, of an office whose stores the configuration names. It gives the
// address of the page that takes it.
func AdministratorLink(ctx context.Context, cfg *config.Config, log *slog.Logger) (url string, until time.Time, err error) {
	g, closing, err := bareGate(ctx, cfg, log, time.Now)
	if err != nil {
		return "", until, err
	}
	defer closing()
	l, err := g.AdministratorLink(ctx)
	if err != nil {
		return "", until, err
	}
	return console.SetupURL(PublicURL(cfg), l.Token), l.Until, nil
}

// Ready is an account that can log in at once: whoever reads this has both factors.
type Ready struct {
	Name, Password string
	Grants         []login.Grant
	// Secret is that of the authenticator, URI the same as authenticators read it.
	Secret, URI string
}

// MakeReady makes accounts for a demonstration, of which the first becomes administrator of the whole office. ErrForbidden where
// the API is not on loopback with stores of its own.
func MakeReady(ctx context.Context, cfg *config.Config, log *slog.Logger, all []Ready) error {
	if kafkaIn, redisIn := cfg.InProcess(); !kafkaIn || !redisIn || !cfg.API.Loopback() {
		return fmt.Errorf("%w: ready accounts are for a demonstration on this machine alone", alerting.ErrForbidden)
	}
	return MakeAccounts(ctx, cfg, log, all)
}

// MakeAccounts does so in any stores: whoever can call it holds their keys anyhow.
func MakeAccounts(ctx context.Context, cfg *config.Config, log *slog.Logger, all []Ready) error {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	// The code of the set-up is used up: one of some minutes ago leaves those of now to be used.
	g, closing, err := bareGate(ctx, cfg, log, func() time.Time { return time.Now().Add(-5 * time.Minute) })
	if err != nil {
		return err
	}
	defer closing()
	by := alerting.Actor{Name: "demo", Kind: "engine"}
	for i := range all {
		if err := makeReady(ctx, g, by, &all[i], i == 0); err != nil {
			return fmt.Errorf("make the account %s: %w", all[i].Name, err)
		}
	}
	return nil
}

func makeReady(ctx context.Context, g *login.Gate, by alerting.Actor, r *Ready, first bool) error {
	link, err := g.AdministratorLink(ctx)
	if !first {
		link, err = g.Create(ctx, by, r.Name, r.Grants)
	}
	if err != nil {
		return err
	}
	s, err := g.BeginSetup(ctx, link.Token, r.Name)
	if err != nil {
		return err
	}
	r.Secret, r.URI = s.Secret, s.URI
	code, err := login.Code(s.Secret, g.Now())
	if err != nil {
		return err
	}
	_, err = g.FinishSetup(ctx, login.SetUp{Link: link.Token, Name: r.Name, Password: r.Password, Code: code})
	return err
}
