package audience

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/seal"
)

// writeRows is how many rows one transaction writes at most: the writer is free again after a few milliseconds.
const writeRows = 500

// The rows as they are written.
type (
	personRow struct {
		bun.BaseModel `bun:"table:people"`
		ID            int64
		Ref           string
		Language      string
		Wants         int64
		Verified      int
		CreatedMS     int64 `bun:"created_ms"`
		UpdatedMS     int64 `bun:"updated_ms"`
	}
	addressRow struct {
		bun.BaseModel `bun:"table:addresses"`
		Person        int64
		Channel       alerting.Channel
		Sealed        []byte
		Hash          []byte
		Verified      int
		OptedOut      int
		ChangedMS     int64 `bun:"changed_ms"`
	}
	placeRow struct {
		bun.BaseModel `bun:"table:places"`
		Cell          int64
		Person        int64
		MinSeverity   int
		Language      string
		Wants         int64
		SMS           []byte `bun:"sms"`
		Push          []byte
		Mail          []byte
	}
	codeRow struct {
		bun.BaseModel `bun:"table:place_codes"`
		Code          string
		Person        int64
		MinSeverity   int
		Language      string
		Wants         int64
		SMS           []byte `bun:"sms"`
		Push          []byte
		Mail          []byte
	}
)

// sealed is an address as it is stored.
func (a *Audience) sealed(ch alerting.Channel, clear, normal string) newAddress {
	hashes := a.keys.Hashes(string(ch), normal)
	return newAddress{
		sealed: a.keys.Seal(seal.Addresses, []byte(clear), AAD(ch)),
		hash:   hashes[0], others: hashes[1:],
	}
}

// peopleWriter writes people in lots.
type peopleWriter struct {
	a        *Audience
	result   *Result
	progress func()
	// analyzeAt is how many people must be written before the tables are counted again.
	analyzeAt int
}

// lot sorts a lot by cell and writes it in short transactions.
func (w *peopleWriter) lot(ctx context.Context, lot []*newPerson) error {
	lot = w.settled(lot)
	slices.SortStableFunc(lot, func(a, b *newPerson) int { return cmp.Compare(a.cell(), b.cell()) })
	for len(lot) > 0 {
		n, rows := 0, 0
		for n < len(lot) {
			rows += 1 + len(lot[n].places) + len(lot[n].addresses)
			if n > 0 && rows > writeRows {
				break
			}
			n++
		}
		if err := w.write(ctx, lot[:n]); err != nil {
			return err
		}
		lot = lot[n:]
		w.progress()
		if err := w.grown(ctx); err != nil {
			return err
		}
	}
	return nil
}

// grown counts the tables now and then while they grow. Of a table that was never counted PostgreSQL believes that a hash
// is shared by a part of all rows, and reads the whole of it for each transaction (measured: 60 ms each instead of 5).
func (w *peopleWriter) grown(ctx context.Context) error {
	const first, factor = 500, 8
	if w.analyzeAt == 0 {
		w.analyzeAt = first
	}
	if w.result.New+w.result.Replaced < w.analyzeAt {
		return nil
	}
	w.analyzeAt *= factor
	return w.a.analyze(ctx, peopleTables()...)
}

// settled settles what is twice within a lot, while it is still in the order of the file: of two lines about one person
// the later counts, of two people with one address the earlier has it.
func (w *peopleWriter) settled(lot []*newPerson) []*newPerson {
	last := make(map[string]*newPerson, len(lot))
	for _, p := range lot {
		if before := last[p.ref]; before != nil {
			w.result.problem(Problem{Line: before.line, Column: "person", Skipped: true,
				What: alerting.Say("import.twice-person", "line %d has the same reference and replaces this line; give each person one line", p.line)})
		}
		last[p.ref] = p
	}
	owners := make(map[string]*newPerson, 2*len(lot))
	kept := lot[:0]
	for _, p := range lot {
		if last[p.ref] != p {
			continue
		}
		kept = append(kept, p)
		for i := range p.addresses {
			if p.addresses[i].hash == nil {
				continue
			}
			key := hashKey(alerting.PeopleChannels()[i], p.addresses[i].hash)
			if owner := owners[key]; owner != nil {
				w.taken(p, i, fmt.Sprintf("on line %d", owner.line))
				continue
			}
			owners[key] = p
		}
	}
	return kept
}

