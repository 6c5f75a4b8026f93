package pages

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/report"
)

// Did is what an attempt came to, as the notes of a delivery have it, in the reader's language.
func (q *request) Did(what string) string {
	if key := "alerts.delivery." + what; q.p.words.has(key) {
		return q.T(key)
	}
	return what
}

// delivery is how the delivery of an alert stands, for people who look on.
type delivery struct {
	ID     string
	Status report.Status
	At     time.Time
	Lines  []deliveryLine
	// Settled and Targeted sum all channels up: deliveries, not people.
	Settled, Targeted int64
	// Over: nothing can change any more but late receipts.
	Over bool
}

// deliveryLine is one channel.
type deliveryLine struct {
	report.Channel
	// Settled is how many deliveries need nothing more, Percent the same of all that are targeted.
	Settled int64
	Percent int
	// PerMinute is how many are settled a minute; 0: not known. Ends is when the rest is, at that rate; zero: not known, or nothing is left.
	PerMinute int64
	Ends      time.Time
}

// overWords are the states of an alert of which nothing changes any more once nothing is open.
func overWords() []string { return []string{"done", "cancelled", "expired", "sealed"} }

// deliveryOf lays a status out. before is what stood some time ago, for the rate; nil takes the mean since the alert was issued.
func (q *request) deliveryOf(id string, s *report.Status, before *delivery) *delivery {
	d := &delivery{ID: id, Status: *s, At: q.p.Now()}
	open := int64(0)
	for _, c := range s.Channels {
		line := deliveryLine{Channel: c, Settled: c.Targeted - c.States.Open()}
		if c.Targeted > 0 {
			line.Percent = int(line.Settled * 100 / c.Targeted)
		}
		line.pace(d.At, s.Issued, before)
		open += c.States.Open()
		d.Settled, d.Targeted = d.Settled+line.Settled, d.Targeted+c.Targeted
		d.Lines = append(d.Lines, line)
	}
	d.Over = s.Ready && open == 0 && slices.Contains(overWords(), s.Status)
	return d
}

// pace reckons how fast a channel goes, and when it is through.
func (l *deliveryLine) pace(now, issued time.Time, before *delivery) {
	open := l.States.Open()
	if open == 0 || issued.IsZero() {
		return
	}
	done, took := l.Settled, now.Sub(issued)
	if before != nil {
		for _, b := range before.Lines {
			if b.Channel.Channel == l.Channel.Channel {
				done, took = l.Settled-b.Settled, now.Sub(before.At)
			}
		}
	}
	if done <= 0 || took <= 0 {
		return
	}
	l.PerMinute = int64(math.Round(float64(done) / took.Minutes()))
	if l.PerMinute > 0 {
		l.Ends = now.Add(time.Duration(float64(took) / float64(done) * float64(open)))
	}
}

// Issued is when the alert was, in seconds since 1970.
func (d *delivery) Issued() int64 { return d.Status.Issued.Unix() }

// Now is what stands now as the chart draws it, as JSON: a moment in seconds, and what is settled by channel.
func (d *delivery) Now() string {
	settled := make(map[string]int64)
	for _, l := range d.Lines {
		settled[string(l.Channel.Channel)] = l.Settled
	}
	return jsonText(map[string]any{"at": d.At.Unix(), "settled": settled})
}

// ChartWords are the words of the chart of deliveries, as JSON.
func (q *request) ChartWords() string {
	channels := make(map[string]string)
	for _, ch := range alerting.Channels() {
		channels[string(ch)] = q.T("alerts.channel." + string(ch))
	}
	return jsonText(map[string]any{"channels": channels, "time": q.T("alerts.chart.time"), "about": q.T("alerts.chart.about"), "toggle": q.T("alerts.chart.toggle")})
}

// ZoneName is the zone of the office as browsers know it; empty where it has no such name.
func (q *request) ZoneName() string {
	if name := q.p.zone().String(); name != time.Local.String() {
		return name
	}
	return ""
}

// Percent is how much of all is settled.
func (d *delivery) Percent() int {
	if d.Targeted == 0 {
		return 0
	}
	return int(d.Settled * 100 / d.Targeted)
}

// Failed is how many deliveries failed, expired or are in doubt: whoever wants to know why asks for the causes.
func (d *delivery) Failed() int64 {
	n := int64(0)
	for _, l := range d.Lines {
		n += l.States.Failed + l.States.Expired + l.States.Uncertain
	}
	return n
}

// deliveryPart is the part of an alert's page that changes, by itself.
func deliveryPart(q *request) error {
	var s report.Status
	if err := q.get(q.api("alerts", q.id()), &s); err != nil {
		return err
	}
	return q.fragment("alerts/alert", "delivery", q.deliveryOf(q.id(), &s, nil))
}

// failuresShown are the causes of what did not arrive.
type failuresShown struct {
	*alertShown
	Causes []report.Cause
	// Early: nobody was told yet, so that there is nothing to report.
	Early bool
}

// failures shows why deliveries did not arrive.
func failures(q *request) error {
	a, err := q.alert()
	if err != nil {
		return err
	}
	shown := failuresShown{alertShown: a}
	err = q.get(q.api("alerts", a.ID, "report")+"?part=failures", &shown.Causes)
	var problem *Problem
	if errors.As(err, &problem) && problem.Status == http.StatusConflict {
		shown.Early, err = true, nil
	}
	if err != nil {
		return err
	}
	return q.show("alerts/failures", q.T("alerts.failures.title", a.Title), shown)
}

// States are the states of a delivery in the order of the table; words define each.
func (q *request) States() []string {
	return []string{"queued", "claimed", "sent", "delivered", "acknowledged", "failed", "expired", "cancelled", "opted_out", "uncertain"}
}

// Counts are the numbers of a channel in the order of States.
func (l deliveryLine) Counts() []int64 {
	x := l.States
	return []int64{x.Queued, x.Claimed, x.Sent, x.Delivered, x.Acknowledged, x.Failed, x.Expired, x.Cancelled, x.OptedOut, x.Uncertain}
}

// Seconds is a time in seconds as people read it.
func (q *request) Seconds(s *float64) string {
	switch {
	case s == nil:
		return "–"
	case *s < 10:
		return q.T("alerts.seconds", *s)
	}
	return q.span(time.Duration(*s * float64(time.Second)))
}

// Clock is a time of day to the second.
func (q *request) Clock(t time.Time) string { return t.In(q.p.zone()).Format(time.TimeOnly) }
