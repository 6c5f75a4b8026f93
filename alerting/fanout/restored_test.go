package fanout

import (
	"strings"
	"testing"

	"tocsin/alerting/store/storetest"
)

// TestARestoredDatabaseTellsNobodyAgain: the ledger knows of deliveries that SQL, restored from an older copy, does not.
func TestARestoredDatabaseTellsNobodyAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 300, allPeople)
		old, fresh := w.alert("a"), w.alert("a")
		f := w.process()
		w.accept(f, old)
		w.mustDrain(f)
		sent := len(w.outbox.of(old))
		w.db = storetest.Open(t)
		f = w.process()
		if err := f.Recover(t.Context(), fresh); err != nil {
			t.Fatal(err)
		}
		if _, err := readRow(t.Context(), w.db.Read(), fresh.ID); err == nil {
			t.Error("an alert that waits on the stream was entered before its turn")
		}
		if err := f.Recover(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		w.accept(f, old)
		w.mustDrain(f)
		p := w.progress(old)
		if p.State != Done || !strings.Contains(p.Reason, "restored") || len(w.outbox.of(old)) != sent {
			t.Errorf("%+v, %d batches before and %d after", p, sent, len(w.outbox.of(old)))
		}
	})
}
