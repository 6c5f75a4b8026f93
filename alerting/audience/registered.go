package audience

import (
	"context"
	"database/sql"
)

// Registered counts the people in the register, whether they can be reached or not.
func (a *Audience) Registered(ctx context.Context) (int64, error) {
	var n int64
	err := each(ctx, a.db.Read(), "count the people", "SELECT COUNT(*) FROM people", nil, func(rows *sql.Rows) error {
		return rows.Scan(&n)
	})
	return n, err
}
