package login

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/redis/go-redis/v9"
	"github.com/uptrace/bun"
	"golang.org/x/oauth2"

	"tocsin/alerting"
)

// Provider is where people of an office log in that has OpenID Connect (OpenID Connect Core 1.0, authorization code flow with PKCE).
type Provider struct {
	Issuer, ClientID, ClientSecret, RedirectURL string
	// NameClaim is the claim that a new account is named after.
	NameClaim string
	// RolesClaim holds texts that Roles turns into roles, at every login. Empty: an administrator gives the roles.
	RolesClaim string
	Roles      map[string][]Grant
	// Client is what the provider is asked with; its time-out must be short.
	Client *http.Client

	mu    sync.Mutex
	known *oidc.Provider
}

const (
	// askedLife is how long somebody may take at the provider.
	askedLife = 10 * time.Minute
	// providerTime bounds all that one login asks of the provider.
	providerTime = 10 * time.Second
)

// asked is a login that is under way at the provider, under the SHA-256 of its state.
type asked struct {
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	// Browser is the SHA-256 of what its cookie holds: nobody finishes in another browser what he began.
	Browser string `json:"browser"`
}

// find asks the provider once what it is like; until it answers, each login asks again.
func (p *Provider) find(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known != nil {
		return p.known, nil
	}
	// The keys are fetched later, with the client of this context: it must not end with the request.
	known, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.Client), p.Issuer)
	if err != nil {
		return nil, unavailable("ask the OpenID Connect provider what it is like", err)
	}
	p.known = known
	return known, nil
}

func (p *Provider) oauth(known *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.ClientSecret, RedirectURL: p.RedirectURL, Endpoint: known.Endpoint(),
		Scopes: []string{oidc.ScopeOpenID, "profile"}}
}

func (g *Gate) askedKey(state string) string { return g.Prefix + "login:oidc:" + hashOf(state) }

// errNoProvider: the configuration names none.
func errNoProvider() error {
	return alerting.Refuse(alerting.ErrState, "oidc.none", "the configuration names no OpenID Connect provider (login.oidc)")
}

// BeginOIDC gives the address at the provider where somebody logs in, and what his browser must show when he comes back.
func (g *Gate) BeginOIDC(ctx context.Context) (url, browser string, err error) {
	if g.Provider == nil {
		return "", "", errNoProvider()
	}
	ctx, cancel := context.WithTimeout(ctx, providerTime)
	defer cancel()
	known, err := g.Provider.find(ctx)
	if err != nil {
		return "", "", err
	}
	state, _ := newToken()
	nonce, _ := newToken()
	browser, hash := newToken()
	a := asked{Nonce: nonce, Verifier: oauth2.GenerateVerifier(), Browser: hash}
	text, err := json.Marshal(a)
	if err != nil {
		return "", "", fmt.Errorf("log in with OpenID Connect: %w", err)
	}
	if err := g.Redis.Set(ctx, g.askedKey(state), text, askedLife).Err(); err != nil {
		return "", "", unavailable("log in with OpenID Connect", err)
	}
	return g.Provider.oauth(known).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(a.Verifier)), browser, nil
}

// ByOIDC opens a session for somebody whom the provider sent back. The account is that of issuer and subject, and is made at the first
// login. The error is ErrForbidden when anything does not fit, ErrConflict when the name belongs to another account.
func (g *Gate) ByOIDC(ctx context.Context, address, state, code, browser string) (Opened, error) {
	if g.Provider == nil {
		return Opened{}, errNoProvider()
	}
	if _, err := g.attempt(ctx, address, ""); err != nil {
		return Opened{}, err
	}
	told, err := g.told(ctx, state, code, browser)
	if err != nil {
		g.Log.WarnContext(ctx, "a login with OpenID Connect was refused", "error", err)
		g.failed.failedAt("", false)
		return Opened{}, g.counted("wrong", err)
	}
	r, err := g.outsider(ctx, told)
	if err != nil {
		return Opened{}, g.counted("wrong", fmt.Errorf("log in with OpenID Connect: %w", err))
	}
	if err := g.enter(ctx, &r, 0, byOIDC); err != nil {
		return Opened{}, err
	}
	if err := g.forgive(ctx, address, ""); err != nil {
		return Opened{}, err
	}
	return g.open(ctx, &r, byOIDC)
}

// claims are what the provider says of somebody.
type claims struct {
	subject, name string
	grants        []Grant
}

