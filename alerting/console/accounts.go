package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/alerting/login"
)

// ProposeRoles makes a change of what somebody may do; one that only takes away is made at once.
type ProposeRoles func(ctx context.Context, by alerting.Actor, o login.RolesOrder) (desk.Proposed, error)

// accountRoutes are who may log in, and the record of who did what.
func (c *Console) accountRoutes() []route {
	return []route{
		{"GET /api/accounts", MayAdminister, c.withLogin(c.accounts), "Who may log in", nil, []login.Account{}, 200},
		{"POST /api/accounts", MayAdminister, c.withLogin(c.createAccount), "Make an account; gives a one-time link for its owner. Where the office demands approvals its roles are a change that two people sign", newAccount{}, Link{}, 201},
		{"PUT /api/accounts/{name}/roles", MayAdminister, c.withLogin(c.setRoles), "Put roles in the place of those that somebody has; where the office demands approvals, new ones are a change that two people sign", rolesBody{}, Account{}, 200},
		{"PUT /api/accounts/{name}/state", MayAdminister, c.withLogin(c.setState), "Close an account, which ends its sessions at once, or open it again", stateBody{}, login.Account{}, 200},
		{"POST /api/accounts/{name}/link", MayAdminister, c.withLogin(c.newLink), "A one-time link for somebody who lost his password or authenticator", nil, Link{}, 201},
	}
}

type (
	newAccount struct {
		Name  string        `json:"name"`
		Roles []login.Grant `json:"roles"`
	}
	rolesBody struct {
		Roles []login.Grant `json:"roles"`
	}
	stateBody struct {
		Disabled bool `json:"disabled"`
	}
)

// Link is a one-time link as the API tells it, once.
type Link struct {
	// URL is the page that takes it, where the office has named its address (login.public_url); else it is a path.
	URL   string    `json:"url"`
	Token string    `json:"token"`
	Until time.Time `json:"until"`
	// Change is set when the account has no roles yet, because two people must sign them.
	Change *desk.Proposed `json:"change,omitempty"`
}

// Account is somebody who may log in.
type Account struct {
	login.Account
	// Change is set when the roles are as they were, because two people must sign what is new.
	Change *desk.Proposed `json:"change,omitempty"`
}

// SetupURL is the address of a one-time link. The token stands behind #, so that browsers send it to no server and no log has it.
func SetupURL(public, token string) string { return public + "/setup#" + url.QueryEscape(token) }

func (c *Console) linkOf(l login.Link) Link {
	return Link{URL: SetupURL(c.PublicURL, l.Token), Token: l.Token, Until: l.Until}
}

func (c *Console) accounts(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	all, err := c.Login.Accounts(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

// governs refuses an administrator of a unit who reaches beyond it: every role that is given or taken must lie within. Whoever has no
// role belongs to the whole office.
func (c *Console) governs(r *http.Request, grants []login.Grant) error {
	if len(grants) == 0 {
		return c.Allows(r.Context(), MayAdminister, "")
	}
	for _, g := range grants {
		if err := c.Allows(r.Context(), MayAdminister, g.Unit); err != nil {
			return err
		}
	}
	return nil
}

func (c *Console) createAccount(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var b newAccount
	if err := readJSON(w, r, &b); err != nil {
		return err
	}
	if err := c.governs(r, b.Roles); err != nil {
		return err
	}
	now := b.Roles
	if c.ProposeRoles != nil {
		now = nil
	}
	l, err := c.Login.Create(r.Context(), by, b.Name, now)
	if err != nil {
		return err
	}
	answer := c.linkOf(l)
	if len(now) < len(b.Roles) {
		p, err := c.ProposeRoles(r.Context(), by, login.RolesOrder{Account: b.Name, Roles: b.Roles})
		if err != nil {
			return fmt.Errorf("the account was made, and has no roles: %w", err)
		}
		answer.Change = &p
	}
	writeJSON(w, http.StatusCreated, answer)
	return nil
}

// doTo does something to the account of a path that the caller governs, and gives the account as it then is.
func (c *Console) doTo(r *http.Request, do func(name string) error) (login.Account, error) {
	a, err := c.Login.Account(r.Context(), r.PathValue("name"))
	if err == nil {
		err = c.governs(r, a.Roles)
	}
	if err == nil {
		err = do(a.Name)
	}
	if err != nil {
		return login.Account{}, err
	}
	return c.Login.Account(r.Context(), a.Name)
}

func (c *Console) setRoles(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var b rolesBody
	if err := readJSON(w, r, &b); err != nil {
		return err
	}
	var change *desk.Proposed
	a, err := c.doTo(r, func(name string) error {
		for _, g := range b.Roles {
			if err := c.Allows(r.Context(), MayAdminister, g.Unit); err != nil {
				return err
			}
		}
		if c.ProposeRoles == nil {
			return c.Login.SetRoles(r.Context(), by, name, b.Roles)
		}
		p, err := c.ProposeRoles(r.Context(), by, login.RolesOrder{Account: name, Roles: b.Roles})
		if p.State == desk.ChangeOpen {
			change = &p
		}
		return err
	})
	return orJSON(w, Account{a, change}, err)
}

func (c *Console) setState(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var b stateBody
	if err := readJSON(w, r, &b); err != nil {
		return err
	}
	a, err := c.doTo(r, func(name string) error { return c.Login.SetDisabled(r.Context(), by, name, b.Disabled) })
	return orJSON(w, a, err)
}

func (c *Console) newLink(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	a, err := c.Login.Account(r.Context(), r.PathValue("name"))
	if err == nil {
		err = c.governs(r, a.Roles)
	}
	if err != nil {
		return err
	}
	l, err := c.Login.NewLink(r.Context(), by, a.Name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, c.linkOf(l))
	return nil
}
