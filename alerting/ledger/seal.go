package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"tocsin/alerting"
)

// sealVersion begins a sealed page.
const sealVersion = 1

// SealedPage is the final standing of one page: what is left of it once Redis has forgotten the alert.
type SealedPage struct {
	states [4][]byte
	notes  [4]string
}

// Seal closes an alert for good: what is still open expires, every page goes to write in its sealed form, and only
// when done has noted the alert as sealed, with its packed Totals, are its keys dropped. Sealing again after a crash writes the same again.
func (l *Ledger) Seal(ctx context.Context, live Live, books Books, write func(ctx context.Context, page uint32, sealed []byte) error, done func(ctx context.Context, totals []byte) error) error {
	var pages uint32
	sirens := make(map[uint32]bool)
	for p, err := range books.Manifest(ctx, live.ID) {
		if err != nil {
			return fmt.Errorf("seal alert %s: read the manifest: %w", live.ID, err)
		}
		pages = max(pages, p.Page+1)
		if p.Channel == alerting.Siren {
			sirens[p.Page] = true
		}
		step := Step{Alert: live.ID, Channel: p.Channel, Page: p.Page, Wish: ExpiredBefore, WishFor: p.Places}
		if _, err := l.Step(ctx, step); err != nil {
			return fmt.Errorf("seal alert %s: %w", live.ID, err)
		}
	}
	var sum Sum
	for from := uint32(0); from < pages; from += mergeChunk {
		sealed, err := l.sealedPages(ctx, live.ID, from, min(from+mergeChunk, pages))
		if err != nil {
			return fmt.Errorf("seal alert %s: %w", live.ID, err)
		}
		for i, p := range sealed {
			if err := write(ctx, from+uint32(i), p.pack()); err != nil {
				return fmt.Errorf("seal alert %s page %d: %w", live.ID, from+uint32(i), err)
			}
			sum.Add(&p, sirens[from+uint32(i)])
		}
	}
	totals := sum.Totals()
	for ch, c := range totals.Channels {
		counts, err := l.Counts(ctx, live.ID, ch)
		if err != nil {
			return fmt.Errorf("seal alert %s: %w", live.ID, err)
		}
		c.Latencies = counts.Latencies
		totals.Channels[ch] = c
	}
	packed, err := totals.Pack()
	if err == nil {
		err = done(ctx, packed)
	}
	if err != nil {
		return fmt.Errorf("seal alert %s: %w", live.ID, err)
	}
	return l.drop(ctx, live.ID)
}

func (l *Ledger) sealedPages(ctx context.Context, id alerting.AlertID, from, to uint32) ([]SealedPage, error) {
	raw, err := l.readPages(ctx, id, everyChannel(), from, to, notesField)
	if err != nil {
		return nil, err
	}
	out := make([]SealedPage, len(raw))
	for i := range raw {
		out[i] = SealedPage{states: raw[i].states, notes: raw[i].notes}
	}
	return out, nil
}

func (l *Ledger) drop(ctx context.Context, id alerting.AlertID) error {
	keys := []string{l.metaKey(id), l.liftedKey(id)}
	for _, ch := range alerting.Channels() {
		keys = append(keys, l.pagesKey(id, ch))
	}
	if err := l.rdb.Unlink(ctx, keys...).Err(); err != nil {
		return away("drop a sealed alert", err)
	}
	return nil
}

func (p *SealedPage) pack() []byte {
	b := []byte{sealVersion}
	for c := range p.states {
		b = binary.AppendUvarint(b, uint64(len(p.states[c])))
		b = append(b, p.states[c]...)
		b = binary.AppendUvarint(b, uint64(len(p.notes[c])))
		b = append(b, p.notes[c]...)
	}
	return b
}

// errSealed: the bytes are not a sealed page.
var errSealed = errors.New("sealed page: malformed")

// ReadSealed reads what Seal wrote.
func ReadSealed(b []byte) (SealedPage, error) {
	var p SealedPage
	if len(b) == 0 || b[0] != sealVersion {
		return p, errSealed
	}
	b = b[1:]
	take := func() ([]byte, error) {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > uint64(len(b)-k) {
			return nil, errSealed
		}
		field := b[k : k+int(n)]
		b = b[k+int(n):]
		return field, nil
	}
	for c := range p.states {
		states, err := take()
		if err != nil {
			return SealedPage{}, err
		}
		notes, err := take()
		if err != nil {
			return SealedPage{}, err
		}
		p.states[c], p.notes[c] = states, string(notes)
	}
	if len(b) != 0 {
		return SealedPage{}, errSealed
	}
	return p, nil
}

// State is the final state of a place on a channel.
func (p *SealedPage) State(ch alerting.Channel, place uint8) alerting.State {
	for c, name := range alerting.Channels() {
		if name == ch {
			return stateAt(p.states[c], int(place))
		}
	}
	return alerting.None
}

// Explain gives one place over all channels, as Ledger.Explain does of a live alert.
func (p *SealedPage) Explain(place uint8) []Place {
	var out []Place
	for c, ch := range alerting.Channels() {
		if s := stateAt(p.states[c], int(place)); s != alerting.None {
			held := Held{Place: place, Mark: markOfState(s)}
			out = append(out, Place{ch, held, readNotes(p.notes[c], place)})
		}
	}
	return out
}

// markOfState is the plainest mark that amounts to a state.
func markOfState(s alerting.State) alerting.Mark {
	switch {
	case s == alerting.Failed:
		return alerting.Mark{Best: alerting.Queued, Failure: 1}
	case s >= alerting.Uncertain:
		return alerting.Mark{Best: s, Handed: 1}
	}
	return alerting.Mark{Best: s}
}
