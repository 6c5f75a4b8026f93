package audience

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/seal"
)

// Where two people must agree to it, a file of sirens is first compared with what is there, and written later in one transaction.

// SirenPlan is what a file of sirens, or an order, would change.
type SirenPlan struct {
	// Summary says it in words: how many are new, moved, or otherwise different, and which. It is empty when nothing is.
	Summary alerting.Several
	// Base is a digest of all sirens as they are.
	Base string
	// Result is what the import would come to.
	Result Result
}

// PlanSirens compares a file with what is there. It writes nothing.
func (a *Audience) PlanSirens(ctx context.Context, db bun.IDB, file []byte, check func(gateway, record string) error) (SirenPlan, error) {
	have, base, err := readSirens(ctx, db)
	if err != nil {
		return SirenPlan{}, err
	}
	p := SirenPlan{Base: base}
	found, err := a.parseSirens(file, check, &p.Result)
	if err != nil {
		return p, err
	}
	var d sirenDiff
	for i := range found {
		before, known := have[found[i].row.Ref]
		if !known {
			d.add("new", found[i].row.Ref)
			p.Result.New++
			continue
		}
		p.Result.Replaced++
		if err := a.compare(&d, &before, found[i]); err != nil {
			return p, err
		}
	}
	p.Result.Places = len(found)
	if p.Summary = d.lines(); len(p.Summary) > 0 && p.Result.Skipped > 0 {
		p.Summary = append(p.Summary, alerting.Refuse(nil, "siren.plan-skipped", "%d lines of the file cannot be used and are left out", p.Result.Skipped))
	}
	return p, nil
}

// PutSirens writes what PlanSirens has shown, in a running transaction.
func (a *Audience) PutSirens(ctx context.Context, tx bun.Tx, file []byte, check func(gateway, record string) error) error {
	var result Result
	found, err := a.parseSirens(file, check, &result)
	if err != nil {
		return err
	}
	for lot := range slices.Chunk(found, sirenLot) {
		rows, refs := a.sirenRows(lot, &result)
		if _, err := replaceSirens(ctx, tx, rows, refs); err != nil {
			return fmt.Errorf("write lines %d and following: %w", lot[0].line, err)
		}
	}
	return nil
}

// AnalyzeSirens counts the table anew, for the sake of the queries.
func (a *Audience) AnalyzeSirens(ctx context.Context) error { return a.analyze(ctx, "sirens") }

// parseSirens reads a file to its end; of two lines about one siren the later counts.
func (a *Audience) parseSirens(file []byte, check func(gateway, record string) error, result *Result) ([]*newSiren, error) {
	l, err := sirenLines(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	var all []*newSiren
	in := intake[*newSiren]{lines: l, result: result, lot: sirenLot,
		parse: func(l *lines) (*newSiren, error) { return a.parseSiren(l, check) },
		write: func(lot []*newSiren) error { all = append(all, lot...); return nil },
	}
	if err := in.run(); err != nil {
		return nil, fmt.Errorf("import sirens: %w", err)
	}
	last := make(map[string]*newSiren, len(all))
	for _, s := range all {
		if before := last[s.row.Ref]; before != nil {
			result.problem(Problem{Line: before.line, Column: "ref", Skipped: true,
				What: alerting.Say("import.twice-siren", "line %d has the same reference and replaces this line; give each siren one line", s.line)})
		}
		last[s.row.Ref] = s
	}
	return slices.DeleteFunc(all, func(s *newSiren) bool { return last[s.row.Ref] != s }), nil
}

// readSirens are all sirens by their reference, and a digest of them. Every write seals the endpoint anew, so that the digest
// also moves when somebody writes the same again.
func readSirens(ctx context.Context, db bun.IDB) (map[string]sirenRow, string, error) {
	var rows []sirenRow
	if err := db.NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return nil, "", reading("read the sirens", err)
	}
	have, h := make(map[string]sirenRow, len(rows)), sha256.New()
	for i := range rows {
		have[rows[i].Ref] = rows[i]
		text, err := json.Marshal(&rows[i])
		if err != nil {
			return nil, "", fmt.Errorf("digest of the sirens: %w", err)
		}
		h.Write(text)
	}
	return have, hex.EncodeToString(h.Sum(nil)), nil
}

// compare says how a siren of a file differs from the one that is there.
func (a *Audience) compare(d *sirenDiff, before *sirenRow, now *newSiren) error {
	endpoint, err := a.keys.Open(seal.Addresses, before.Endpoint, AAD(alerting.Siren))
	if err != nil {
		return fmt.Errorf("open the endpoint of siren %s: %w", before.Ref, err)
	}
	ref, after := before.Ref, &now.row
	same := true
	note := func(differs bool, how string) {
		if differs {
			d.add(how, ref)
			same = false
		}
	}
	note(apart(before.Lat, after.Lat) || apart(before.Lon, after.Lon), "moved")
	note(before.Enabled != 0 && after.Enabled == 0, "switched off")
	note(before.Enabled == 0 && after.Enabled != 0, "switched on")
	note(before.Gateway != after.Gateway, "on another gateway")
	note(before.GroupName != after.GroupName, "in another group")
	note(before.Name != after.Name, "named otherwise")
	note(before.Gateway == after.Gateway && string(endpoint) != now.endpoint, "reached or programmed otherwise")
	if same {
		d.unchanged++
	}
	return nil
}

// apart: a database may give a coordinate back with its last digit rounded.
func apart(a, b float64) bool { return math.Abs(a-b) > 1e-9 }

// sirenDiff collects sirens by what becomes of them.
type sirenDiff struct {
	order     []string
	refs      map[string][]string
	unchanged int
}

func (d *sirenDiff) add(what, ref string) {
	if d.refs == nil {
		d.refs = make(map[string][]string)
	}
	if d.refs[what] == nil {
		d.order = append(d.order, what)
	}
	d.refs[what] = append(d.refs[what], ref)
}