// taken drops an address that belongs to somebody else.
func (w *peopleWriter) taken(p *newPerson, i int, where string) {
	p.addresses[i] = newAddress{}
	w.result.problem(Problem{Line: p.line, Column: string(alerting.PeopleChannels()[i]),
		What: alerting.Say("import.address-taken", "the address belongs to another person %s; one address gets one warning, so it was left out here", where)})
}

func hashKey(ch alerting.Channel, hash []byte) string { return string(ch) + "\x00" + string(hash) }

// writeAttempts is how often a transaction is tried that another import got in the way of.
const writeAttempts = 3

// write writes some people in one transaction.
func (w *peopleWriter) write(ctx context.Context, lot []*newPerson) error {
	var err error
	for range writeAttempts {
		var b *batch
		err = w.a.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			b = &batch{a: w.a, tx: tx, people: lot, now: w.a.now().UnixMilli()}
			return b.write(ctx)
		})
		if err == nil {
			b.count(w)
			return nil
		}
		if !errors.Is(err, alerting.ErrConflict) {
			break
		}
	}
	return fmt.Errorf("write lines %d and around: %w", lot[0].line, err)
}

// batch is one transaction of an import. It leaves the people as they are, so that it can be run again.
type batch struct {
	a      *Audience
	tx     bun.Tx
	people []*newPerson
	now    int64

	ids      map[string]int64
	replaced []int64
	silent   map[int64]bool
	owners   map[string]int64
	optedOut map[string]bool

	addresses []addressRow
	taken     []taken
}

// taken is an address that turned out to belong to somebody else.
type taken struct {
	person  *newPerson
	channel int
}

func (b *batch) write(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		b.readPeople, b.readAddresses, b.number, b.clear, b.putPeople, b.putAddresses, b.putPlaces,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// readPeople finds who is there already.
func (b *batch) readPeople(ctx context.Context) error {
	refs := make([]string, len(b.people))
	for i, p := range b.people {
		refs[i] = p.ref
	}
	b.ids, b.silent = map[string]int64{}, map[int64]bool{}
	return each(ctx, b.tx, "look for known people", "SELECT id, ref, opted_out FROM people WHERE ref IN (?)",
		[]any{bun.List(refs)}, func(rows *sql.Rows) error {
			var id int64
			var ref string
			var silent bool
			err := rows.Scan(&id, &ref, &silent)
			b.ids[ref], b.silent[id] = id, silent
			b.replaced = append(b.replaced, id)
			return err
		})
}

// readAddresses finds who has the addresses already, and which were opted out.
func (b *batch) readAddresses(ctx context.Context) error {
	var hashes [][]byte
	for _, p := range b.people {
		for _, address := range p.addresses {
			if address.hash != nil {
				hashes = append(append(hashes, address.hash), address.others...)
			}
		}
	}
	b.owners, b.optedOut = map[string]int64{}, map[string]bool{}
	if len(hashes) == 0 {
		return nil
	}
	var ch alerting.Channel
	var hash []byte
	err := each(ctx, b.tx, "look for known addresses", "SELECT channel, hash, person FROM addresses WHERE hash IN (?)",
		[]any{bun.List(hashes)}, func(rows *sql.Rows) error {
			var person int64
			err := rows.Scan(&ch, &hash, &person)
			b.owners[hashKey(ch, hash)] = person
			return err
		})
	if err != nil {
		return err
	}
	return each(ctx, b.tx, "look for opt-outs", "SELECT channel, hash FROM opt_outs WHERE hash IN (?)",
		[]any{bun.List(hashes)}, func(rows *sql.Rows) error {
			err := rows.Scan(&ch, &hash)
			b.optedOut[hashKey(ch, hash)] = true
			return err
		})
}

// number gives ids to the new people, in the order of their places.
func (b *batch) number(ctx context.Context) error {
	fresh := int64(len(b.people) - len(b.ids))
	if fresh == 0 {
		return nil
	}
	last, err := nextIDs(ctx, b.tx, "people", fresh)
	if err != nil {
		return err
	}
	id := last - fresh
	for _, p := range b.people {
		if b.ids[p.ref] == 0 {
			id++
			b.ids[p.ref] = id
		}
	}
	return nil
}

// nextIDs takes n ids of a kind and returns the last.
func nextIDs(ctx context.Context, tx bun.Tx, kind string, n int64) (int64, error) {
	var last int64
	err := tx.QueryRowContext(ctx, "UPDATE counters SET value = value + ? WHERE name = ? RETURNING value", n, kind).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("take numbers for %s: %w", kind, err)
	}
	return last, nil
}
