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
// pools fill, and how long it must have lived after that to be judged.
const (
	mayGrow    = 1
	warmUp     = 8 * time.Minute
	judgedFrom = 10 * time.Minute
	lookEvery  = 3 * time.Second
)

// vitals are what a process says of itself at a moment; born tells its lives apart.
type vitals struct {
	at                    time.Time
	born, rss, goroutines float64
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
		case "go_goroutines":
			v.goroutines = value
		}
	})
	if err == nil && v.born == 0 {
		err = fmt.Errorf("%s does not say when it was born", w.name)
	}
	return v, err
}

// course is what became of a figure from the end of the warm-up to the end: the least in the first minute and in the last, and
// the slope in per cent of the median for ten minutes.
type course struct {
	Begin float64 `json:"begin"`
	End   float64 `json:"end"`
	Slope float64 `json:"slope_percent_10min"`
}

// growth is what became of the longest life of one process.
type growth struct {
	Name       string  `json:"name"`
	Lives      int     `json:"lives"`
	Minutes    float64 `json:"minutes"`
	Memory     course  `json:"memory_bytes"`
	Goroutines course  `json:"goroutines"`
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
	g.Memory = courseOf(longest, func(v vitals) float64 { return v.rss })
	g.Goroutines = courseOf(longest, func(v vitals) float64 { return v.goroutines })
	g.Held = !g.Judged || g.Memory.Slope < mayGrow && g.Goroutines.Slope < mayGrow
	return g
}

// courseOf fits a line by Theil and Sen through the least of each minute, which is what is kept rather than what is under way: the
// median of the slopes between all pairs, which a spike or a fault does not move.
func courseOf(seen []vitals, of func(vitals) float64) course {
	var minutes, slopes []float64
	for len(seen) > 0 {
		end := seen[0].at.Add(time.Minute)
		least := of(seen[0])
		for len(seen) > 0 && seen[0].at.Before(end) {
			least, seen = min(least, of(seen[0])), seen[1:]
		}
		minutes = append(minutes, least)
	}
	for i, value := range minutes {
		for j, before := range minutes[:i] {
			slopes = append(slopes, (value-before)/float64(i-j))
		}
	}
	if len(minutes) == 0 {
		return course{}
	}
	return course{Begin: minutes[0], End: minutes[len(minutes)-1], Slope: 100 * 10 * median(slopes) / max(median(minutes), 1)}
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
	_, _ = fmt.Fprintf(results, "%-7s lives %2d  longest %5.1f min  RSS %6.1f MB to %6.1f MB, %+6.2f %% in 10 min  goroutines %4.0f to %4.0f, %+6.2f %% in 10 min  %s\n",
		g.Name, g.Lives, g.Minutes, g.Memory.Begin/mb, g.Memory.End/mb, g.Memory.Slope, g.Goroutines.Begin, g.Goroutines.End,
		g.Goroutines.Slope, said)
}

func TestGrowth(t *testing.T) {
	began := time.Unix(1_800_000_000, 0)
	life := func(born float64, minutes int, rss func(minute float64) float64) []vitals {
		var out []vitals
		for at := time.Duration(0); at < time.Duration(minutes)*time.Minute; at += lookEvery {
			out = append(out, vitals{began.Add(time.Duration(born)*time.Second + at), born, rss(at.Minutes()), 40})
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
		{"fills at first", life(1, 30, func(m float64) float64 { return min(100, 50+20*m) }), 1, 0, true, true},
		{"too young", life(1, 17, flat), 1, 0, false, true},
		{"the longer of two lives", append(life(1, 5, flat), life(1000, 25, flat)...), 2, 0, true, true},
		{"never seen", nil, 0, 0, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := grown("sms", test.seen)
			if g.Lives != test.lives || math.Abs(g.Memory.Slope-test.slope) > .2 || g.Judged != test.judged || g.Held != test.held {
				t.Errorf("%+v", g)
			}
		})
	}
}
