package console

import (
	"net/http"
	"strings"

	"tocsin/alerting"
	"tocsin/alerting/audience"
)

// importUnits takes units as CSV, and with their outlines as GeoJSON; the Content-Type says which.
func (c *Console) importUnits() handler {
	table, outlines := c.imports("units", c.Units), c.imports("outlines", c.Outlines)
	return func(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
		kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
		if media(strings.ToLower(strings.TrimSpace(kind))) == geoJSONMedia {
			return outlines(w, r, by)
		}
		return table(w, r, by)
	}
}

// longestUnit bounds the code of a unit in a question, in bytes.
const longestUnit = 200

func checkParent(code string) error {
	if len(code) > longestUnit || strings.ContainsRune(code, 0) {
		return alerting.Refuse(alerting.ErrInvalid, "units.parent", "parent is the code of a unit, NAME=VALUE, of at most %d bytes", longestUnit)
	}
	return nil
}

// units lists administrative units.
func (c *Console) units(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	p, err := c.pageOf(r, "units")
	if err != nil {
		return err
	}
	q := audience.UnitQuery{Parent: r.URL.Query().Get("parent"), After: p.id, Limit: p.limit}
	if c.UnitList == nil {
		return alerting.Refuse(alerting.ErrNotFound, "units.off", "a list of units")
	}
	if err := checkParent(q.Parent); err != nil {
		return err
	}
	all, err := c.UnitList(r.Context(), q)
	if err != nil {
		return err
	}
	if n := len(all); n > 0 {
		p.next(w, r, n, 0, all[n-1].Code)
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}
