package console

import (
	"context"
	"net/http"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/audience"
)

// SirenList lists sirens.
type SirenList func(ctx context.Context, q audience.SirenQuery) ([]audience.SirenLine, error)

// SirensHeard says when some sirens were last heard from, and since when that has been noted; those that were not heard since are missing.
type SirensHeard func(ctx context.Context, refs []string) (heard map[string]time.Time, since time.Time, err error)

// SirenSilent is how long a siren may say nothing. One over MQTT reports as it likes; the others answer when they are sounded or tested,
// which an office does each day.
const SirenSilent = 26 * time.Hour

// SirenLink is in a word when a siren was last heard from.
type SirenLink string

// The words. LinkHeard: lately. LinkSilent: not for SirenSilent. LinkNever: not since it has been noted, and that is longer ago than that.
// LinkNew: not yet, and there was little time for it. LinkUnknown: it cannot be told now.
const (
	LinkHeard   SirenLink = "heard"
	LinkSilent  SirenLink = "silent"
	LinkNever   SirenLink = "never"
	LinkNew     SirenLink = "new"
	LinkUnknown SirenLink = "unknown"
)

// LinkOf is the word for a siren that was heard at a time, zero for never; since is since when that has been noted, zero when it is not.
func LinkOf(heard, since, now time.Time) SirenLink {
	switch {
	case !heard.IsZero() && now.Sub(heard) <= SirenSilent:
		return LinkHeard
	case !heard.IsZero():
		return LinkSilent
	case since.IsZero():
		return LinkUnknown
	case now.Sub(since) <= SirenSilent:
		return LinkNew
	}
	return LinkNever
}

// Siren is a siren with when it was last heard from.
type Siren struct {
	audience.SirenLine
	Link SirenLink `json:"link"`
	// Heard is when it was last heard from, by any worker; zero when it was not since Watched, from when on that has been noted.
	Heard   time.Time `json:"heard,omitzero"`
	Watched time.Time `json:"watched,omitzero"`
}

func (c *Console) sirens(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	p, err := c.pageOf(r, "sirens")
	if err != nil {
		return err
	}
	if c.SirenList == nil {
		return alerting.Refuse(alerting.ErrNotFound, "sirens.off", "a list of sirens")
	}
	query := r.URL.Query()
	q := audience.SirenQuery{After: p.id, Limit: p.limit, Gateway: query.Get("gateway"), Group: query.Get("group"), State: query.Get("state")}
	if q.State != "" && q.State != "on" && q.State != "off" {
		return alerting.Refuse(alerting.ErrInvalid, "sirens.state", "state %.20q: want on or off", q.State)
	}
	all, err := c.SirenList(r.Context(), q)
	if err != nil {
		return err
	}
	if n := len(all); n > 0 {
		p.next(w, r, n, 0, all[n-1].Ref)
	}
	writeJSON(w, http.StatusOK, c.withLinks(r.Context(), all))
	return nil
}

// withLinks says of each siren when it was last heard from. While that cannot be read the list is given without.
func (c *Console) withLinks(ctx context.Context, all []audience.SirenLine) []Siren {
	refs := make([]string, len(all))
	for i := range all {
		refs[i] = all[i].Ref
	}
	var heard map[string]time.Time
	var since time.Time
	if c.SirensHeard != nil {
		var err error
		if heard, since, err = c.SirensHeard(ctx, refs); err != nil {
			c.Log.WarnContext(ctx, "when sirens were heard cannot be read", "error", err)
			heard, since = nil, time.Time{}
		}
	}
	out := make([]Siren, len(all))
	for i, line := range all {
		at := heard[line.Ref]
		out[i] = Siren{line, LinkOf(at, since, c.now()), at, since}
	}
	return out
}
