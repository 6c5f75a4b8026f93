package process

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"
)

// What a process may grow by in ten minutes, in per cent of its median, how much of its life does not count, because caches and
// pools fill, and how long it must have lived after that to be judged. The memory that a collection of the garbage leaves, and what
// the system has given, both swing by more than that from minute to minute; so what is judged is the least that the growth can be
// (see course.Least).
const (
	mayGrow    = 1
	warmUp     = 8 * time.Minute
	judgedFrom = 10 * time.Minute
	lookEvery  = 3 * time.Second
)

// vitals are what a process says of itself at a moment; born tells its lives apart.
type vitals struct {
	at                          time.Time
	born, rss, live, goroutines float64
}

// vitals asks the process.
func (w *worker) vitals() (vitals, error) {
	v := vitals{at: time.Now()}
	err := w.series(func(series string, value float64) {
		switch series {
		case "process_start_time_seconds":
			v.born = value
		case "process_resident_memory_bytes":
			v.rss = value
		case "go_gc_heap_live_bytes":
			v.live = value
		case "go_goroutines":
			v.goroutines = value
		}
	})
	if err == nil && v.born == 0 {
		err = fmt.Errorf("%s does not say when it was born", w.name)
	}
	return v, err
}

// course is what became of a figure from the end of the warm-up to the end: the least in the first minute and in the last, the
// slope in per cent of the median for ten minutes, and the ends of the interval that holds it with 95 % certainty.
type course struct {
	Begin float64 `json:"begin"`
	End   float64 `json:"end"`
	Slope float64 `json:"slope_percent_10min"`
	Least float64 `json:"slope_least"`
	Most  float64 `json:"slope_most"`
	// minutes are the figures that the line was fitted through.
	minutes []float64
}

// growth is what became of the longest life of one process.
type growth struct {
	Name    string  `json:"name"`
	Lives   int     `json:"lives"`
	Minutes float64 `json:"minutes"`
	Memory  course  `json:"memory_bytes"`
	// Live is what a collection leaves of the heap; its slope is in per cent of the process' memory.
	Live       course `json:"live_bytes"`
	Goroutines course `json:"goroutines"`
	// Judged: it lived long enough; what did not is printed and holds.
	Judged bool `json:"judged"`
	Held   bool `json:"held"`
}

// watch looks at all processes of the crew until stop is called, which gives what became of each.
func (o *office) watch() (stop func() []growth) {
	enough := make(chan struct{})
	names := o.names()
	seen := make([][]vitals, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		w := o.crew[name]
		all.Go(func() {
			tick := time.NewTicker(lookEvery)
			defer tick.Stop()
			for {
				if v, err := w.vitals(); err == nil {
					seen[i] = append(seen[i], v)
				}
				select {
				case <-tick.C:
				case <-enough:
					return
				}
			}
		})
	}
	return func() []growth {
		close(enough)
		all.Wait()
		var out []growth
		for i, name := range names {
			out = append(out, grown(name, seen[i]))
		}
		return out
	}
}

// grown judges what was seen of a process.
func grown(name string, seen []vitals) growth {
	g := growth{Name: name, Held: true}
	var longest []vitals
	for len(seen) > 0 {
		n := slices.IndexFunc(seen, func(v vitals) bool { return v.born != seen[0].born })
		if n < 0 {
			n = len(seen)
		}
		if g.Lives++; n > len(longest) {
			longest = seen[:n]
		}
		seen = seen[n:]
	}
	if len(longest) == 0 {
		return g
	}
	lived := longest[len(longest)-1].at.Sub(longest[0].at)
	g.Minutes = lived.Minutes()
	g.Judged = lived-warmUp >= judgedFrom
	warm := longest[0].at.Add(min(warmUp, lived/2))
	longest = longest[slices.IndexFunc(longest, func(v vitals) bool { return !v.at.Before(warm) }):]
	rss := func(v vitals) float64 { return v.rss }
	g.Memory = courseOf(longest, rss, rss)
	g.Live = courseOf(longest, func(v vitals) float64 { return v.live }, rss)
	goroutines := func(v vitals) float64 { return v.goroutines }
	g.Goroutines = courseOf(longest, goroutines, goroutines)
	g.Held = !g.Judged || g.Memory.Least < mayGrow && g.Live.Least < mayGrow && g.Goroutines.Least < mayGrow
	return g
}

