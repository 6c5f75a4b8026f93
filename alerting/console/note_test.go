package console

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/stream"
)

// note is the type of Console.Note.
type note func(ctx context.Context, by alerting.Actor, verb, subject string, detail any) error

// noted plays a journal that keeps what it is told, or, where there is nothing to keep it in, takes everything.
func noted(acts *[]string) note {
	return func(_ context.Context, by alerting.Actor, verb, subject string, _ any) error {
		if acts != nil {
			*acts = append(*acts, by.Name+" "+verb+" "+subject)
		}
		return nil
	}
}

// drawer holds one letter, and counts how often it was put back.
type drawer struct{ redriven int }

func (d *drawer) List(context.Context, int, func(*stream.Examined) bool) ([]stream.Examined, error) {
	return nil, nil
}

func (d *drawer) Find(context.Context, stream.LetterName) (stream.Examined, error) {
	return stream.Examined{}, nil
}

func (d *drawer) Redrive(context.Context, stream.LetterName) (stream.Examined, error) {
	d.redriven++
	return stream.Examined{}, nil
}

// TestActsAreRecordedBeforeTheyBegin: and one that cannot be recorded is not begun.
func TestActsAreRecordedBeforeTheyBegin(t *testing.T) {
	var acts []string
	imported, letters := 0, &drawer{}
	c := &Console{Tokens: []Token{NewToken("duty", "secret", []Right{MayImport, MayRedrive})}, Letters: letters, Log: slog.New(slog.DiscardHandler),
		Note: noted(&acts), People: func(context.Context, io.Reader, func(audience.Progress)) (audience.Result, error) {
			imported++
			return audience.Result{Lines: 7}, nil
		}}
	post := func(path string) (int, string) {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("a"))
		r.Header.Set("Authorization", "Bearer secret")
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for _, path := range []string{"/api/people", "/api/deadletters/actual.receipts/0/12/redrive"} {
		if status, body := post(path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	want := []string{"duty import.begun people", "duty import.ended people", "duty letter.redrive letter/actual.receipts/0/12"}
	if !slices.Equal(acts, want) || imported != 1 || letters.redriven != 1 {
		t.Errorf("%q, want %q; imported %d times, put back %d times", acts, want, imported, letters.redriven)
	}
	c.Note = func(context.Context, alerting.Actor, string, string, any) error {
		return errors.Join(alerting.ErrUnavailable, errors.New("no database"))
	}
	for _, path := range []string{"/api/people", "/api/deadletters/actual.receipts/0/12/redrive"} {
		if status, body := post(path); status != http.StatusServiceUnavailable {
			t.Errorf("%s, unrecorded: %d %s", path, status, body)
		}
	}
	if imported != 1 || letters.redriven != 1 {
		t.Errorf("unrecorded, and begun all the same: %d, %d", imported, letters.redriven)
	}
}
