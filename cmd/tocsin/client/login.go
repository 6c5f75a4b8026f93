package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"tocsin/alerting/console"
	"tocsin/alerting/login"
)

// For names the administrative unit that the caller acts for; empty leaves the choice to the API.
func (c *Client) For(unit string) *Client {
	c.unit = unit
	return c
}

// exchange sends a JSON body and reads a JSON answer; into may be nil.
func (c *Client) exchange(ctx context.Context, method, path string, what, into any) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return c.call(ctx, method, path, "application/json", body, into)
}

// Login opens a session.
func (c *Client) Login(ctx context.Context, name, password, code string) (o login.Opened, err error) {
	err = c.exchange(ctx, http.MethodPost, "/api/login", map[string]string{"name": name, "password": password, "code": code}, &o)
	return o, err
}

// BeginSetup asks for the secret of the authenticator of whoever has a one-time link.
func (c *Client) BeginSetup(ctx context.Context, link, name string) (s login.Secret, err error) {
	err = c.exchange(ctx, http.MethodPost, "/api/setup/begin", map[string]string{"link": link, "name": name}, &s)
	return s, err
}

// SetUp uses a one-time link up, and opens a session.
func (c *Client) SetUp(ctx context.Context, s login.SetUp) (o login.Opened, err error) {
	err = c.exchange(ctx, http.MethodPost, "/api/setup", s, &o)
	return o, err
}

// Logout ends the session of the client.
func (c *Client) Logout(ctx context.Context) error {
	return c.exchange(ctx, http.MethodPost, "/api/logout", struct{}{}, nil)
}

// Me asks who the caller is.
func (c *Client) Me(ctx context.Context) (me console.Me, err error) {
	err = c.call(ctx, http.MethodGet, "/api/me", "", nil, &me)
	return me, err
}

// OwnPassword changes the caller's password; the session is another one afterwards.
func (c *Client) OwnPassword(ctx context.Context, old, next string) (o login.Opened, err error) {
	err = c.exchange(ctx, http.MethodPut, "/api/me/password", map[string]string{"old": old, "new": next}, &o)
	return o, err
}

// BeginTOTP asks for the secret of another authenticator.
func (c *Client) BeginTOTP(ctx context.Context, password string) (s login.Secret, err error) {
	err = c.exchange(ctx, http.MethodPost, "/api/me/totp", map[string]string{"password": password}, &s)
	return s, err
}

// ConfirmTOTP makes the new authenticator count; the session is another one afterwards.
func (c *Client) ConfirmTOTP(ctx context.Context, code string) (o login.Opened, err error) {
	err = c.exchange(ctx, http.MethodPost, "/api/me/totp/confirm", map[string]string{"code": code}, &o)
	return o, err
}

// RemovePasskey lets one of the caller's passkeys log in no more.
func (c *Client) RemovePasskey(ctx context.Context, id string) error {
	return c.exchange(ctx, http.MethodPost, "/api/me/passkeys/"+url.PathEscape(id)+"/remove", struct{}{}, nil)
}

// Accounts lists who may log in.
func (c *Client) Accounts(ctx context.Context) (all []login.Account, err error) {
	err = c.call(ctx, http.MethodGet, "/api/accounts", "", nil, &all)
	return all, err
}

// AddAccount makes an account, and gives the one-time link of its owner.
func (c *Client) AddAccount(ctx context.Context, name string, roles []login.Grant) (l console.Link, err error) {
	err = c.exchange(ctx, http.MethodPost, "/api/accounts", map[string]any{"name": name, "roles": roles}, &l)
	return l, err
}

func accountPath(name string) string { return "/api/accounts/" + url.PathEscape(name) }

// SetRoles puts roles in the place of those that somebody has.
func (c *Client) SetRoles(ctx context.Context, name string, roles []login.Grant) (a console.Account, err error) {
	err = c.exchange(ctx, http.MethodPut, accountPath(name)+"/roles", map[string]any{"roles": roles}, &a)
	return a, err
}

// SetDisabled closes an account, or opens it again.
func (c *Client) SetDisabled(ctx context.Context, name string, disabled bool) (a login.Account, err error) {
	err = c.exchange(ctx, http.MethodPut, accountPath(name)+"/state", map[string]bool{"disabled": disabled}, &a)
	return a, err
}

// NewLink makes another one-time link for somebody.
func (c *Client) NewLink(ctx context.Context, name string) (l console.Link, err error) {
	err = c.exchange(ctx, http.MethodPost, accountPath(name)+"/link", struct{}{}, &l)
	return l, err
}