func refusedOIDC(code, format string, args ...any) error {
	return fmt.Errorf("log in with OpenID Connect: %w", alerting.Refuse(alerting.ErrForbidden, code, format, args...))
}

// told uses a state up, changes the code for an ID token, and verifies that: issuer, audience, time, signature with a key of the
// provider, and the nonce (OpenID Connect Core 1.0 §3.1.3.7).
func (g *Gate) told(ctx context.Context, state, code, browser string) (claims, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, g.Provider.Client), providerTime)
	defer cancel()
	text, err := g.Redis.GetDel(ctx, g.askedKey(state)).Bytes()
	if errors.Is(err, redis.Nil) {
		return claims{}, refusedOIDC("oidc.not-begun", "this login was not begun here, is over, or was finished already")
	}
	if err != nil {
		return claims{}, unavailable("log in with OpenID Connect", err)
	}
	var a asked
	if err := json.Unmarshal(text, &a); err != nil {
		return claims{}, fmt.Errorf("log in with OpenID Connect: %w", err)
	}
	sum := sha256.Sum256([]byte(browser))
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(a.Browser)) != 1 {
		return claims{}, refusedOIDC("oidc.other-browser", "this login was begun in another browser")
	}
	known, err := g.Provider.find(ctx)
	if err != nil {
		return claims{}, err
	}
	token, err := g.Provider.oauth(known).Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return claims{}, refusedOIDC("oidc.code", "the provider did not take the code")
	}
	raw, _ := token.Extra("id_token").(string)
	verifier := known.Verifier(&oidc.Config{ClientID: g.Provider.ClientID, Now: g.Now,
		SupportedSigningAlgs: []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}})
	id, err := verifier.Verify(ctx, raw)
	if err != nil {
		return claims{}, refusedOIDC("oidc.token", "the ID token: %v", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1 {
		return claims{}, refusedOIDC("oidc.other-login", "the ID token is of another login (nonce)")
	}
	return g.Provider.read(id)
}

// read takes from an ID token what is wanted.
func (p *Provider) read(id *oidc.IDToken) (claims, error) {
	var all map[string]any
	if err := id.Claims(&all); err != nil {
		return claims{}, refusedOIDC("oidc.token", "the ID token: %v", err)
	}
	c := claims{subject: id.Subject, grants: []Grant{}}
	c.name, _ = all[p.NameClaim].(string)
	if c.subject == "" || len(c.subject) > 255 {
		return claims{}, refusedOIDC("oidc.no-subject", "the ID token names no subject of 1 to 255 bytes")
	}
	values, _ := all[p.RolesClaim].([]any)
	if one, ok := all[p.RolesClaim].(string); ok {
		values = []any{one}
	}
	for _, v := range values {
		text, _ := v.(string)
		c.grants = append(c.grants, p.Roles[text]...)
	}
	return c, nil
}

// outsider is the account of somebody whom the provider knows. Where the provider gives the roles, they are those of this login.
func (g *Gate) outsider(ctx context.Context, c claims) (r accountRow, err error) {
	err = g.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		r = accountRow{}
		err := tx.NewSelect().Model(&r).Where("issuer = ?", g.Provider.Issuer).Where("subject = ?", c.subject).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			r, err = g.makeOutsider(ctx, tx, c)
		}
		if err != nil {
			return err
		}
		if g.Provider.RolesClaim == "" {
			return nil
		}
		return putGrants(ctx, tx, r.Key, c.grants)
	})
	return r, err
}

func (g *Gate) makeOutsider(ctx context.Context, tx bun.Tx, c claims) (accountRow, error) {
	if err := g.checkName(c.name); err != nil {
		return accountRow{}, fmt.Errorf("the claim %s: %w", g.Provider.NameClaim, err)
	}
	r := accountRow{Key: keyOf(c.name), Name: c.name, State: Active, TOTP: []byte{}, Pending: []byte{}, Issuer: g.Provider.Issuer, Subject: c.subject,
		CreatedMS: g.Now().UnixMilli()}
	if _, taken, err := row(ctx, tx, r.Key); err != nil || taken {
		return r, errors.Join(alerting.Refuse(alerting.ErrConflict, "oidc.name-taken", "the name %q belongs to another account", c.name), err)
	}
	one := r
	if _, err := tx.NewInsert().Model(&one).Exec(ctx); err != nil {
		return r, err
	}
	return r, g.note(ctx, tx, Account{Name: r.Name}.actor(), verbCreated, r.Name, map[string]any{"issuer": r.Issuer, "roles": c.grants})
}
