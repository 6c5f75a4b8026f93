package fanout

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// channelCount is the number of channels; a channel's index is its position in alerting.Channels.
const channelCount = 4

// siren is the index of the siren channel.
const sirenChannel = 3

// Kind says whom a page holds.
type Kind string

// The kinds of pages. The ids of a page of Sirens are those of sirens, not of people.
const (
	People Kind = "people"
	Sirens Kind = "sirens"
)

// Page is one row of the manifest: at most alerting.PageSize people or sirens in place order, and what each is sent.
type Page struct {
	Alert  alerting.AlertID
	Epoch  uint32
	Number uint32
	Kind   Kind
	// Origin is the earlier alert that everybody on this page was told of; zero for a page that a scan found. For an
	// update, a page with an origin and the marks in Inside tell the three groups apart: still inside (origin, inside),
	// no longer inside (origin, not inside) and newly inside (no origin). Of an all-clear everybody is in the first. Who is on a
	// page of people and on no channel was told by an earlier update that the warning no longer applies to him, and hears nothing.
	Origin alerting.AlertID
	// Persons are the ids of the people or sirens by place.
	Persons []int64
	// Infos are the indexes of the alert's infos by place.
	Infos []uint8
	// Areas are the areas of those infos by place, see Area; nil where none is known.
	Areas []uint16
	// Inside marks who is in the alert's own area.
	Inside Bits
	// Targets marks by channel who is told; Later, a part of it, who is told only after Due, or, on a page of sirens that
	// were sounding, once more after it.
	Targets [channelCount]Bits
	Later   [channelCount]Bits
	Due     time.Time
	// Produced and LaterProduced say that the batches of the part are on their way.
	Produced      bool
	LaterProduced bool
	// Sealed holds the final states once the alert is closed for good, as the ledger wrote them.
	Sealed []byte
}

// On is who a channel targets.
func (p *Page) On(ch alerting.Channel) Bits {
	if c := channelIndex(ch); c >= 0 {
		return p.Targets[c]
	}
	return Bits{}
}

// now is who is told at once.
func (p *Page) now(c int) Bits { return p.Targets[c].Without(p.Later[c]) }

func channelIndex(ch alerting.Channel) int {
	for i, c := range alerting.Channels() {
		if c == ch {
			return i
		}
	}
	return -1
}

// manifestRow is a Page as SQL keeps it.
type manifestRow struct {
	bun.BaseModel `bun:"table:manifest"`

	Alert         string `bun:"alert,pk"`
	Page          int64  `bun:"page,pk"`
	Kind          string `bun:"kind"`
	Persons       []byte `bun:"persons"`
	Infos         []byte `bun:"infos"`
	Targets       []byte `bun:"targets"`
	Inside        []byte `bun:"inside"`
	Produced      int64  `bun:"produced"`
	Sealed        []byte `bun:"sealed"`
	Epoch         int64  `bun:"epoch"`
	Origin        string `bun:"origin"`
	Later         []byte `bun:"later"`
	DueMS         int64  `bun:"due_ms"`
	LaterProduced int64  `bun:"later_produced"`
}

func (p *Page) row() manifestRow {
	row := manifestRow{
		Alert: p.Alert.String(), Page: int64(p.Number), Kind: string(p.Kind), Epoch: int64(p.Epoch),
		Persons: packPersons(p.Persons, p.Areas), Infos: packInfos(p.Infos), Inside: packInside(p.Inside, len(p.Persons)),
		Targets: packTargets(p.Targets, len(p.Persons)), Later: packTargets(p.Later, len(p.Persons)),
		Produced: flag(p.Produced), LaterProduced: flag(p.LaterProduced), DueMS: millis(p.Due), Sealed: p.Sealed,
	}
	if !p.Origin.IsZero() {
		row.Origin = p.Origin.String()
	}
	return row
}

func (r *manifestRow) page() (Page, error) {
	p := Page{
		Number: uint32(r.Page), Epoch: uint32(r.Epoch), Kind: Kind(r.Kind), Produced: r.Produced != 0,
		LaterProduced: r.LaterProduced != 0, Due: fromMillis(r.DueMS), Sealed: r.Sealed,
	}
	err := r.decode(&p)
	if err != nil {
		return Page{}, fmt.Errorf("alert %s page %d: %w", r.Alert, r.Page, err)
	}
	return p, nil
}

