package audience_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"tocsin/alerting/audience"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// crowd is a file of n people spread over a box of about 400 by 400 km. All have a phone and a mailbox, every fourth a push
// subscription, every tenth a second place.
func crowd(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(w, 1<<20)
		random := rand.New(rand.NewPCG(1, 2))
		fmt.Fprintln(out, "person,language,sms,push,mail,verified,places")
		for i := range n {
			language, push, second := "zh-CN", "", ""
			if i%10 == 0 {
				language = "en"
				second = fmt.Sprintf(";%.5f,%.5f", 28+4*random.Float64(), 118+4*random.Float64())
			}
			if i%4 == 0 {
				push = subscriptionOf(i)
			}
			fmt.Fprintf(out, "p%d,%s,+86138%08d,%s,u%d@example.org,yes,\"%.5f,%.5f%s\"\n", i, language, i, push, i,
				28+4*random.Float64(), 118+4*random.Float64(), second)
		}
		_ = w.CloseWithError(out.Flush())
	}()
	return r
}

// crowdSize is a million, or what TOCSIN_BENCH_PEOPLE says.
func crowdSize(b *testing.B) int {
	b.Helper()
	if text := os.Getenv("TOCSIN_BENCH_PEOPLE"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	return 1_000_000
}

// BenchmarkTarget imports a million people and resolves an area that holds all of them, and one that holds a tenth.
func BenchmarkTarget(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		path := os.Getenv("TOCSIN_BENCH_FILE")
		if path == "" {
			path = filepath.Join(b.TempDir(), "bench.db")
		}
		db, err := store.Open(b.Context(), store.Config{URL: "sqlite:" + path})
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		if err := db.Migrate(b.Context()); err != nil {
			b.Fatal(err)
		}
		benchTarget(b, db)
	})
	b.Run("postgres", func(b *testing.B) { benchTarget(b, storetest.OpenPostgres(b)) })
}

func benchTarget(b *testing.B, db *store.DB) {
	a := open(b, db)
	var have int
	if err := db.Read().QueryRowContext(b.Context(), "SELECT count(*) FROM people").Scan(&have); err != nil {
		b.Fatal(err)
	}
	if n := crowdSize(b); have < n {
		start := time.Now()
		result, err := a.ImportPeople(b.Context(), crowd(n), audience.ImportOptions{})
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("imported %d people in %v, %d problems", result.New, time.Since(start), result.ProblemCount)
		for _, p := range result.Problems[:min(3, len(result.Problems))] {
			b.Log(p)
		}
	}
	star := cap.Polygon{{Lat: 28.2, Lon: 118.1}, {Lat: 31.8, Lon: 119}, {Lat: 30, Lon: 120}, {Lat: 31.9, Lon: 121.9}, {Lat: 29.5, Lon: 120.4}, {Lat: 28.2, Lon: 118.1}}
	// A hundred areas, as of the counties of a province.
	var counties []cap.Area
	for i := range 100 {
		south, west := 27.9+.42*float64(i/10), 117.9+.42*float64(i%10)
		counties = append(counties, box(south, west, south+.43, west+.43))
	}
	for _, row := range []struct {
		name  string
		areas []cap.Area
	}{
		{"all", []cap.Area{box(27.9, 117.9, 32.1, 122.1)}},
		{"tenth", []cap.Area{circle(30, 120, 75)}},
		{"star", []cap.Area{{Polygons: []cap.Polygon{star}}}},
		{"counties", counties},
	} {
		b.Run(row.name, func(b *testing.B) {
			issued := alert(info(cap.Severe, "zh-CN", row.areas...), info(cap.Severe, "en", row.areas...))
			var first time.Duration
			found := 0
			for b.Loop() {
				start := time.Now()
				scan, err := a.Begin(b.Context(), issued, "", nil)
				if err != nil {
					b.Fatal(err)
				}
				found = 0
				for pages := 0; !scan.Done(); pages++ {
					page, err := scan.Next(b.Context(), 256)
					if err != nil {
						b.Fatal(err)
					}
					if pages == 0 {
						first += time.Since(start)
					}
					found += len(page)
				}
			}
			b.ReportMetric(float64(first.Microseconds())/float64(b.N)/1000, "ms/first-page")
			b.ReportMetric(float64(found), "people")
		})
	}
	b.Run("lookup", func(b *testing.B) {
		issued := alert(info(cap.Severe, "zh-CN", circle(30, 120, 75)), info(cap.Severe, "en", circle(30, 120, 75)))
		ids := make([]int64, 256)
		for page := int64(0); b.Loop(); page++ {
			for i := range ids {
				ids[i] = 1 + (page*256+int64(i))%int64(crowdSize(b))
			}
			found, err := a.Lookup(b.Context(), issued, ids)
			if err != nil || len(found) != len(ids) {
				b.Fatalf("looked up %d, %v", len(found), err)
			}
		}
	})
}
