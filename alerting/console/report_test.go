package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
	"tocsin/alerting/report"
)

// reported is a console whose one alert has so many full pages of people that nobody reached, of whose receipts those from a
// page on cannot be read.
func reported(t *testing.T, pages, broken uint32) (ask func(query string) (*http.Response, []byte, error)) {
	t.Helper()
	// One channel that failed on each place, as the ledger seals a page: version, then states and notes by channel.
	sealed := append([]byte{1, 0x80, 0x01}, []byte(strings.Repeat("\x77", 128))...)
	sealed = append(sealed, make([]byte, 7)...)
	failed, err := ledger.ReadSealed(sealed)
	if err != nil {
		t.Fatal(err)
	}
	page := func(n uint32) fanout.Page {
		p := fanout.Page{Number: n, Kind: fanout.People, Infos: make([]uint8, alerting.PageSize)}
		for i := range alerting.PageSize {
			p.Persons = append(p.Persons, int64(n)*1000+int64(i))
			p.Targets[0].Set(uint8(i))
		}
		return p
	}
	refs := func(_ context.Context, ids []int64) (map[int64]string, error) {
		names := make(map[int64]string)
		for _, id := range ids {
			names[id] = fmt.Sprint("P", id)
		}
		return names, nil
	}
	r := &report.Reporter{Receipts: counted{}, Refs: refs, SirenRefs: refs, Now: time.Now, Manifest: report.Manifest{
		Progress: func(_ context.Context, id alerting.AlertID) (fanout.Progress, error) {
			return fanout.Progress{Alert: id, Pages: pages, State: fanout.Done, People: int64(pages) * alerting.PageSize}, nil
		},
		StoppedBy: func(context.Context, alerting.AlertID) (alerting.AlertID, error) { return alerting.AlertID{}, nil },
		Pages: func(_ context.Context, _ alerting.AlertID, from uint32) iter.Seq2[fanout.Page, error] {
			return func(yield func(fanout.Page, error) bool) {
				for n := from; n < pages; n++ {
					if !yield(page(n), nil) {
						return
					}
				}
			}
		},
	}, Standing: func(_ context.Context, _ alerting.AlertID, from, to uint32) ([]ledger.SealedPage, error) {
		if to > broken {
			return nil, ledger.ErrNotReady
		}
		standing := make([]ledger.SealedPage, to-from)
		for i := range standing {
			standing[i] = failed
		}
		return standing, nil
	}}
	c := &Console{Tokens: []Token{NewToken("duty", "secret", []Right{MayRead}), NewToken("other", "wrong", []Right{MayIssue})}, Reporter: r, Log: slog.New(slog.DiscardHandler)}
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	return func(query string) (*http.Response, []byte, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/alerts/"+alerting.AlertID{1}.String()+"/report"+query, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer secret")
		resp, err := server.Client().Do(req)
		if err != nil {
			return nil, nil, err
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		return resp, body, err
	}
}

// counted has no latencies.
type counted struct{ report.Receipts }

func (counted) Counts(context.Context, alerting.AlertID, alerting.Channel) (ledger.Counts, error) {
	return ledger.Counts{}, nil
}

