package fanout

import (
	"testing"
	"time"

	"tocsin/alerting"
)

// TestEachTextEndsWithItsInfo: a batch ends when the last of its texts does, and each text with its own info.
func TestEachTextEndsWithItsInfo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 10, allPeople)
		f := w.process()
		in := w.alert("a")
		start := w.clock()
		in.Expires = start.Add(3 * time.Hour)
		in.Ends = []time.Time{start.Add(time.Hour), start.Add(2 * time.Hour)}
		w.accept(f, in)
		w.mustDrain(f)
		sent := w.outbox.of(in)
		if len(sent) == 0 {
			t.Fatal("nothing was dispatched")
		}
		for _, s := range sent {
			if !s.Expires.Equal(in.Ends[1]) {
				t.Errorf("%s ends at %v, want %v, when its last text does", s.String(), s.Expires, in.Ends[1])
			}
			for _, m := range s.Texts {
				want := map[string]time.Time{"en": in.Ends[0], "sv": in.Ends[1]}[m.Language]
				if !m.Expires.Equal(want) {
					t.Errorf("%s: the text in %s ends at %v, want %v", s.String(), m.Language, m.Expires, want)
				}
			}
		}
		end := w.cancel(in)
		w.accept(f, end)
		w.mustDrain(f)
		for _, s := range w.outbox.of(end) {
			if !s.Expires.Equal(end.Expires) || !allEnd(s.Texts, end.Expires) {
				t.Errorf("%s: the words of a cancel end with the cancel, not with what they end", s.String())
			}
		}
	})
}

func allEnd(texts []alerting.Message, at time.Time) bool {
	for _, m := range texts {
		if !m.Expires.Equal(at) {
			return false
		}
	}
	return true
}
