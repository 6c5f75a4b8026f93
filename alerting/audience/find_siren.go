package audience

import (
	"context"
	"database/sql"

	"tocsin/alerting"
)

// FindSiren is the id of a siren by the reference under which it was imported; ErrNotFound when there is none.
func (a *Audience) FindSiren(ctx context.Context, ref string) (int64, error) {
	var id int64
	err := each(ctx, a.db.Read(), "find a siren", "SELECT id FROM sirens WHERE ref = ?", []any{ref},
		func(rows *sql.Rows) error { return rows.Scan(&id) })
	if err == nil && id == 0 {
		err = alerting.Refuse(alerting.ErrNotFound, "siren.unknown", "no siren has the reference %q", ref)
	}
	return id, err
}

// SirensByGateway lists the references of all sirens that are switched on, by the gateway they hang on.
func (a *Audience) SirensByGateway(ctx context.Context) (map[string][]string, error) {
	byGateway := make(map[string][]string)
	err := each(ctx, a.db.Read(), "list sirens", "SELECT gateway, ref FROM sirens WHERE enabled <> 0 ORDER BY ref", nil,
		func(rows *sql.Rows) error {
			var gateway, ref string
			err := rows.Scan(&gateway, &ref)
			byGateway[gateway] = append(byGateway[gateway], ref)
			return err
		})
	return byGateway, err
}
