package fanout

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/cap"
)

// heard is what each person is told of a message, by channel; it fails when somebody is told twice on one channel, or in words of
// two kinds.
func heard(t *testing.T, w *world, in *alerting.Issued) map[int64]string {
	t.Helper()
	type place struct {
		ch    alerting.Channel
		page  uint32
		place uint8
	}
	pages, seen, on, kinds := w.pages(in), map[place]bool{}, map[int64]channels{}, map[int64]string{}
	for _, b := range w.outbox.of(in) {
		for _, to := range b.To {
			at := place{b.Channel, b.Page, to.Place}
			if b.Channel == alerting.Siren || seen[at] {
				continue // A batch that is produced again is the same delivery: claims see to that.
			}
			seen[at] = true
			id, c := pages[b.Page].Persons[to.Place], channels(1<<channelIndex(b.Channel))
			kind, _, found := strings.Cut(b.Texts[to.Text].Body, ": ")
			if !found {
				kind = "new"
			}
			if on[id]&c != 0 || kinds[id] != "" && kinds[id] != kind {
				t.Fatalf("person %d is told twice: %s and %s on %03b and %03b", id, kinds[id], kind, on[id], c)
			}
			on[id] |= c
			kinds[id] = kind
		}
	}
	return kinds
}

// killed works until everything is done, through a few kills at any step.
func (w *world) killed(random *rand.Rand) {
	w.t.Helper()
	for try := 0; ; try++ {
		if try < 3 {
			w.fault.arm(1+random.IntN(12), random.IntN(2) == 0)
		} else {
			w.fault.armed = false
		}
		err := w.drain(w.process())
		if err == nil {
			break
		}
		if !errors.Is(err, errKilled) {
			w.t.Fatal(err)
		}
	}
	w.fault.armed = false
}

// TestGroupsPartTheUnion: whoever was told or is inside an update is in one of its groups and in no other, hears the words of
// that group and no others, and once, whatever is killed. A second update does not tell again who is out already, and warns in full
// who comes back; an all-clear reaches everybody who was ever told, and nobody else.
func TestGroupsPartTheUnion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for seed := range uint64(6) {
			random := rand.New(rand.NewPCG(seed, 7))
			clear(w.audience.people)
			const people = 700
			wander := func(id int64) {
				w.audience.people[id].zone = []string{"a", "b", "c"}[random.IntN(3)]
			}
			w.audience.settle("a", 1, people, allPeople)
			for id := range w.audience.people {
				w.audience.people[id].channels = channels(1 + random.IntN(7))
				wander(id)
			}
			first := w.alert("a")
			w.accept(w.process(), first)
			w.killed(random)
			w.ledger.work(w.outbox.of(first), func(spot) alerting.State {
				return []alerting.State{alerting.Sent, alerting.Queued}[random.IntN(2)]
			})
			told := toldOfFirst(w, first)
			// at is how somebody stands: inside and told, out and told so, or told nothing.
			at := map[int64]string{}
			for id := range w.audience.people {
				if told[id] != 0 {
					at[id] = "in"
				}
			}
			before := first
			for _, zone := range []string{"b", "c"} {
				want, groups := map[int64]string{}, Groups{}
				for id := range w.audience.people {
					if random.IntN(2) == 0 {
						wander(id)
					}
					inside := w.audience.people[id].zone == zone
					switch {
					case inside && at[id] == "in":
						want[id] = "update"
						groups.Still++
					case inside:
						want[id], at[id] = "new", "in"
						groups.New++
					case at[id] == "in":
						want[id], at[id] = "gone", "out"
						groups.Gone++
					}
				}
				in := w.update(zone, before)
				w.accept(w.process(), in)
				w.killed(random)
				got := heard(t, w, in)
				for id := range int64(people + 1) {
					if got[id] != want[id] {
						t.Fatalf("seed %d, zone %s: person %d heard %q, want %q", seed, zone, id, got[id], want[id])
					}
				}
				if p := w.progress(in); p.Groups != groups || p.People != groups.Still+groups.New+groups.Gone || p.State != Done {
					t.Fatalf("seed %d, zone %s: %+v, want %+v", seed, zone, p, groups)
				}
				w.ledger.work(w.outbox.of(in), sendAll)
				before = in
			}
			clears := w.message(cap.MsgUpdate, []string{"c"}, []*alerting.Issued{before}, func(a *cap.Alert, _ *alerting.Envelope) {
				for i := range a.Infos {
					a.Infos[i].ResponseTypes = []cap.ResponseType{cap.AllClear}
				}
			})
			w.accept(w.process(), clears)
			w.killed(random)
			got := heard(t, w, clears)
			for id := range int64(people + 1) {
				if (got[id] == "update") != (at[id] != "") || got[id] != "" && got[id] != "update" {
					t.Fatalf("seed %d: person %d, who is %q, heard %q of the all-clear", seed, id, at[id], got[id])
				}
			}
			if p := w.progress(clears); p.Groups.New != 0 || p.Groups.Gone != 0 || p.Groups.Still != int64(len(at)) {
				t.Fatalf("seed %d: the all-clear: %+v", seed, p)
			}
		}
	})
}
