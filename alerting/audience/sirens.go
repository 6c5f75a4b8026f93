package audience

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// SirenOptions say how a file of sirens is read. The zero value is good.
type SirenOptions struct {
	// Check, if set, looks at each endpoint record as the siren's gateway will see it; its error is reported and the line
	// skipped. It must not repeat what it was given.
	Check func(gateway, record string) error
	// Report, if set, is called now and then, and at the end.
	Report func(Progress)
}

// newSiren is one line of a file of sirens.
type newSiren struct {
	line     int
	row      sirenRow
	endpoint string
}

type sirenRow struct {
	bun.BaseModel `bun:"table:sirens"`
	ID            int64
	Ref           string
	Name          string
	Cell          int64
	Lat           float64
	Lon           float64
	GroupName     string
	Protocol      string
	Gateway       string
	Endpoint      []byte
	Programmes    string
	MaxSeconds    int64
	Enabled       int
	CreatedMS     int64 `bun:"created_ms"`
	UpdatedMS     int64 `bun:"updated_ms"`
}

// sirenColumns are those with a meaning of their own; every other column goes into the endpoint record.
func sirenColumns() []string {
	return []string{"ref", "name", "lat", "lon", "group", "protocol", "gateway", "programmes", "max_seconds", "enabled"}
}

// sirenNumbers are the columns that are whole numbers in the endpoint record.
func sirenNumbers() []string { return []string{"unit", "port"} }

// sirenLot is how many sirens one transaction writes.
const sirenLot = 200

// ImportSirens reads sirens from CSV, in the forms that ImportPeople takes. ref, lat, lon, protocol and gateway are needed:
//
//	ref          the siren's own name; must be unique
//	name         what people call it
//	lat, lon     where it stands, WGS 84 degrees
//	group        the group by which officers name it
//	protocol     how its gateway speaks to it, e.g. http, mqtt, modbus
//	gateway      the gateway it hangs on
//	programmes   what it calls the programmes: "alert=3|all-clear=5", or a JSON object
//	max_seconds  its longest run
//	enabled      yes (if left out) or no: it is not sounded
//
// The endpoint record that the gateway gets is a JSON object: id (ref, unless there is a column id), protocol, programmes and
// max_seconds where given, and every other column of the line that is not empty, under its own name: url, topic, host,
// unit, register_map, key and whatever else a gateway wants. unit and port become numbers, what begins with { or [
// is taken as JSON, all else is text. It is kept sealed.
func (a *Audience) ImportSirens(ctx context.Context, r io.Reader, o SirenOptions) (Result, error) {
	var result Result
	l, err := sirenLines(r)
	if err != nil {
		return result, err
	}
	in := intake[*newSiren]{lines: l, result: &result, report: o.Report, lot: sirenLot,
		parse: func(l *lines) (*newSiren, error) { return a.parseSiren(l, o.Check) },
		write: func(lot []*newSiren) error { return a.writeSirens(ctx, lot, &result) },
	}
	if err := in.run(); err != nil {
		return result, fmt.Errorf("import sirens: %w", err)
	}
	if err := a.analyze(ctx, "sirens"); err != nil {
		return result, fmt.Errorf("import sirens: %w", err)
	}
	return result, nil
}

// sirenLines reads the first line of a file of sirens.
func sirenLines(r io.Reader) (*lines, error) {
	l, err := newLines(r)
	if err != nil {
		return nil, fmt.Errorf("import sirens: %w", err)
	}
	for _, name := range []string{"ref", "lat", "lon", "protocol", "gateway"} {
		if l.column(name) < 0 {
			return nil, fmt.Errorf("import sirens: %w", alerting.Refuse(alerting.ErrInvalid, "upload.column", "the first line has no column %q", name))
		}
	}
	return l, nil
}

func (a *Audience) parseSiren(l *lines, check func(gateway, record string) error) (*newSiren, error) {
	text := func(name string) string { return l.field(l.column(name)) }
	s := &newSiren{line: l.line, row: sirenRow{Ref: text("ref"), Name: text("name"), GroupName: text("group"),
		Protocol: text("protocol"), Gateway: text("gateway")}}
	for name, value := range map[string]string{"ref": s.row.Ref, "protocol": s.row.Protocol, "gateway": s.row.Gateway} {
		if value == "" || len(value) > 200 {
			return nil, &columnError{name, amiss("import.siren-field", "it is empty or longer than 200 bytes")}
		}
	}
	cell, err := parsePoint(text("lat") + "," + text("lon"))
	if err != nil {
		return nil, &columnError{"lat", amiss("import.position", "the position %v", err)}
	}
	// Both were read a moment ago.
	s.row.Lat, _ = strconv.ParseFloat(text("lat"), 64)
	s.row.Lon, _ = strconv.ParseFloat(text("lon"), 64)
	s.row.Cell = Key(cell)
	enabled, err := parseYes(text("enabled"), true)
	if err != nil {
		return nil, &columnError{"enabled", err}
	}
	s.row.Enabled = flag(enabled)
	record, err := s.record(l)
	if err != nil {
		return nil, err
	}
	written, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("write the endpoint record: %w", err)
	}
	s.endpoint = string(written)
	if check != nil {
		if err := check(s.row.Gateway, s.endpoint); err != nil {
			return nil, amiss("import.siren-gateway", "the gateway cannot use this siren: %v", err)
		}
	}
	return s, nil
}

