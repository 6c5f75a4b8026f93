package audience

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"tocsin/alerting"
)

// Within says whether a unit is another one or lies below it, as the parents of the table of units have it. A unit that nobody imported
// lies below none.
func (a *Audience) Within(ctx context.Context, unit, upper string) (bool, error) {
	for range unitDepth {
		if unit == upper {
			return true, nil
		}
		err := a.db.Read().NewSelect().Table("units").Column("parent").Where("code = ?", unit).Scan(ctx, &unit)
		if errors.Is(err, sql.ErrNoRows) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("read the units above %s: %w: %w", unit, alerting.ErrUnavailable, err)
		}
		if unit == "" {
			return false, nil
		}
	}
	return false, nil
}
