package audience

import (
	"context"
	"database/sql"
)

// Anybody says whether there are any people or sirens at all.
func (a *Audience) Anybody(ctx context.Context) (known bool, err error) {
	for _, query := range []string{"SELECT ref FROM people LIMIT 1", "SELECT ref FROM sirens LIMIT 1"} {
		err = each(ctx, a.db.Read(), "look whether anybody is registered", query, nil, func(*sql.Rows) error {
			known = true
			return nil
		})
		if err != nil || known {
			return known, err
		}
	}
	return false, nil
}