// courseOf fits a line by Theil and Sen through the least of each minute, which is what is kept rather than what is under way: the
// median of the slopes between all pairs, which a spike or a fault does not move. The interval is Sen's (1968), from the variance
// of Kendall's statistic.
// The slope is in per cent of the median of whole.
func courseOf(seen []vitals, of, whole func(vitals) float64) course {
	minutes, base := leasts(seen, of), median(leasts(seen, whole))
	var slopes []float64
	for i, value := range minutes {
		for j, before := range minutes[:i] {
			slopes = append(slopes, (value-before)/float64(i-j))
		}
	}
	if len(minutes) == 0 {
		return course{}
	}
	slices.Sort(slopes)
	per10 := func(slope float64) float64 { return 100 * 10 * slope / max(base, 1) }
	c := course{Begin: minutes[0], End: minutes[len(minutes)-1], Slope: per10(median(slopes)), minutes: minutes}
	c.Least, c.Most = c.Slope, c.Slope
	if n := float64(len(minutes)); len(slopes) > 0 {
		half := int(1.96*math.Sqrt(n*(n-1)*(2*n+5)/18)) / 2
		middle := len(slopes) / 2
		c.Least, c.Most = per10(slopes[max(middle-half, 0)]), per10(slopes[min(middle+half, len(slopes)-1)])
	}
	return c
}

// leasts are the least of a figure in each minute. The rest of a minute in the end is left out: a single look may catch a peak.
func leasts(seen []vitals, of func(vitals) float64) []float64 {
	var minutes []float64
	for len(seen) > 0 {
		end := seen[0].at.Add(time.Minute)
		if len(minutes) > 0 && seen[len(seen)-1].at.Before(end.Add(-2*lookEvery)) {
			break
		}
		least := of(seen[0])
		for len(seen) > 0 && seen[0].at.Before(end) {
			least, seen = min(least, of(seen[0])), seen[1:]
		}
		minutes = append(minutes, least)
	}
	return minutes
}

// String is the slope and its interval, for ten minutes.
func (c course) String() string {
	return fmt.Sprintf("%+.2f %% (%+.2f to %+.2f)", c.Slope, c.Least, c.Most)
}

// median is the one in the middle; 0 when there is none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[len(sorted)/2] + sorted[(len(sorted)-1)/2]) / 2
}

// print is the line for a reader.
func (g growth) print() {
	said := "held"
	switch {
	case !g.Judged:
		said = fmt.Sprintf("not judged: lived less than %.0f min", (warmUp + judgedFrom).Minutes())
	case !g.Held:
		said = "NOT HELD"
	}
	const mb = 1 << 20
	_, _ = fmt.Fprintf(results, "%-7s lives %2d  longest %5.1f min  RSS %6.1f to %6.1f MB %s  live heap %5.1f to %5.1f MB %s  goroutines %4.0f to %4.0f %s  %s\n",
		g.Name, g.Lives, g.Minutes, g.Memory.Begin/mb, g.Memory.End/mb, g.Memory, g.Live.Begin/mb, g.Live.End/mb, g.Live,
		g.Goroutines.Begin, g.Goroutines.End, g.Goroutines, said)
}

func TestGrowth(t *testing.T) {
	began := time.Unix(1_800_000_000, 0)
	life := func(born float64, minutes int, rss func(minute float64) float64) []vitals {
		var out []vitals
		for at := time.Duration(0); at < time.Duration(minutes)*time.Minute; at += lookEvery {
			out = append(out, vitals{began.Add(time.Duration(born)*time.Second + at), born, rss(at.Minutes()), 20, 40})
		}
		return out
	}
	flat := func(float64) float64 { return 100 }
	for _, test := range []struct {
		name         string
		seen         []vitals
		lives        int
		slope        float64
		judged, held bool
	}{
		{"flat", life(1, 30, flat), 1, 0, true, true},
		{"leaks", life(1, 30, func(m float64) float64 { return 100 + m/2 - 9.25 }), 1, 5, true, false},
		{"saws", life(1, 30, func(m float64) float64 { return 100 + 20*math.Mod(m, 1) }), 1, 0, true, true},
		{"swings", life(1, 30, func(m float64) float64 { return 100 + 5*math.Sin(m*m) }), 1, 0, true, true},
		{"leaks and swings", life(1, 30, func(m float64) float64 { return 100 + m/2 - 9.25 + 2*math.Sin(m*m) }), 1, 5, true, false},
		{"fills at first", life(1, 30, func(m float64) float64 { return min(100, 50+20*m) }), 1, 0, true, true},
		{"a peak in the end", append(life(1, 30, flat), vitals{began.Add(30 * time.Minute), 1, 900, 20, 40}), 1, 0, true, true},
		{"too young", life(1, 17, flat), 1, 0, false, true},
		{"the longer of two lives", append(life(1, 5, flat), life(1000, 25, flat)...), 2, 0, true, true},
		{"never seen", nil, 0, 0, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := grown("sms", test.seen)
			if g.Lives != test.lives || math.Abs(g.Memory.Slope-test.slope) > .5 || g.Judged != test.judged || g.Held != test.held {
				t.Errorf("%+v", g)
			}
			if n := len(g.Memory.minutes); n > 0 && g.Memory.End > 110 {
				t.Errorf("the last of %d minutes is %.0f: a peak in the rest of a minute was taken for what is kept", n, g.Memory.End)
			}
		})
	}
}
