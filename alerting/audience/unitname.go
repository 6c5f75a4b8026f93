package audience

import (
	"context"
	"database/sql"
	"errors"

	"tocsin/alerting"
)

// UnitName is what an administrative unit is called, by its code (valueName=value, see CodeOf). It may be empty, where the
// import gave no name. A code that no unit has is ErrNotFound.
func (a *Audience) UnitName(ctx context.Context, code string) (name string, err error) {
	err = a.db.Read().QueryRowContext(ctx, "SELECT name FROM units WHERE code = ?", code).Scan(&name)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", alerting.Refuse(alerting.ErrNotFound, "units.unknown", "no administrative unit has the code %q: import it (tocsin units import), or write the name", shortened(code))
	case err != nil:
		return "", reading("look for an administrative unit", err)
	}
	return name, nil
}
