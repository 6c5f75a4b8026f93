package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/login"
)

// Caller is who asks: a token of the configuration, or a person who is logged in. What he may do holds in units, and in all units
// below each; the unit "" is the whole office.
type Caller struct {
	// Actor is how the desk and the journal call him, with the unit that he acts for.
	Actor alerting.Actor
	// Session is that of a person; nil for a token.
	Session *login.Session
	// Worlds are the only ones that he may see and touch; empty means all.
	Worlds []alerting.World
	grants []grant
	// secret is the token of the session; cookie: it came as a cookie.
	secret string
	cookie bool
}

// grant is what somebody may do in a unit.
type grant struct {
	unit string
	may  []Right
}

// rightsOf is what a role may do.
func rightsOf(r login.Role) []Right {
	switch r {
	case login.Author:
		return []Right{MayIssue, MayRead}
	case login.Approver:
		return []Right{MayApprove, MayRead}
	case login.DutyOfficer:
		return []Right{MayIssue, MayApprove, MayCancel, MayRead, MayRedrive}
	case login.Administrator:
		return []Right{MayAdminister, MayImport, MayRead}
	case login.Auditor:
		return []Right{MayRead, MayAudit}
	case login.Viewer:
		return []Right{MayRead}
	}
	return nil
}

// The reasons for turning somebody away.
var (
	errNobody  = errors.New("nobody is logged in")
	errForeign = alerting.Refuse(nil, "request.foreign", "the request comes from another site's page")
)

// UnitHeader is where somebody who acts for several units says for which.
const UnitHeader = "Tocsin-Unit"

// caller says who asks. The error is errNobody, errForeign, or ErrUnavailable when nobody can tell.
func (c *Console) caller(r *http.Request) (Caller, error) {
	secret, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if t, ok := c.token(secret); ok && bearer {
		return Caller{Actor: alerting.Actor{Name: t.Name, Kind: "token", Unit: t.Unit}, grants: []grant{{t.Unit, t.May}}, Worlds: t.Worlds}, nil
	}
	if c.Login == nil {
		return Caller{}, errNobody
	}
	cookie := false
	if !bearer {
		k, err := r.Cookie(c.cookieName())
		if err != nil {
			return Caller{}, errNobody
		}
		if err := c.sameOrigin(r); err != nil {
			return Caller{}, err
		}
		secret, cookie = k.Value, true
	}
	s, ok, err := c.Login.Session(r.Context(), secret)
	if err != nil {
		return Caller{}, err
	}
	if !ok {
		return Caller{}, errNobody
	}
	return person(s, secret, cookie), nil
}

// person is somebody who is logged in.
func person(s login.Session, secret string, cookie bool) Caller {
	who := Caller{Actor: alerting.Actor{Name: s.Account.Name, Kind: "person"}, Session: &s, secret: secret, cookie: cookie}
	for _, g := range s.Account.Roles {
		who.grants = append(who.grants, grant{g.Unit, rightsOf(g.Role)})
	}
	return who
}

// has reports whether somebody has a right anywhere.
func (who *Caller) has(right Right) bool {
	return right == Known || len(who.units(right)) > 0
}

