package desk

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// names are the headlines that a search gives, with "!" for an error.
func (o *office) names(d *Desk, s Search) []string {
	o.t.Helper()
	found, err := d.Search(o.t.Context(), s, alerting.Place{}, 50)
	if err != nil {
		o.t.Fatal(err)
	}
	var out []string
	for _, h := range found {
		a, err := d.Issued(o.t.Context(), h.Alert)
		if err != nil {
			o.t.Fatal(err)
		}
		out = append(out, a.Alert.Identifier)
	}
	return out
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		begin := o.now
		o.post(d, "first", cap.MsgAlert, time.Hour)
		o.post(d, "second_50%", cap.MsgAlert, 10*time.Hour)
		o.post(d, "third", cap.MsgUpdate, 10*time.Hour, "second_50%")
		o.post(d, "fourth", cap.MsgCancel, 10*time.Hour, "third")
		o.now = begin.Add(2 * time.Hour)
		o.post(d, "fifth", cap.MsgAlert, time.Hour)
		for _, row := range []struct {
			what Search
			want []string
		}{
			{Search{}, []string{"fifth", "fourth", "third", "second_50%", "first"}},
			{Search{World: alerting.Exercise}, nil},
			{Search{World: alerting.Actual, Status: StatusLive}, []string{"fifth"}},
			{Search{Status: StatusStopped}, []string{"third", "second_50%"}},
			{Search{Status: StatusOver}, []string{"first"}},
			{Search{Text: "  FLOOD "}, []string{"fifth", "fourth", "third", "second_50%", "first"}},
			{Search{Text: "HARBOUR", From: begin.Add(time.Hour)}, []string{"fifth"}},
			{Search{Text: "d_50%"}, []string{"second_50%"}},
			{Search{Text: "d%50"}, nil},
			{Search{To: begin.Add(2 * time.Second)}, []string{"first"}},
			{Search{Severity: cap.Severe, Category: "Met", Sender: "office@warnings.example", Text: "fifth"}, []string{"fifth"}},
			{Search{Severity: cap.Extreme}, nil},
			{Search{Category: "Fire"}, nil},
			{Search{Sender: "somebody@else.example"}, nil},
		} {
			if got := o.names(d, row.what); !slices.Equal(got, row.want) {
				t.Errorf("%+v: %v, want %v", row.what, got, row.want)
			}
		}
		page, err := d.Search(t.Context(), Search{}, alerting.Place{}, 2)
		if err != nil || len(page) != 2 {
			t.Fatal(page, err)
		}
		last := page[1]
		if page, err = d.Search(t.Context(), Search{}, alerting.Place{MS: last.Entered.UnixMilli(), ID: last.Alert.String()}, 2); err != nil || len(page) != 2 || page[0].Entered.After(last.Entered) {
			t.Errorf("the second page: %+v, %v", page, err)
		}
		if h := last.Titles; len(h) != 1 || h[0].Event != "Flood" && h[0].Headline == "" || h[0].Area != "harbour" {
			t.Errorf("titles %+v", h)
		}
	})
}

// TestOldAlertsAreFoundToo: what was issued before headlines were kept gets one when the desk starts.
func TestOldAlertsAreFoundToo(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		o.post(d, "old", cap.MsgAlert, time.Hour)
		err := o.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewDelete().Model((*headlineRow)(nil)).Where("1 = 1").Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := o.names(d, Search{}); len(got) != 0 {
			t.Fatal(got)
		}
		if err = d.entitleOld(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := o.names(d, Search{Text: "flood"}); !slices.Equal(got, []string{"old"}) {
			t.Errorf("found %v", got)
		}
	})
}

func TestSearchCheck(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, s := range []Search{{Severity: "Bad"}, {Status: "gone"}, {Text: string(make([]byte, 201))}, {From: now, To: now}} {
		if s.Check() == nil {
			t.Errorf("%+v was taken", s)
		}
	}
	if err := (Search{Severity: cap.Severe, Status: StatusOver, Text: "flood", From: now, To: now.Add(1)}).Check(); err != nil {
		t.Error(err)
	}
}

// TestSearchInALargeArchive prints how long the searches of the pages take among 10,000 alerts.
func TestSearchInALargeArchive(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		o.fillArchive(10_000)
		for _, row := range []struct {
			name string
			what Search
			want int
		}{
			{"everything", Search{World: alerting.Actual}, 50},
			{"live", Search{World: alerting.Actual, Status: StatusLive}, 0},
			{"a rare word", Search{World: alerting.Actual, Text: "quarter 4711"}, 1},
			{"a word of none", Search{World: alerting.Actual, Text: "tornado"}, 0},
			{"stopped", Search{World: alerting.Actual, Status: StatusStopped}, 50},
			{"an old month", Search{World: alerting.Actual, From: o.now.Add(-9000 * time.Minute), To: o.now.Add(-8990 * time.Minute)}, 10},
		} {
			begin := time.Now()
			found, err := d.Search(t.Context(), row.what, alerting.Place{}, 50)
			took := time.Since(begin)
			if err != nil || len(found) != row.want {
				t.Errorf("%s: %d, %v; want %d", row.name, len(found), err, row.want)
			}
			t.Logf("10,000 alerts, %-14s %6.1f ms", row.name, float64(took.Microseconds())/1000)
		}
	})
}

// fillArchive writes so many alerts of the past, one a minute, of which every third was stopped.
func (o *office) fillArchive(n int) {
	o.t.Helper()
	ctx := o.t.Context()
	for begin := 0; begin < n; begin += 500 {
		var heads []headlineRow
		for i := begin; i < begin+500; i++ {
			at := o.now.Add(-time.Duration(i) * time.Minute).UnixMilli()
			h := headlineRow{Alert: fmt.Sprintf("%032x", i+1), World: "actual", Kind: "Alert", Lane: "normal", Sender: "office", Severity: "Severe", Categories: " Met ",
				Titles: `[{"language":"en","headline":"Flood"}]`, Said: fmt.Sprintf("flood warning for the quarter %d of the town", i), EnteredMS: at, ExpiresMS: at - 1}
			if i%3 == 0 {
				h.StoppedBy = "x"
			}
			heads = append(heads, h)
		}
		err := o.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewInsert().Model(&heads).Exec(ctx)
			return err
		})
		if err != nil {
			o.t.Fatal(err)
		}
	}
}