func TestReportsInTheirFormats(t *testing.T) {
	ask := reported(t, 40, 40)
	for _, row := range []struct {
		query, media, file, begins string
		status                     int
	}{
		{"", "application/json", "-summary.json", `{"alert":"01`, 200},
		{"?format=csv", "text/csv; charset=utf-8", "-summary.csv", "of,name,figure,value\n", 200},
		{"?part=failures", "application/json", "-failures.json", `[{"channel":"sms","state":"failed","reason":"","deliveries":10240}]`, 200},
		{"?part=unreached&format=csv", "text/csv; charset=utf-8", "-unreached.csv", "who,kind,sms,push,mail,siren\nP0,person,failed,,,\n", 200},
		{"?part=unreached&format=json", "application/json", "-unreached.json", `[{"who":"P0","kind":"person","channels":[{"channel":"sms","state":"failed"}]}`, 200},
		{"?format=xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "0.xlsx", "PK", 200},
		{"?part=people", "application/problem+json", "", `{"type":"about:blank"`, 400},
		{"?format=pdf", "application/problem+json", "", `{"type":"about:blank"`, 400},
	} {
		resp, body, err := ask(row.query)
		if err != nil || resp.StatusCode != row.status || resp.Header.Get("Content-Type") != row.media || !strings.HasPrefix(string(body), row.begins) {
			t.Errorf("%s: %v, %+v, %.200s", row.query, err, resp, body)
			continue
		}
		if row.file != "" && !strings.HasSuffix(resp.Header.Get("Content-Disposition"), row.file+`"`) {
			t.Errorf("%s: %q", row.query, resp.Header.Get("Content-Disposition"))
		}
	}
	_, body, _ := ask("?part=unreached")
	var list []report.Unreached
	if err := json.Unmarshal(body, &list); err != nil || len(list) != 40*alerting.PageSize {
		t.Errorf("%d are listed, %v", len(list), err)
	}
}

// TestAReportThatBreaksOffIsNoShortReport: before its first byte it is a problem; after it, the caller's own HTTP says so.
func TestAReportThatBreaksOffIsNoShortReport(t *testing.T) {
	early, late := reported(t, 100, 0), reported(t, 100, 50)
	for _, query := range []string{"", "?format=csv", "?format=xlsx", "?part=unreached", "?part=unreached&format=csv"} {
		resp, body, err := early(query)
		if err != nil || resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "not ready") {
			t.Errorf("early, %s: %v, %+v, %s", query, err, resp, body)
		}
	}
	for _, query := range []string{"?part=unreached", "?part=unreached&format=csv"} {
		if _, body, err := late(query); !errors.Is(err, io.ErrUnexpectedEOF) || len(body) < 4096 {
			t.Errorf("late, %s: %v after %d bytes", query, err, len(body))
		}
	}
	if resp, body, err := late("?part=unreached&format=xlsx"); err != nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a workbook: %v, %+v, %s", err, resp, body)
	}
}

// TestTheUnreachedPageByPage: each once and in order, whatever the size of the pages, and the last page has no next. Cursors of other
// alerts and lists, and parts that are short, are refused.
func TestTheUnreachedPageByPage(t *testing.T) {
	ask := reported(t, 3, 3)
	_, text, err := ask("?part=unreached")
	if err != nil {
		t.Fatal(err)
	}
	var want []report.Unreached
	if err := json.Unmarshal(text, &want); err != nil || len(want) != 3*alerting.PageSize {
		t.Fatalf("%d of them: %v", len(want), err)
	}
	for _, limit := range []int{1, 50, alerting.PageSize, 200} {
		var got []report.Unreached
		query, pages := fmt.Sprintf("?limit=%d&part=unreached", limit), 0
		for query != "" && pages <= len(want)+1 {
			res, text, err := ask(query)
			var some []report.Unreached
			if err == nil {
				err = json.Unmarshal(text, &some)
			}
			if err != nil || res.StatusCode != http.StatusOK || len(some) > limit {
				t.Fatalf("%s: %d %s %v", query, res.StatusCode, text, err)
			}
			got, pages = append(got, some...), pages+1
			_, query, _ = strings.Cut(res.Header.Get("Link"), "?")
			if query, _, _ = strings.Cut(query, ">"); query != "" {
				query = "?" + query
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("by %d: %d of %d, in %d pages", limit, len(got), len(want), pages)
		}
	}
	for _, query := range []string{"?part=unreached&after=x", "?part=unreached&limit=0", "?part=areas&limit=5", "?part=unreached&format=csv&limit=5", "?limit=5"} {
		if res, text, err := ask(query); err != nil || res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d %s %v", query, res.StatusCode, text, err)
		}
	}
}
