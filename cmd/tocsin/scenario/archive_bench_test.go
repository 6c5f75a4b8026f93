package scenario

import (
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/login"
	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

var (
	archived = flag.Int("archived", 500, "alerts in the archive of BenchmarkPages")
	townsmen = flag.Int("townsmen", 10_000, "people of BenchmarkPages")
)

// The bars of a first view.
const (
	barTime  = 200 * time.Millisecond
	barBytes = 100_000
)

// BenchmarkPages is `make bench-pages`: it fills the archive through the doors that everybody uses, opens every page that links
// lead to as a duty officer and as an administrator, and prints how long the server took (the median of five) and how much
// it sent, compressed, for the slowest; then the slowest statements of SQL. It fails only where a page does.
func BenchmarkPages(b *testing.B) {
	o := prepare(b, Options{Login: true, Gateways: map[string]string{"sms": "rate: 50"}, People: []serve.Ready{{Name: "chief"},
		{Name: "officer", Grants: []login.Grant{{Role: login.DutyOfficer}, {Role: login.Author}, {Role: login.Auditor}}}}})
	o.cfg.SQL.Slow = time.Millisecond
	o.serve("all")
	o.fillArchive(b, *archived, *townsmen)
	began := len(o.Log())
	var views []view
	for b.Loop() {
		views = o.crawl(b, "officer", "chief")
	}
	tell(b, views, o.Log()[began:])
}

// fillArchive imports people, issues alerts that each reach a few of them, and in the end one for all, which is being delivered, at a
// gateway that takes fifty a second, for as long as the pages are looked at.
func (o *Office) fillArchive(b *testing.B, alerts, people int) {
	b.Helper()
	began := time.Now()
	plots := make([]Plot, min(alerts, 1000))
	for i := range plots {
		plots[i] = o.Plot()
	}
	o.settle(b, plots, people)
	b.Logf("%d people imported in %v", people, time.Since(began).Round(time.Second))
	began = time.Now()
	var all sync.WaitGroup
	turns := make(chan int)
	for range 4 {
		all.Go(func() {
			for i := range turns {
				a := o.Alert(Info(plots[i%len(plots)].Area()))
				a.Infos[0].Headline = fmt.Sprintf("Flood warning for the quarter %d of the town", i)
				a.Infos[0].Expires = Soon(2 * time.Minute) // most of an archive is over
				a.Infos[0].Severity = []cap.Severity{cap.Extreme, cap.Severe, cap.Moderate, cap.Minor}[i%4]
				o.Issue(a, client.Order{Channels: []string{string(alerting.Mail)}})
			}
		})
	}
	for i := range alerts {
		turns <- i
	}
	close(turns)
	all.Wait()
	everywhere := cap.Area{Description: "the whole town"}
	for _, p := range plots {
		everywhere.Polygons = append(everywhere.Polygons, p.Ring())
	}
	id := o.Issue(o.Alert(Info(everywhere)), client.Order{Channels: []string{string(alerting.SMS)}})
	b.Logf("%d alerts issued in %v", alerts+1, time.Since(began).Round(time.Second))
	began = time.Now()
	Until(b, time.Hour, "fan-out is done", func() error {
		if s, err := o.Status(id); err != nil || s.Status != "delivering" || s.People.Targeted != int64(people) {
			return fmt.Errorf("it stands at %+v, %w", s, err)
		}
		return nil
	})
	b.Logf("the alert for all of them was expanded in %v", time.Since(began).Round(time.Second))
}

// settle lets people live in the plots, all with a phone and every hundredth with a mailbox.
func (o *Office) settle(b *testing.B, plots []Plot, people int) {
	b.Helper()
	feed, into := io.Pipe()
	go func() {
		_, err := fmt.Fprintln(into, "person,language,sms,mail,verified,places")
		for i := 0; i < people && err == nil; i++ {
			mail := ""
			if i/len(plots)%100 == 0 {
				mail = fmt.Sprintf("townsman%d@example.org", i)
			}
			_, err = fmt.Fprintf(into, "T%07d,en,+86139%08d,%s,yes,%q\n", i, i, mail, plots[i%len(plots)].Inside(i/len(plots)))
		}
		_ = into.CloseWithError(err)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if r, err := o.API.Import(ctx, "people", feed, nil); err != nil || len(r.Problems) > 0 {
		b.Fatalf("import: %v %v", err, r.Problems)
	}
}

// view is a page with what it took.
type view struct {
	path  string
	took  time.Duration
	bytes int
}

var (
	pageLink   = regexp.MustCompile(`<a [^>]*href="(/[^"#]*)`)
	pageNumber = regexp.MustCompile(`[0-9a-f]{17,}|\d+`)
)

// crawl opens every page that links lead to, once for each kind of address.
func (o *Office) crawl(tb testing.TB, names ...string) []view {
	tb.Helper()
	var views []view
	seen := make(map[string]bool)
	for _, name := range names {
		browser := o.Browser()
		browser.LogIn(o, name)
		delete(seen, "/office")
		queue := []string{"/actual/", "/exercise/", "/office"}
		for ; len(queue) > 0; queue = queue[1:] {
			path := queue[0]
			kind := pageNumber.ReplaceAllString(strings.SplitN(path, "?", 2)[0], "N")
			if seen[kind] || strings.HasPrefix(path, "/static/") || strings.HasPrefix(path, "/api/") {
				continue
			}
			seen[kind] = true
			v, text := browser.view(path)
			views = append(views, v)
			for _, m := range pageLink.FindAllStringSubmatch(text, -1) {
				queue = append(queue, html.UnescapeString(m[1]))
			}
		}
	}
	return views
}

// view opens a page five times.
func (b *Browser) view(path string) (view, string) {
	b.tb.Helper()
	var times []time.Duration
	var text []byte
	v := view{path: path}
	for range 5 {
		r, err := http.NewRequestWithContext(b.tb.Context(), http.MethodGet, b.base+path, nil)
		if err != nil {
			b.tb.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip")
		began := time.Now()
		resp, err := b.http.Do(r)
		if err != nil {
			b.tb.Fatal(err)
		}
		sent := &counted{Reader: resp.Body}
		text, err = unpacked(resp, sent)
		times = append(times, time.Since(began))
		v.bytes = sent.n
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			b.tb.Errorf("%s: %d %v", path, resp.StatusCode, err)
			return v, ""
		}
	}
	slices.Sort(times)
	v.took = times[len(times)/2]
	return v, string(text)
}

// counted counts what is read.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += n
	return n, err
}

func unpacked(resp *http.Response, body io.Reader) ([]byte, error) {
	if resp.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = z
	}
	return io.ReadAll(body)
}

