package audience

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// SirenLine is a siren in a list: what people need to know of it, and nothing of how it is reached.
type SirenLine struct {
	Ref      string  `json:"ref"`
	Name     string  `json:"name,omitempty"`
	Group    string  `json:"group,omitempty"`
	Gateway  string  `json:"gateway"`
	Protocol string  `json:"protocol"`
	Lat      float64 `json:"lat"`
	Lon      float64 `json:"lon"`
	// State is on, or off: one that is off is not sounded.
	State string `json:"state"`
	// Programmes are the names of those that it knows; MaxSeconds is its longest run, 0 where nobody said.
	Programmes []string `json:"programmes"`
	MaxSeconds int64    `json:"max_seconds,omitempty"`
	// Changed is when its line was imported last, or it was switched.
	Changed time.Time `json:"changed"`
}

// SirenQuery says which sirens to list: those whose references come after After, of a gateway, group or state where one is set.
type SirenQuery struct {
	After, Gateway, Group, State string
	Limit                        int
}

// SirenLines lists sirens in the order of their references. A gateway or group that no siren has is refused, with those that there are.
func (a *Audience) SirenLines(ctx context.Context, q SirenQuery) ([]SirenLine, error) {
	if err := a.knowSirens(ctx, q); err != nil {
		return nil, err
	}
	query := a.db.Read().NewSelect().Table("sirens").
		Column("ref", "name", "group_name", "gateway", "protocol", "lat", "lon", "enabled", "programmes", "max_seconds", "updated_ms").
		Where("ref > ?", q.After).Order("ref").Limit(int64(q.Limit))
	if q.Gateway != "" {
		query = query.Where("gateway = ?", q.Gateway)
	}
	if q.Group != "" {
		query = query.Where("group_name = ?", q.Group)
	}
	if q.State != "" {
		query = query.Where("enabled = ?", flag(q.State == "on"))
	}
	rows, err := query.Rows(ctx)
	if err != nil {
		return nil, reading("list sirens", err)
	}
	defer func() { _ = rows.Close() }()
	out := []SirenLine{}
	for rows.Next() {
		s, err := scanSirenLine(rows)
		if err != nil {
			return nil, reading("list sirens", err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		return nil, reading("list sirens", err)
	}
	return out, nil
}

// maxNames is how many names a refusal offers.
const maxNames = 30

// knowSirens refuses a gateway or group that no siren has.
func (a *Audience) knowSirens(ctx context.Context, q SirenQuery) error {
	unknown := func(column, name string) (known []alerting.Term, err error) {
		if name == "" {
			return nil, nil
		}
		var all []string
		if err := a.db.Read().NewSelect().Table("sirens").Column(column).Distinct().Where("? <> ''", bun.Ident(column)).Order(column).Scan(ctx, &all); err != nil {
			return nil, reading("list sirens", err)
		}
		if slices.Contains(all, name) {
			return nil, nil
		}
		if known = alerting.Terms(all[:min(len(all), maxNames)]); len(all) > maxNames {
			known = append(known, "…")
		}
		return append([]alerting.Term{}, known...), nil
	}
	if groups, err := unknown("group_name", q.Group); err != nil {
		return err
	} else if groups != nil {
		return alerting.Refuse(alerting.ErrInvalid, "sirens.group", "group %.64q: no siren is in it; want one of %v", q.Group, groups)
	}
	gateways, err := unknown("gateway", q.Gateway)
	if err == nil && gateways != nil {
		err = alerting.Refuse(alerting.ErrInvalid, "sirens.gateway", "gateway %.64q: no siren hangs on it; want one of %v", q.Gateway, gateways)
	}
	return err
}

func scanSirenLine(rows *sql.Rows) (SirenLine, error) {
	var s SirenLine
	var enabled int
	var changed int64
	var programmes string
	err := rows.Scan(&s.Ref, &s.Name, &s.Group, &s.Gateway, &s.Protocol, &s.Lat, &s.Lon, &enabled, &programmes, &s.MaxSeconds, &changed)
	if err != nil {
		return s, err
	}
	s.State, s.Changed, s.Programmes = "off", time.UnixMilli(changed).UTC(), []string{}
	if enabled != 0 {
		s.State = "on"
	}
	known := make(map[string]any)
	if programmes != "" {
		err = json.Unmarshal([]byte(programmes), &known)
	}
	s.Programmes = append(s.Programmes, slices.Sorted(maps.Keys(known))...)
	return s, err
}
