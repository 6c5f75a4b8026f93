package process

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/golang/geo/s2"
	"github.com/twmb/franz-go/pkg/kgo"

	"tocsin/alerting"
	"tocsin/cap"
)

// benchTarget resolves an area that holds every person of a large town: when, after the API's "accepted", the first batch
// stood on Kafka and when the last one did, by the times in the records. No worker runs, so nothing is delivered.
func benchTarget(t *testing.T, o *office) figure {
	people := len(o.people) - len(o.people)/11
	before := o.used()
	id, accepted := o.issue(t, onlySMS())
	o.profile(t, "target-1m")
	eventually(t, 3*time.Minute, "the expansion is done", func() bool {
		_, state := o.expansion(t, id)
		return state == "done"
	})
	spent := o.each(t, before, people)
	batches := o.batches(t, id, (people+alerting.PageSize-1)/alerting.PageSize)
	first, last := batches[0].Sub(accepted), batches[len(batches)-1].Sub(accepted)
	bare, found := o.bruteForce(t)
	if found != people {
		t.Fatalf("brute force finds %d people inside, the town has %d", found, people)
	}
	s, err := o.api.Status(t.Context(), id)
	if err != nil || s.People.Targeted != int64(people) {
		t.Errorf("%d of %d people targeted (%v)", s.People.Targeted, people, err)
	}
	f := figure{PerSecond: float64(people) / last.Seconds(), CPU: spent, Value: millis(first),
		Bar: "first ≤ 100 ms, million ≤ 3 s", Bare: float64(people) / bare.Seconds()}
	f.Reached = first <= 100*time.Millisecond && last.Seconds() <= 3*float64(people)/1e6
	f.Ratio = f.PerSecond / f.Bare
	f.Note = fmt.Sprintf("%d people: first batch %.0f ms, last %.2f s after accepted; memory at most: fanout %d MB, ledger %d MB", people,
		millis(first), last.Seconds(), peak(o.crew["fanout"].pid())>>20, peak(o.crew["ledger"].pid())>>20)
	return f
}

// batches reads the times of an alert's batches from Kafka, in order.
func (o *office) batches(t *testing.T, id alerting.AlertID, want int) []time.Time {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(o.brokers...), kgo.ConsumeTopics(o.prefix+"actual.dispatch.sms.flash"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var times []time.Time
	for len(times) < want && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			if bytes.HasPrefix(r.Key, id[:]) {
				times = append(times, r.Timestamp)
			}
		})
	}
	if len(times) != want {
		t.Fatalf("%d batches on Kafka, want %d", len(times), want)
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// bruteForce reads every place of the town and tests it against the area, one after the other.
func (o *office) bruteForce(t *testing.T) (took time.Duration, found int) {
	t.Helper()
	began := time.Now()
	corners := cap.Polygon{{Lat: 30.2, Lon: 120}, {Lat: 30.2, Lon: 120.2}, {Lat: 30.3, Lon: 120.2}, {Lat: 30.3, Lon: 120}, {Lat: 30.2, Lon: 120}}
	region, err := cap.NewRegion([]cap.Area{{Polygons: []cap.Polygon{corners}}})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := o.db.Read().QueryContext(t.Context(), "SELECT cell, person, sms FROM places")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var cell, person int64
		var address []byte
		if err := rows.Scan(&cell, &person, &address); err != nil {
			t.Fatal(err)
		}
		// The top bit is flipped, so that signed and unsigned order are the same.
		if region.ContainsCellPlace(s2.CellID(uint64(cell) ^ 1<<63)) {
			found++
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return time.Since(began), found
}