// units are those in which somebody has a right, each once, in order.
func (who *Caller) units(right Right) []string {
	var out []string
	for _, g := range who.grants {
		if right.among(g.may) {
			out = append(out, g.unit)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// May says whether somebody may do what a right allows to a thing of a unit: he has the right there, or in a unit above. The whole
// office is above all, and below none.
func (c *Console) May(ctx context.Context, who Caller, right Right, unit string) (bool, error) {
	for _, upper := range who.units(right) {
		if upper == "" || upper == unit {
			return true, nil
		}
		if unit == "" || c.Within == nil {
			continue
		}
		if within, err := c.Within(ctx, unit, upper); err != nil || within {
			return within, err
		}
	}
	return false, nil
}

// Allows is May for the caller of a request; its error is ErrForbidden when he may not.
func (c *Console) Allows(ctx context.Context, right Right, unit string) error {
	who, ok := ctx.Value(callerKey{}).(Caller)
	if !ok {
		return alerting.Refuse(alerting.ErrForbidden, "login.nobody", "nobody is logged in")
	}
	may, err := c.May(ctx, who, right, unit)
	if err != nil || may {
		return err
	}
	return lacksIn(alerting.ErrForbidden, who.Actor.Name, right, unit)
}

// lacksIn says that somebody lacks a right in a unit, or in the whole office.
func lacksIn(kind error, name string, right Right, unit string) error {
	if unit == "" {
		return alerting.Refuse(kind, "right.office", "%s lacks the right %s in the whole office", name, alerting.Term(right))
	}
	return alerting.Refuse(kind, "right.unit", "%s lacks the right %s in the unit %s", name, alerting.Term(right), unit)
}

// callerKey is where the context of a request has its caller.
type callerKey struct{}

func withCaller(ctx context.Context, who Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, who)
}

// callerOf is who asks; only handlers of routes that take a right may ask for him.
func callerOf(ctx context.Context) Caller {
	who, _ := ctx.Value(callerKey{}).(Caller)
	return who
}

// lacks: somebody is known, and may not.
type lacks struct{ why error }

func (l *lacks) Error() string { return l.why.Error() }

func (l *lacks) Unwrap() error { return l.why }

// choose looks whether a caller has a right, and settles the unit that he acts for: the one that the header names; else the whole
// office or the only unit in which he has the right.
func (c *Console) choose(r *http.Request, who *Caller, right Right) error {
	if right == Known {
		return nil
	}
	units := who.units(right)
	if len(units) == 0 {
		if who.Session != nil {
			return &lacks{alerting.Refuse(nil, "right.account", "the account %s lacks the right %s", who.Actor.Name, alerting.Term(right))}
		}
		return &lacks{alerting.Refuse(nil, "right.token", "the token %s lacks the right %s", who.Actor.Name, alerting.Term(right))}
	}
	asked := r.Header.Values(UnitHeader)
	switch {
	case len(asked) > 0:
		may, err := c.May(r.Context(), *who, right, asked[0])
		if err != nil {
			return err
		}
		if !may || len(asked) > 1 {
			return &lacks{lacksIn(nil, who.Actor.Name, right, asked[0])}
		}
		who.Actor.Unit = asked[0]
	case units[0] == "" || len(units) == 1:
		who.Actor.Unit = units[0]
	case right == MayRead: // reading is done for nobody
	default:
		return alerting.Refuse(alerting.ErrInvalid, "right.which-unit", "%s has the right %s in several units: name one in the header %s: %s", who.Actor.Name,
			alerting.Term(right), UnitHeader, strings.Join(units, ", "))
	}
	return nil
}

// recheckEvery is how often a request that lasts is asked whether its caller still may.
const recheckEvery = 2 * time.Second

// whileKnown gives a context that ends when a person's session does, or his right: streams and imports last longer than either may.
// While a store is away nothing ends.
func (c *Console) whileKnown(ctx context.Context, who Caller, right Right) (context.Context, func()) {
	if who.Session == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		tick := time.NewTicker(recheckEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			s, ok, err := c.Login.Peek(ctx, who.secret)
			if now := person(s, "", false); err == nil && (!ok || !now.has(right)) {
				cancel()
			}
		}
	}()
	return ctx, cancel
}

// turnAway answers somebody who may not, or of whom nobody can tell.
func (c *Console) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	var no *lacks
	switch {
	case errors.Is(err, errNobody):
		unauthorized(w, r, c.Login != nil)
	case errors.As(err, &no):
		turnDown(w, r, http.StatusForbidden, "Not allowed", no)
	case errors.Is(err, errForeign):
		turnDown(w, r, http.StatusForbidden, "Not allowed", errForeign)
	default:
		c.fail(w, r, err)
	}
}

func unauthorized(w http.ResponseWriter, r *http.Request, people bool) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="tocsin"`)
	if people {
		turnDown(w, r, http.StatusUnauthorized, "A login is needed", alerting.Refuse(nil, "login.needed",
			"log in (POST /api/login, `tocsin login`): nobody is logged in, or the session is over; programs send the header Authorization: Bearer TOKEN, "+
				"with a token of the configuration (api.tokens)"))
		return
	}
	turnDown(w, r, http.StatusUnauthorized, "A token is needed", alerting.Refuse(nil, "token.needed",
		"send the header Authorization: Bearer TOKEN, with a token of the configuration (api.tokens)"))
}
