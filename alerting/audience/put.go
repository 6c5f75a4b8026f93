package audience

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// clear takes away what the replaced people had.
func (b *batch) clear(ctx context.Context) error {
	if len(b.replaced) == 0 {
		return nil
	}
	for _, table := range []string{"places", "place_codes", "addresses"} {
		if _, err := b.tx.ExecContext(ctx, "DELETE FROM ? WHERE person IN (?)", bun.Ident(table), bun.List(b.replaced)); err != nil {
			return err
		}
	}
	return nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (b *batch) putPeople(ctx context.Context) error {
	rows := make([]personRow, len(b.people))
	for i, p := range b.people {
		rows[i] = personRow{ID: b.ids[p.ref], Ref: p.ref, Language: p.language, Wants: p.wants, Verified: flag(p.verified),
			CreatedMS: b.now, UpdatedMS: b.now}
	}
	_, err := b.tx.NewInsert().Model(&rows).On("CONFLICT (id) DO UPDATE").Set("language = EXCLUDED.language").
		Set("wants = EXCLUDED.wants").Set("verified = EXCLUDED.verified").Set("updated_ms = EXCLUDED.updated_ms").Exec(ctx)
	return err
}

// putAddresses writes the addresses that belong to nobody else.
func (b *batch) putAddresses(ctx context.Context) error {
	b.addresses, b.taken = nil, nil
	for _, p := range b.people {
		for i, address := range p.addresses {
			if address.hash == nil {
				continue
			}
			ch := alerting.PeopleChannels()[i]
			if b.ownedByOther(ch, address) {
				b.taken = append(b.taken, taken{p, i})
				continue
			}
			b.addresses = append(b.addresses, addressRow{Person: b.ids[p.ref], Channel: ch, Sealed: address.sealed,
				Hash: address.hash, Verified: flag(p.verified), OptedOut: flag(b.isOptedOut(ch, address)), ChangedMS: b.now})
		}
	}
	if len(b.addresses) == 0 {
		return nil
	}
	_, err := b.tx.NewInsert().Model(&b.addresses).Exec(ctx)
	return err
}

// ownedByOther: somebody has the address who is not being replaced in this very transaction. (Whoever is has either given
// it up or is the same person; two people of one file were told apart before.)
func (b *batch) ownedByOther(ch alerting.Channel, address newAddress) bool {
	for _, hash := range append([][]byte{address.hash}, address.others...) {
		if owner := b.owners[hashKey(ch, hash)]; owner != 0 && !slices.Contains(b.replaced, owner) {
			return true
		}
	}
	return false
}

func (b *batch) isOptedOut(ch alerting.Channel, address newAddress) bool {
	for _, hash := range append([][]byte{address.hash}, address.others...) {
		if b.optedOut[hashKey(ch, hash)] {
			return true
		}
	}
	return false
}

// putPlaces writes the places, each with the addresses that may be used.
func (b *batch) putPlaces(ctx context.Context) error {
	usable := map[int64]*[3][]byte{}
	for i := range b.addresses {
		row := &b.addresses[i]
		if row.Verified == 0 || row.OptedOut != 0 || b.silent[row.Person] {
			continue
		}
		of := usable[row.Person]
		if of == nil {
			of = new([3][]byte)
			usable[row.Person] = of
		}
		of[slices.Index(alerting.PeopleChannels(), row.Channel)] = row.Sealed
	}
	var places []placeRow
	var codes []codeRow
	for _, p := range b.people {
		id := b.ids[p.ref]
		of := usable[id]
		if of == nil {
			of = new([3][]byte)
		}
		for _, at := range p.places {
			if at.code != "" {
				codes = append(codes, codeRow{Code: at.code, Person: id, MinSeverity: at.min, Language: p.language,
					Wants: p.wants, SMS: of[0], Push: of[1], Mail: of[2]})
				continue
			}
			places = append(places, placeRow{Cell: Key(at.cell), Person: id, MinSeverity: at.min, Language: p.language,
				Wants: p.wants, SMS: of[0], Push: of[1], Mail: of[2]})
		}
	}
	if len(places) > 0 {
		if _, err := b.tx.NewInsert().Model(&places).Exec(ctx); err != nil {
			return err
		}
	}
	if len(codes) > 0 {
		if _, err := b.tx.NewInsert().Model(&codes).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// count adds a committed transaction to the result.
func (b *batch) count(w *peopleWriter) {
	r := w.result
	r.New += len(b.people) - len(b.replaced)
	r.Replaced += len(b.replaced)
	r.Addresses += len(b.addresses)
	for i := range b.addresses {
		r.Unverified += 1 - b.addresses[i].Verified
		r.OptedOut += b.addresses[i].OptedOut
	}
	for _, p := range b.people {
		r.Places += len(p.places)
	}
	for _, t := range b.taken {
		w.taken(t.person, t.channel, "who was imported earlier")
	}
}
