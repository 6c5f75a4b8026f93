package audience

import (
	"context"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

type unitRow struct {
	bun.BaseModel `bun:"table:units"`
	Code          string
	Name          string
	Parent        string
}

type newUnit struct {
	line int
	row  unitRow
}

// ImportUnits reads administrative units from CSV, in the forms that ImportPeople takes. Its columns are code and parent
// ("valueName=value", as CAP's geocode has it; an empty parent is the top) and name; only code is needed. An alert for a unit
// reaches the places of all units below it. A unit that is there already is replaced.
func (a *Audience) ImportUnits(ctx context.Context, r io.Reader, report func(Progress)) (Result, error) {
	var result Result
	l, err := newLines(r)
	if err != nil {
		return result, fmt.Errorf("import units: %w", err)
	}
	if l.column("code") < 0 {
		return result, fmt.Errorf("import units: %w", alerting.Refuse(alerting.ErrInvalid, "upload.column", "the first line has no column %q", "code"))
	}
	in := intake[newUnit]{lines: l, result: &result, report: report, lot: writeRows, parse: parseUnit,
		write: func(lot []newUnit) error { return a.writeUnits(ctx, lot, &result) }}
	if err := in.run(); err != nil {
		return result, fmt.Errorf("import units: %w", err)
	}
	if err := a.analyze(ctx, "units"); err != nil {
		return result, fmt.Errorf("import units: %w", err)
	}
	return result, nil
}

// longestUnitName is the longest name of a unit, in characters: it stands in lists, in questions and on maps.
const longestUnitName = 200

// nameFault says what is wrong with the name of a unit; nil when nothing is.
func nameFault(name string) error {
	if n := utf8.RuneCountInString(name); n > longestUnitName {
		return amiss("import.name-long", "it has %d characters, at most %d are shown: shorten it", n, longestUnitName)
	}
	return nil
}

func parseUnit(l *lines) (newUnit, error) {
	u := newUnit{line: l.line, row: unitRow{Name: l.field(l.column("name"))}}
	err := nameFault(u.row.Name)
	if err != nil {
		return u, &columnError{"name", err}
	}
	if u.row.Code, err = parseCode(l.field(l.column("code"))); err != nil {
		return u, &columnError{"code", fmt.Errorf("%q %w", shortened(l.field(l.column("code"))), err)}
	}
	parent := l.field(l.column("parent"))
	if parent == "" {
		return u, nil
	}
	if u.row.Parent, err = parseCode(parent); err != nil {
		return u, &columnError{"parent", fmt.Errorf("%q %w", shortened(parent), err)}
	}
	if u.row.Parent == u.row.Code {
		return u, &columnError{"parent", amiss("import.own-parent", "the unit is its own parent")}
	}
	return u, nil
}

func (a *Audience) writeUnits(ctx context.Context, lot []newUnit, result *Result) error {
	last := map[string]int{}
	for i := range lot {
		if before, twice := last[lot[i].row.Code]; twice {
			result.problem(Problem{Line: lot[before].line, Column: "code", Skipped: true,
				What: alerting.Say("import.twice-unit", "line %d has the same code and replaces this line; give each unit one line", lot[i].line)})
		}
		last[lot[i].row.Code] = i
	}
	var rows []unitRow
	var codes []string
	for i := range lot {
		if last[lot[i].row.Code] == i {
			rows, codes = append(rows, lot[i].row), append(codes, lot[i].row.Code)
		}
	}
	known := 0
	err := a.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT count(*) FROM units WHERE code IN (?)", bun.List(codes)).Scan(&known)
		if err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&rows).On("CONFLICT (code) DO UPDATE").Set("name = EXCLUDED.name").
			Set("parent = EXCLUDED.parent").Exec(ctx)
		if err != nil {
			return err
		}
		return nextEdition(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("write lines %d and following: %w", lot[0].line, err)
	}
	result.New += len(rows) - known
	result.Replaced += known
	return nil
}