func (r *manifestRow) decode(p *Page) error {
	var err error
	if p.Alert, err = alerting.ParseAlertID(r.Alert); err != nil {
		return err
	}
	if r.Origin != "" {
		if p.Origin, err = alerting.ParseAlertID(r.Origin); err != nil {
			return err
		}
	}
	if p.Persons, p.Areas, err = unpackPersons(r.Persons); err != nil {
		return err
	}
	n := len(p.Persons)
	if p.Infos, err = unpackInfos(r.Infos, n); err != nil {
		return err
	}
	if p.Inside, err = unpackInside(r.Inside, n); err != nil {
		return err
	}
	if p.Targets, err = unpackTargets(r.Targets, n); err != nil {
		return err
	}
	if p.Later, err = unpackTargets(r.Later, n); err != nil {
		return err
	}
	for c := range p.Later {
		if extra := p.Later[c].Without(p.Targets[c]); !extra.Empty() {
			return corrupt("later: places that are not targeted")
		}
	}
	return nil
}

// pagesAtOnce is how many rows one query of Pages reads: about 100 KB.
const pagesAtOnce = 64

// Pages reads the manifest of an alert in page order, a few rows at a time. It ends after the first error. An alert that
// was never expanded has no pages.
func Pages(ctx context.Context, db bun.IDB, id alerting.AlertID) iter.Seq2[Page, error] {
	return PagesFrom(ctx, db, id, 0)
}

// PagesFrom is Pages without those before the page of a number.
func PagesFrom(ctx context.Context, db bun.IDB, id alerting.AlertID, first uint32) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		for from := int64(first); ; {
			pages, err := readPages(ctx, db, id, from, pagesAtOnce)
			if err != nil {
				yield(Page{}, err)
				return
			}
			for _, p := range pages {
				if !yield(p, nil) {
					return
				}
				from = int64(p.Number) + 1
			}
			if len(pages) < pagesAtOnce {
				return
			}
		}
	}
}

// readPages reads at most limit pages from a number on; where narrows them further.
func readPages(ctx context.Context, db bun.IDB, id alerting.AlertID, from int64, limit int, where ...string) ([]Page, error) {
	var rows []manifestRow
	q := db.NewSelect().Model(&rows).Where("alert = ?", id.String()).Where("page >= ?", from)
	for _, w := range where {
		q = q.Where(w)
	}
	if err := q.Order("page").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the manifest of alert %s: %w", id, err)
	}
	pages := make([]Page, len(rows))
	for i := range rows {
		var err error
		if pages[i], err = rows[i].page(); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// Spot is where a person stands in an alert's manifest.
type Spot struct {
	Page     uint32
	Place    uint8
	Epoch    uint32
	Inside   bool
	Channels []alerting.Channel
}

// Find looks a person, or a siren, up in the manifest of an alert. There are several spots when he was told again, after a send of
// the stopped alert came to light late; the channels of spots may then overlap. No spot: the alert was not for him.
func Find(ctx context.Context, db bun.IDB, id alerting.AlertID, kind Kind, person int64) ([]Spot, error) {
	var spots []Spot
	for p, err := range Pages(ctx, db, id) {
		if err != nil {
			return nil, err
		}
		if p.Kind != kind {
			continue
		}
		for place, who := range p.Persons {
			if who != person {
				continue
			}
			spot := Spot{Page: p.Number, Place: uint8(place), Epoch: p.Epoch, Inside: p.Inside.Has(uint8(place))}
			for c, ch := range alerting.Channels() {
				if p.Targets[c].Has(uint8(place)) {
					spot.Channels = append(spot.Channels, ch)
				}
			}
			spots = append(spots, spot)
		}
	}
	return spots, nil
}

// PageAt reads one page; ErrNotFound when there is none.
func PageAt(ctx context.Context, db bun.IDB, id alerting.AlertID, number uint32) (Page, error) {
	pages, err := readPages(ctx, db, id, int64(number), 1)
	if err != nil {
		return Page{}, err
	}
	if len(pages) == 0 || pages[0].Number != number {
		return Page{}, fmt.Errorf("%w: alert %s has no page %d", alerting.ErrNotFound, id, number)
	}
	return pages[0], nil
}

// Seal keeps the final states of a page; it is for the ledger to say what the bytes mean. Sealing again overwrites.
func Seal(ctx context.Context, tx bun.IDB, id alerting.AlertID, page uint32, sealed []byte) error {
	res, err := tx.NewUpdate().Model((*manifestRow)(nil)).Set("sealed = ?", sealed).
		Where("alert = ?", id.String()).Where("page = ?", page).Exec(ctx)
	if err != nil {
		return fmt.Errorf("seal alert %s page %d: %w", id, page, err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("seal alert %s page %d: %w", id, page, alerting.ErrNotFound)
	}
	return nil
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// millis is a time as SQL keeps it; zero stays 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