// record builds the endpoint record.
func (s *newSiren) record(l *lines) (map[string]any, error) {
	record := map[string]any{"id": s.row.Ref, "protocol": s.row.Protocol}
	programmes, err := parseProgrammes(l.field(l.column("programmes")))
	if err != nil {
		return nil, &columnError{"programmes", err}
	}
	s.row.Programmes = "{}"
	if len(programmes) > 0 {
		record["programmes"] = programmes
		written, err := json.Marshal(programmes)
		if err != nil {
			return nil, &columnError{"programmes", err}
		}
		s.row.Programmes = string(written)
	}
	if text := l.field(l.column("max_seconds")); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			return nil, &columnError{"max_seconds", amiss("import.seconds", "%q is no number of seconds", shortened(text))}
		}
		s.row.MaxSeconds = n
		record["max_seconds"] = n
	}
	for i, name := range l.header {
		value := l.field(i)
		if value == "" || name == "" || slices.Contains(sirenColumns(), name) {
			continue
		}
		switch {
		case slices.Contains(sirenNumbers(), name):
			n, err := strconv.ParseInt(value, 10, 32)
			if err != nil || n < 0 {
				return nil, &columnError{name, amiss("import.number", "%q is no whole number", shortened(value))}
			}
			record[name] = n
		case value[0] == '{' || value[0] == '[':
			if !json.Valid([]byte(value)) {
				return nil, &columnError{name, amiss("import.json", "it begins like JSON and is none")}
			}
			record[name] = json.RawMessage(value)
		default:
			record[name] = value
		}
	}
	return record, nil
}

// parseProgrammes reads "alert=3|all-clear=5" or a JSON object of texts and numbers.
func parseProgrammes(text string) (map[string]any, error) {
	programmes := map[string]any{}
	if strings.HasPrefix(text, "{") {
		if err := json.Unmarshal([]byte(text), &programmes); err != nil {
			return nil, amiss("import.json", "it begins like JSON and is none")
		}
		for name, code := range programmes {
			switch code.(type) {
			case string, float64:
			default:
				return nil, amiss("import.programme-value", "%q has neither a text nor a number", shortened(name))
			}
		}
		return programmes, nil
	}
	for one := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '|' || r == ';' }) {
		name, code, ok := strings.Cut(one, "=")
		name, code = strings.TrimSpace(name), strings.TrimSpace(code)
		if !ok || name == "" || code == "" {
			return nil, amiss("import.programme", "%q is no programme; want name=code, separated by |", shortened(one))
		}
		programmes[name] = code
	}
	return programmes, nil
}

// writeSirens writes a lot in one transaction.
func (a *Audience) writeSirens(ctx context.Context, lot []*newSiren, result *Result) error {
	rows, refs := a.sirenRows(lot, result)
	replaced := 0
	err := a.db.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		replaced, err = replaceSirens(ctx, tx, rows, refs)
		return err
	})
	if err != nil {
		return fmt.Errorf("write lines %d and following: %w", lot[0].line, err)
	}
	result.New += len(rows) - replaced
	result.Replaced += replaced
	result.Places += len(rows)
	return nil
}

// sirenRows are the rows of a lot; of two lines about one siren the later counts.
func (a *Audience) sirenRows(lot []*newSiren, result *Result) (rows []sirenRow, refs []string) {
	last := map[string]*newSiren{}
	for _, s := range lot {
		if before := last[s.row.Ref]; before != nil {
			result.problem(Problem{Line: before.line, Column: "ref", Skipped: true,
				What: alerting.Say("import.twice-siren", "line %d has the same reference and replaces this line; give each siren one line", s.line)})
		}
		last[s.row.Ref] = s
	}
	now := a.now().UnixMilli()
	for _, s := range lot {
		if last[s.row.Ref] != s {
			continue
		}
		row := s.row
		row.Endpoint = a.sealed(alerting.Siren, s.endpoint, "").sealed
		row.CreatedMS, row.UpdatedMS = now, now
		rows, refs = append(rows, row), append(refs, row.Ref)
	}
	return rows, refs
}

// replaceSirens writes rows in a transaction, and says how many sirens were there before.
func replaceSirens(ctx context.Context, tx bun.Tx, rows []sirenRow, refs []string) (int, error) {
	ids := map[string]int64{}
	err := each(ctx, tx, "look for known sirens", "SELECT id, ref FROM sirens WHERE ref IN (?)", []any{bun.List(refs)},
		func(found *sql.Rows) error {
			var id int64
			var ref string
			err := found.Scan(&id, &ref)
			ids[ref] = id
			return err
		})
	if err != nil {
		return 0, err
	}
	return len(ids), putSirens(ctx, tx, rows, ids)
}

// putSirens gives new sirens their ids and writes all.
func putSirens(ctx context.Context, tx bun.Tx, rows []sirenRow, ids map[string]int64) error {
	fresh := int64(len(rows) - len(ids))
	last, err := nextIDs(ctx, tx, "sirens", fresh)
	if err != nil {
		return err
	}
	next := last - fresh
	for i := range rows {
		rows[i].ID = ids[rows[i].Ref]
		if rows[i].ID == 0 {
			next++
			rows[i].ID = next
		}
	}
	insert := tx.NewInsert().Model(&rows).On("CONFLICT (id) DO UPDATE")
	for _, column := range []string{"name", "cell", "lat", "lon", "group_name", "protocol", "gateway", "endpoint",
		"programmes", "max_seconds", "enabled", "updated_ms"} {
		insert = insert.Set("? = EXCLUDED.?", bun.Ident(column), bun.Ident(column))
	}
	_, err = insert.Exec(ctx)
	return err
}
