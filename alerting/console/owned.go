package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tocsin/alerting"
)

// Owners say whose a thing is: the code of the administrative unit, empty for the whole office. ErrNotFound when there is no such thing.
type Owners interface {
	UnitOfDraft(ctx context.Context, id string) (string, error)
	UnitOf(ctx context.Context, id alerting.AlertID) (string, error)
}

// whole reports whether somebody has a right in the whole office, so that nobody need ask whose a thing is.
func (who *Caller) whole(right Right) bool {
	units := who.units(right)
	return len(units) > 0 && units[0] == ""
}

// owned asks before an act on one draft or alert whether the caller has the right in the unit whose it is, or in one above.
func (c *Console) owned(r route, answer handler) handler {
	var unit func(ctx context.Context, id string) (string, error)
	switch {
	case strings.Contains(r.pattern, "/drafts/{id}"):
		unit = c.unitOfDraft
	case strings.Contains(r.pattern, "/alerts/{id}"):
		unit = c.unitOfAlert
	default:
		return answer
	}
	return func(w http.ResponseWriter, req *http.Request, by alerting.Actor) error {
		if who := callerOf(req.Context()); !who.whole(r.right) {
			of, err := unit(req.Context(), req.PathValue("id"))
			if err == nil {
				err = c.Allows(req.Context(), r.right, of)
			}
			if err != nil {
				return err
			}
		}
		return answer(w, req, by)
	}
}

func (c *Console) unitOfDraft(ctx context.Context, id string) (string, error) {
	if c.Owners == nil {
		return "", nil
	}
	return c.Owners.UnitOfDraft(ctx, id)
}

// unitOfAlert: what this desk did not issue is the whole office's.
func (c *Console) unitOfAlert(ctx context.Context, id string) (string, error) {
	alert, err := alerting.ParseAlertID(id)
	if err != nil || c.Owners == nil {
		return "", err
	}
	unit, err := c.Owners.UnitOf(ctx, alert)
	if errors.Is(err, alerting.ErrNotFound) {
		return "", nil
	}
	return unit, err
}

// reads reports whether the caller of a request may read a thing of a unit.
func (c *Console) reads(ctx context.Context, unit func() (string, error)) (bool, error) {
	who := callerOf(ctx)
	if who.whole(MayRead) {
		return true, nil
	}
	of, err := unit()
	if err != nil {
		return false, err
	}
	return c.May(ctx, who, MayRead, of)
}

// mostSifted is how many pages of what is there one page of what the caller may see is picked from.
const mostSifted = 20

// sifted is a page of what keep keeps, of a list that read reads from a place on, the place of an entry being at. What comes next is named,
// also when nothing of what was looked at is the caller's.
func sifted[T any](w http.ResponseWriter, r *http.Request, p page, read func(p page) ([]T, error), at func(*T) alerting.Place, keep func(*T) (bool, error)) ([]T, error) {
	out := []T{}
	for range mostSifted {
		all, err := read(p)
		if err != nil {
			return nil, err
		}
		for i := range all {
			kept, err := keep(&all[i])
			if err != nil {
				return nil, fmt.Errorf("look whose an entry of the list is: %w", err)
			}
			place := at(&all[i])
			if p.at, p.id = place.MS, place.ID; !kept {
				continue
			}
			if out = append(out, all[i]); len(out) == p.limit {
				p.next(w, r, p.limit, p.at, p.id)
				return out, nil
			}
		}
		if len(all) < p.limit {
			return out, nil
		}
	}
	p.next(w, r, p.limit, p.at, p.id)
	return out, nil
}
