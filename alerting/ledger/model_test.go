package ledger

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/alerting"
	"tocsin/alerting/embedded/servertest"
)

// TestMergeIsThatOfTheNouns: whatever marks come in whatever order, script and alerting.Mark.Merge agree, and the
// counters are the sum of the states.
func TestMergeIsThatOfTheNouns(t *testing.T) {
	rdb, server := client(t, servertest.Redis(t))
	l := New(rdb, server, servertest.Prefix(t))
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		id := alerting.NewAlertID("model", servertest.Prefix(t), time.Unix(int64(n), 0))
		ok := func(err error) {
			if err != nil {
				rt.Fatal(err)
			}
		}
		ok(l.Begin(t.Context(), id, time.Minute, func(context.Context) (bool, error) { return true, nil }))
		var want [alerting.PageSize]alerting.Mark
		for range rapid.IntRange(1, 12).Draw(rt, "reports") {
			var marks []alerting.PlaceMark
			for range rapid.IntRange(1, 6).Draw(rt, "places") {
				m := alerting.PlaceMark{Place: rapid.Uint8().Draw(rt, "place"), Mark: alerting.Mark{
					Best:   alerting.State(rapid.SampledFrom([]int{1, 2, 3, 4, 5, 6, 8, 9}).Draw(rt, "best")),
					Handed: uint8(rapid.IntRange(0, 3).Draw(rt, "handed")), Failure: uint8(rapid.IntRange(0, 3).Draw(rt, "failure")),
					Lost: uint8(rapid.IntRange(0, 2).Draw(rt, "lost"))}}
				marks = append(marks, m)
				want[m.Place] = want[m.Place].Merge(m.Mark)
			}
			_, err := l.Step(t.Context(), Step{Alert: id, Channel: alerting.Mail, Page: 3, Marks: marks})
			ok(err)
		}
		var all []uint8
		for p := range alerting.PageSize {
			all = append(all, uint8(p))
		}
		answer, err := l.Step(t.Context(), Step{Alert: id, Channel: alerting.Mail, Page: 3, Report: all})
		ok(err)
		counts, err := l.Counts(t.Context(), id, alerting.Mail)
		ok(err)
		var sum [alerting.StateCount]int64
		for p, h := range answer.Report {
			if h.Mark != want[p] {
				rt.Fatalf("place %d: script %+v, nouns %+v", p, h.Mark, want[p])
			}
			if s := want[p].State(); s != alerting.None {
				sum[s]++
			}
		}
		if sum != counts.States {
			rt.Fatalf("counters %v, states %v", counts.States, sum)
		}
		ok(l.drop(t.Context(), id))
	})
}

// BenchmarkStep is one worker call for 32 places: settle, claim.
func BenchmarkStep(b *testing.B) {
	rdb, server := client(b, servertest.Redis(b))
	l := New(rdb, server, servertest.Prefix(b))
	id := alerting.NewAlertID("bench", servertest.Prefix(b), time.Unix(1, 0))
	if err := l.Begin(b.Context(), id, time.Minute, func(context.Context) (bool, error) { return true, nil }); err != nil {
		b.Fatal(err)
	}
	page := uint32(0)
	for b.Loop() {
		page++
		var outcomes []Outcome
		for from := 0; from < 256; from += 32 {
			var places []uint8
			for p := range 32 {
				places = append(places, uint8(from+p))
			}
			answer, err := l.Step(b.Context(), Step{Alert: id, Channel: alerting.SMS, Page: page, Token: one, Outcomes: outcomes, Claim: places})
			if err != nil || len(answer.Granted) != 32 {
				b.Fatal(err, len(answer.Granted))
			}
			outcomes = outcomes[:0]
			for _, g := range answer.Granted {
				outcomes = append(outcomes, Outcome{Place: g.Place, Attempt: g.Attempt, Kind: HandedOver})
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/256, "µs/delivery")
}
