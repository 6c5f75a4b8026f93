package console

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// clerk is a desk that accepts everything.
type clerk struct{}

func (clerk) Issue(context.Context, []byte, desk.Order) (desk.Answer, error) {
	return desk.Answer{}, nil
}

func (clerk) Follow(context.Context, alerting.AlertID, []byte, desk.Order) (desk.Answer, error) {
	return desk.Answer{}, nil
}

func (clerk) Cancel(context.Context, alerting.AlertID, desk.Order) (desk.Answer, error) {
	return desk.Answer{}, nil
}

func (clerk) Refill(context.Context, alerting.AlertID, []byte, desk.Order, desk.Filler) (desk.Answer, error) {
	return desk.Answer{}, nil
}

func (clerk) Ending(context.Context, alerting.AlertID, bool) ([]alerting.Words, error) {
	return nil, alerting.ErrUnavailable
}

func (clerk) AllClear(context.Context, alerting.AlertID, desk.Order) (desk.Answer, error) {
	return desk.Answer{}, nil
}

// TestReadsAreShedBeforeOrders: while all readers are busy a further read is sent away, and an order is taken.
func TestReadsAreShedBeforeOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, shed := make(chan struct{}), 0
		c := &Console{Tokens: []Token{NewToken("duty", "secret", []Right{MayRead, MayIssue})}, Desk: clerk{}, Reads: 2,
			Shed: func() { shed++ }, MaxBytes: 1 << 10, Log: slog.New(slog.DiscardHandler),
			Document: func(context.Context, alerting.AlertID) ([]byte, error) {
				<-release
				return []byte("<alert/>"), nil
			}}
		h := c.Handler()
		ask := func(method, path string) int {
			r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
			r.Header.Set("Authorization", "Bearer secret")
			r.Header.Set("Content-Type", "application/cap+xml")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Code
		}
		read := "/api/alerts/" + alerting.AlertID{1}.String() + "/document"
		var readers sync.WaitGroup
		for range 2 {
			readers.Go(func() {
				if code := ask(http.MethodGet, read); code != http.StatusOK {
					t.Errorf("a reader that had its turn was answered %d", code)
				}
			})
		}
		synctest.Wait()
		if code := ask(http.MethodGet, read); code != http.StatusTooManyRequests || shed != 1 {
			t.Errorf("a read too many was answered %d, %d shed", code, shed)
		}
		if code := ask(http.MethodPost, "/api/alerts"); code != http.StatusAccepted {
			t.Errorf("an order was answered %d while all readers were busy", code)
		}
		close(release)
		readers.Wait()
		if code := ask(http.MethodGet, read); code != http.StatusOK {
			t.Errorf("a read was answered %d once the readers were done", code)
		}
	})
}