var slowStatement = regexp.MustCompile(`msg="a statement of SQL was slow" took=(\S+) statement=("(?:[^"\\]|\\.)*"|\S+)`)

// tell prints the slowest and the heaviest pages, and the slowest statements.
func tell(b *testing.B, views []view, log string) {
	b.Helper()
	slices.SortFunc(views, func(x, y view) int { return int(y.took - x.took) })
	slow, heavy := 0, 0
	for _, v := range views {
		if v.took > barTime {
			slow++
		}
		heavy = max(heavy, v.bytes)
	}
	b.ReportMetric(float64(views[0].took.Microseconds())/1000, "slowest-ms")
	b.ReportMetric(float64(heavy)/1000, "heaviest-KB")
	b.Logf("%d pages; over %v: %d; heaviest %d bytes (bar %d)", len(views), barTime, slow, heavy, barBytes)
	for _, v := range views[:min(10, len(views))] {
		b.Logf("%7.1f ms %7d bytes  %s", float64(v.took.Microseconds())/1000, v.bytes, v.path)
	}
	took := make(map[string]time.Duration)
	for _, m := range slowStatement.FindAllStringSubmatch(log, -1) {
		text, err := strconv.Unquote(m[2])
		if err != nil {
			text = m[2]
		}
		if d, err := time.ParseDuration(m[1]); err == nil {
			took[text] = max(took[text], d)
		}
	}
	var statements []string
	for text := range took {
		statements = append(statements, text)
	}
	slices.SortFunc(statements, func(x, y string) int { return int(took[y] - took[x]) })
	for _, text := range statements[:min(5, len(statements))] {
		b.Logf("%7.1f ms  %s", float64(took[text].Microseconds())/1000, text)
	}
}
