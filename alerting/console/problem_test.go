package console

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/alerting/fanout"
	"tocsin/alerting/report"
)

// away is an office whose stores cannot be reached.
type away struct{}

func (away) Issue(context.Context, []byte, desk.Order) (desk.Answer, error) {
	return desk.Answer{}, fmt.Errorf("issue: %w", alerting.ErrUnavailable)
}

func (away) Follow(context.Context, alerting.AlertID, []byte, desk.Order) (desk.Answer, error) {
	return desk.Answer{}, fmt.Errorf("update: %w", alerting.ErrUnavailable)
}

func (away) Cancel(context.Context, alerting.AlertID, desk.Order) (desk.Answer, error) {
	return desk.Answer{}, fmt.Errorf("cancel: %w", alerting.ErrUnavailable)
}

func (away) Refill(context.Context, alerting.AlertID, []byte, desk.Order, desk.Filler) (desk.Answer, error) {
	return desk.Answer{}, fmt.Errorf("cancel: %w", alerting.ErrUnavailable)
}

func (away) Ending(context.Context, alerting.AlertID, bool) ([]alerting.Words, error) {
	return nil, alerting.ErrUnavailable
}

func (away) AllClear(context.Context, alerting.AlertID, desk.Order) (desk.Answer, error) {
	return desk.Answer{}, fmt.Errorf("cancel: %w", alerting.ErrUnavailable)
}

// TestOnlyOrdersSayThatNothingWasWritten: a question writes nothing, whatever happens.
func TestOnlyOrdersSayThatNothingWasWritten(t *testing.T) {
	c := &Console{Desk: away{}, MaxBytes: 1000, Log: slog.New(slog.DiscardHandler),
		Tokens: []Token{NewToken("t", "secret", []Right{MayRead, MayIssue, MayCancel})},
		Reporter: &report.Reporter{Manifest: report.Manifest{
			Progress: func(context.Context, alerting.AlertID) (fanout.Progress, error) {
				return fanout.Progress{}, fmt.Errorf("read: %w", alerting.ErrUnavailable)
			}}}}
	id := alerting.AlertID{1}.String()
	for _, row := range []struct {
		method, path, title string
	}{
		{"GET", "/api/alerts/" + id, "A store cannot be reached"},
		{"POST", "/api/alerts", "A store cannot be reached; nothing was written"},
		{"POST", "/api/alerts/" + id + "/update", "A store cannot be reached; nothing was written"},
		{"POST", "/api/alerts/" + id + "/cancel", "A store cannot be reached; nothing was written"},
	} {
		r := httptest.NewRequest(row.method, row.path, strings.NewReader(""))
		r.Header.Set("Authorization", "Bearer secret")
		r.Header.Set("Content-Type", "application/cap+xml")
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		if w.Code != 503 || !strings.Contains(w.Body.String(), `"title":"`+row.title+`"`) {
			t.Errorf("%s %s: %d %s, want %q", row.method, row.path, w.Code, w.Body, row.title)
		}
	}
}
