package fanout

import (
	"context"
	"testing"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

func TestBooksOfAStoppedAlert(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 300, allPeople)
		w.sirens.people[1] = &citizen{id: 1, zone: "a", channels: sirenOnly, gateway: "horn"}
		f := w.process()
		first := w.alert("a")
		w.accept(f, first)
		w.mustDrain(f)
		w.ledger.work(w.outbox.of(first), halfUnderWay)
		cancel := w.cancel(first)
		w.accept(f, cancel)
		w.mustDrain(f)

		want := map[spot]bool{}
		for _, b := range w.outbox.of(cancel) {
			for _, to := range b.To {
				who := w.pages(cancel)[b.Page].Persons[to.Place]
				for _, p := range w.pages(first) {
					for place, id := range p.Persons {
						if id == who && (p.Kind == Sirens) == (b.Channel == alerting.Siren) {
							want[spot{first.ID, b.Channel, p.Number, uint8(place)}] = true
						}
					}
				}
			}
		}
		got := 0
		for p, err := range Corrected(t.Context(), w.db.Read(), first.ID) {
			if err != nil {
				t.Fatal(err)
			}
			for _, ch := range alerting.Channels() {
				for _, place := range p.On(ch).Places() {
					got++
					if !want[spot{first.ID, ch, p.Number, place}] {
						t.Errorf("page %d place %d counts as corrected on %s, and was not told", p.Number, place, ch)
					}
				}
			}
		}
		if got != len(want) || got == 0 {
			t.Errorf("%d places count as corrected, want %d", got, len(want))
		}
		if pages, err := SirenPages(t.Context(), w.db.Read(), first.ID); err != nil || len(pages) != 1 {
			t.Errorf("siren pages: %v %v", pages, err)
		}
		if by, err := StoppedBy(t.Context(), w.db.Read(), first.ID); err != nil || by != cancel.ID {
			t.Errorf("stopped by %s %v", by, err)
		}
	})
}

func TestSealedAlertsAreLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 10, allPeople)
		f := w.process()
		first, second := w.alert("a"), w.alert("a")
		w.accept(f, first)
		w.accept(f, second)
		w.mustDrain(f)
		err := w.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error { return MarkSealed(ctx, tx, first.ID, []byte(`{}`)) })
		if err != nil {
			t.Fatal(err)
		}
		open, err := Unsealed(t.Context(), w.db.Read())
		if err != nil || len(open) != 1 || open[0].Alert != second.ID {
			t.Errorf("unsealed: %+v %v", open, err)
		}
		if p := w.progress(first); !p.Sealed {
			t.Error("progress does not say that the alert is sealed")
		}
		if all, err := Latest(t.Context(), w.db.Read(), "", alerting.Place{}, 10); err != nil || len(all) != 2 {
			t.Errorf("latest: %+v %v", all, err)
		}
	})
}
