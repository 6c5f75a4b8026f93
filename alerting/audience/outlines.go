package audience

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

type outlineRow struct {
	bun.BaseModel `bun:"table:unit_outlines"`
	Code          string
	Outline       []byte
	Points        int64
	West          float64
	South         float64
	East          float64
	North         float64
}

// ImportOutlines reads administrative units with their outlines from a GeoJSON FeatureCollection (RFC 7946). The properties of
// a feature are those that ImportUnits has as columns: code, name and parent; its geometry is a Polygon or a MultiPolygon, with
// holes. A unit that is there already is replaced. A feature with a fault is left out, and each fault is named with feature,
// polygon and ring, counted from 1.
func (a *Audience) ImportOutlines(ctx context.Context, r io.Reader, report func(Progress)) (Result, error) {
	in := &outlines{a: a, report: report, source: &counted{Reader: io.LimitReader(r, maxOutlineFile+1)}}
	in.json = json.NewDecoder(in.source)
	err := in.collection(ctx)
	if in.source.n > maxOutlineFile {
		err = alerting.Refuse(alerting.ErrInvalid, "upload.large", "the file has more than %d MB: import it in parts", maxOutlineFile>>20)
	}
	if err == nil {
		err = a.analyze(ctx, "units")
	}
	if err != nil {
		return in.result, fmt.Errorf("import outlines: %w", err)
	}
	return in.result, nil
}

// counted counts what was read.
type counted struct {
	io.Reader
	n int64
}

// Read reads on.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	return n, err
}

// outlines reads a file feature by feature; one of them is in memory at a time.
type outlines struct {
	a      *Audience
	source *counted
	json   *json.Decoder
	report func(Progress)
	result Result
	seen   map[string]string
}

func (in *outlines) invalid(format string, args ...any) error {
	return alerting.Refuse(alerting.ErrInvalid, "upload.geojson", "byte %d: %s", in.json.InputOffset(), fmt.Sprintf(format, args...))
}

// collection reads the object around the features.
func (in *outlines) collection(ctx context.Context) error {
	if t, err := in.json.Token(); err != nil || t != json.Delim('{') {
		return in.invalid("this is no GeoJSON: want an object {\"type\": \"FeatureCollection\", \"features\": [ … ]}")
	}
	kind, found := "", false
	for in.json.More() {
		key, err := in.json.Token()
		if err != nil {
			return in.invalid("this is no JSON: %v", err)
		}
		switch key {
		case "features":
			found = true
			err = in.features(ctx)
		case "type":
			err = in.value(&kind)
			if err == nil && kind != "FeatureCollection" {
				err = in.invalid("its type is %q: want FeatureCollection", shortened(kind))
			}
		default:
			var skipped json.RawMessage
			err = in.value(&skipped)
		}
		if err != nil {
			return err
		}
	}
	if _, err := in.json.Token(); err != nil {
		return in.invalid("the file ends early: %v", err)
	}
	if !found || kind == "" {
		return in.invalid("it is no FeatureCollection: want {\"type\": \"FeatureCollection\", \"features\": [ … ]}")
	}
	return nil
}

func (in *outlines) value(into any) error {
	if err := in.json.Decode(into); err != nil {
		return in.invalid("this is no GeoJSON: %v", err)
	}
	return nil
}

// features reads the list, and writes each unit by itself: outlines are large.
func (in *outlines) features(ctx context.Context) error {
	if t, err := in.json.Token(); err != nil || t != json.Delim('[') {
		return in.invalid("the features are no list")
	}
	in.seen = map[string]string{}
	for in.json.More() {
		in.result.Lines++
		var one feature
		err := in.json.Decode(&one)
		var shape *json.UnmarshalTypeError
		switch {
		case errors.As(err, &shape):
			in.result.problem(Problem{Where: fmt.Sprintf("feature %d", in.result.Lines), What: alerting.Say("import.no-feature", "it is no feature: %s is a %s", shape.Field, shape.Value), Skipped: true})
			continue
		case err != nil:
			return in.invalid("feature %d: this is no JSON: %v", in.result.Lines, err)
		}
		if err := in.take(ctx, &one); err != nil {
			return err
		}
		if in.report != nil {
			in.report(Progress{Lines: in.result.Lines, Done: in.result.New + in.result.Replaced, Problems: in.result.ProblemCount, Bytes: in.json.InputOffset()})
		}
	}
	if _, err := in.json.Token(); err != nil {
		return in.invalid("the list of features ends early: %v", err)
	}
	return nil
}

// take writes one unit, or notes what is wrong with it.
func (in *outlines) take(ctx context.Context, f *feature) error {
	unit, bad := outlineOf(in.result.Lines, f)
	if before := in.seen[unit.row.Code]; before != "" && len(bad.found) == 0 {
		bad.add(unit.where, "import.twice-outline", "%s has the same code: put all of its polygons into one feature, as a MultiPolygon", before)
	}
	for i, p := range bad.found {
		in.result.problem(p)
		if i > 0 {
			in.result.Skipped-- // it is one feature
		}
	}
	for _, w := range bad.warned {
		in.result.warn(w)
	}
	if len(bad.found) > 0 {
		return nil
	}
	in.seen[unit.row.Code] = unit.where
	return in.a.writeOutline(ctx, &unit, &in.result)
}

func (a *Audience) writeOutline(ctx context.Context, unit *newOutline, result *Result) error {
	b := boundsOf(unit.shapes)
	row := outlineRow{Code: unit.row.Code, Outline: packOutline(unit.shapes), Points: int64(pointsOf(unit.shapes)),
		West: b.west, South: b.south, East: b.east, North: b.north}
	known := 0
	err := a.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT count(*) FROM units WHERE code = ?", row.Code).Scan(&known)
		if err != nil {
			return err
		}
		units := unit.row
		_, err = tx.NewInsert().Model(&units).On("CONFLICT (code) DO UPDATE").Set("name = EXCLUDED.name").Set("parent = EXCLUDED.parent").Exec(ctx)
		if err != nil {
			return err
		}
		one := row
		_, err = tx.NewInsert().Model(&one).On("CONFLICT (code) DO UPDATE").Set("outline = EXCLUDED.outline").Set("points = EXCLUDED.points").
			Set("west = EXCLUDED.west").Set("south = EXCLUDED.south").Set("east = EXCLUDED.east").Set("north = EXCLUDED.north").Exec(ctx)
		if err != nil {
			return err
		}
		return nextEdition(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", unit.where, err)
	}
	result.New += 1 - known
	result.Replaced += known
	return nil
}

// nextEdition makes what was prepared from the units stale, in this process and in all others.
func nextEdition(ctx context.Context, tx bun.Tx) error {
	_, err := tx.ExecContext(ctx, "UPDATE unit_edition SET edition = edition + 1 WHERE id = 1")
	return err
}
