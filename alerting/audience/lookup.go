package audience

import (
	"context"
	"database/sql"
	"slices"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// person is what the tables know of one person.
type person struct {
	language  string
	wants     int64
	addresses [4][]byte
	places    []place
}

// resolved is what an alert is to one person.
type resolved struct {
	alerting.Addressee
	// held: a place of his is in an area, and he wants to hear of it.
	held bool
}

// Lookup gives people who were told of an earlier message their current addresses, in the order of ids, one for each id.
// Channels that a person opted out of, or that were never verified, are nil; so are all channels of a person who opted
// out wholly or is gone. Inside says whether a place of his lies in an area of this alert. Info is the severest info that
// holds him, first among those that he wants to hear of, in his language; where none holds him, the one in his language;
// 0 when the alert has no info.
func (a *Audience) Lookup(ctx context.Context, issued *alerting.Issued, ids []int64) ([]alerting.Addressee, error) {
	p, err := a.plan(ctx, issued)
	if err != nil {
		return nil, err
	}
	out := make([]alerting.Addressee, 0, len(ids))
	for lot := range slices.Chunk(ids, inList) {
		all, err := a.resolve(ctx, p, lot, true)
		if err != nil {
			return nil, err
		}
		for _, one := range all {
			out = append(out, one.Addressee)
		}
	}
	return out, nil
}

// resolve works out what an alert is to each person, in the order of ids. told: they were told before, so that what they
// want does not decide whether they are inside.
func (a *Audience) resolve(ctx context.Context, p *plan, ids []int64, told bool) ([]resolved, error) {
	people, err := a.load(ctx, ids, p.usable)
	if err != nil {
		return nil, err
	}
	if err := a.loadAddresses(ctx, ids, people); err != nil {
		return nil, err
	}
	out := make([]resolved, len(ids))
	for i, id := range ids {
		out[i].ID = id
		who := people[id]
		if who == nil {
			out[i].Info = p.anywhere("")
			continue
		}
		out[i].Addresses = who.addresses
		strict := reader{wants: who.wants, ranks: p.tongues.of(who.language)}
		info := p.infoFor(who, &strict)
		out[i].held = info >= 0
		if info < 0 && (told || p.open) {
			loose := strict
			loose.told = true
			info = p.infoFor(who, &loose)
		}
		if out[i].Inside = info >= 0; out[i].Inside {
			out[i].Area = p.of[info].areaFor(who)
		}
		if info < 0 {
			info = p.anywhere(who.language)
		}
		out[i].Info = info
	}
	return out, nil
}

// infoFor is the severest info that holds a person, in the best language; -1 for none.
func (p *plan) infoFor(who *person, r *reader) int {
	for i := range p.passes {
		best := -1
		for _, at := range who.places {
			if info := p.passes[i].best(at, r); r.better(info, best) {
				best = info
			}
		}
		if best >= 0 {
			return best
		}
	}
	return -1
}

// load reads people and, if wanted, their places. Nobody has more ids at once than go into one list.
func (a *Audience) load(ctx context.Context, ids []int64, places bool) (map[int64]*person, error) {
	people := make(map[int64]*person, len(ids))
	db := a.db.Read()
	err := each(ctx, db, "read people", "SELECT id, language, wants FROM people WHERE id IN (?)", []any{bun.List(ids)},
		func(rows *sql.Rows) error {
			var id int64
			var who person
			err := rows.Scan(&id, &who.language, &who.wants)
			people[id] = &who
			return err
		})
	if err != nil || !places {
		return people, err
	}
	var id int64
	keep := func(at place) {
		if who := people[id]; who != nil {
			who.places = append(who.places, at)
		}
	}
	err = each(ctx, db, "read people's places", "SELECT person, cell, min_severity FROM places WHERE person IN (?)",
		[]any{bun.List(ids)}, func(rows *sql.Rows) error {
			var key int64
			var at place
			err := rows.Scan(&id, &key, &at.min)
			at.cell = Cell(key)
			keep(at)
			return err
		})
	if err != nil {
		return nil, err
	}
	err = each(ctx, db, "read people's geocodes", "SELECT person, code, min_severity FROM place_codes WHERE person IN (?)",
		[]any{bun.List(ids)}, func(rows *sql.Rows) error {
			var at place
			err := rows.Scan(&id, &at.code, &at.min)
			keep(at)
			return err
		})
	if err != nil {
		return nil, err
	}
	return people, nil
}

// loadAddresses reads the addresses that may be used now.
func (a *Audience) loadAddresses(ctx context.Context, ids []int64, people map[int64]*person) error {
	return each(ctx, a.db.Read(), "read people's addresses",
		`SELECT a.person, a.channel, a.sealed FROM addresses AS a JOIN people AS p ON p.id = a.person
		 WHERE a.person IN (?) AND a.verified = 1 AND a.opted_out = 0 AND p.opted_out = 0`, []any{bun.List(ids)},
		func(rows *sql.Rows) error {
			var id int64
			var channel alerting.Channel
			var sealed []byte
			if err := rows.Scan(&id, &channel, &sealed); err != nil {
				return err
			}
			i := slices.Index(alerting.Channels(), channel)
			if who := people[id]; who != nil && i >= 0 {
				who.addresses[i] = sealed
			}
			return nil
		})
}

// Find is the id of a person by the reference under which he was imported; ErrNotFound when there is none.
func (a *Audience) Find(ctx context.Context, ref string) (int64, error) {
	ids, err := a.idsOf(ctx, []string{ref})
	if err == nil && len(ids) == 0 {
		err = alerting.Refuse(alerting.ErrNotFound, "person.unknown", "no person has the reference %q", ref)
	}
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// Refs are the references of people by id; ids that are gone are missing.
func (a *Audience) Refs(ctx context.Context, ids []int64) (map[int64]string, error) {
	return a.refs(ctx, "people", ids)
}

// SirenRefs are the references of sirens by id; ids that are gone are missing.
func (a *Audience) SirenRefs(ctx context.Context, ids []int64) (map[int64]string, error) {
	return a.refs(ctx, "sirens", ids)
}

func (a *Audience) refs(ctx context.Context, table string, ids []int64) (map[int64]string, error) {
	refs := make(map[int64]string, len(ids))
	for lot := range slices.Chunk(ids, inList) {
		err := each(ctx, a.db.Read(), "read references", "SELECT id, ref FROM ? WHERE id IN (?)",
			[]any{bun.Ident(table), bun.List(lot)}, func(rows *sql.Rows) error {
				var id int64
				var ref string
				err := rows.Scan(&id, &ref)
				refs[id] = ref
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	return refs, nil
}
