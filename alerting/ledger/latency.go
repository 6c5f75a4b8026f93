package ledger

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Latencies are kept as counters in buckets that grow by 15 %, from 1 ms to over a week: bucket b ends at 1.15^b ms.
const (
	bucketGrowth = 1.15
	bucketCount  = 150
)

func bucketOf(d time.Duration) int {
	ms := float64(d) / float64(time.Millisecond)
	if ms <= 1 {
		return 0
	}
	return min(int(math.Ceil(math.Log(ms)/math.Log(bucketGrowth))), bucketCount-1)
}

func bucketEnd(b int) time.Duration {
	return time.Duration(math.Pow(bucketGrowth, float64(b)) * float64(time.Millisecond))
}

// tally counts durations before they are written.
type tally struct {
	counts [bucketCount]int
	least  time.Duration
	any    bool
}

func (t *tally) add(d time.Duration) {
	t.counts[bucketOf(d)]++
	if !t.any || d < t.least {
		t.least, t.any = d, true
	}
}

// args packs a tally for the script: "bucket count bucket count …" and the least duration in milliseconds.
func (t *tally) args() (buckets, least string) {
	if !t.any {
		return "", ""
	}
	var b strings.Builder
	for i, n := range t.counts {
		if n > 0 {
			b.WriteString(strconv.Itoa(i) + " " + strconv.Itoa(n) + " ")
		}
	}
	return b.String(), strconv.FormatInt(max(t.least, 0).Milliseconds(), 10)
}

func tallyOf(took []time.Duration) *tally {
	t := new(tally)
	for _, d := range took {
		t.add(d)
	}
	return t
}

// Latencies tells how long hand-overs took from issue.
type Latencies struct {
	First   time.Duration
	buckets [bucketCount]int64
	total   int64
}

// Quantile is the end of the bucket below which the share q of all hand-overs lies; 0 when there were none.
func (l *Latencies) Quantile(q float64) time.Duration {
	if l.total == 0 {
		return 0
	}
	want := int64(math.Ceil(q * float64(l.total)))
	var seen int64
	for b, n := range l.buckets {
		seen += n
		if seen >= want {
			return max(bucketEnd(b), l.First)
		}
	}
	return bucketEnd(bucketCount - 1)
}
