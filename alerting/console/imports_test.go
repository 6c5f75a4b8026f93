package console

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/audience"
)

// importing serves an API whose import of people is read, over HTTP/1.1 or HTTP/2, and gives its address.
func importing(t *testing.T, http2 bool, pause time.Duration, read Import) (*httptest.Server, string) {
	t.Helper()
	c := &Console{Tokens: []Token{NewToken("registry", "secret", []Right{MayImport})}, People: read, ImportPause: pause, Note: noted(nil),
		Log: slog.New(slog.DiscardHandler)}
	server := httptest.NewUnstartedServer(nil)
	// The server's own time-outs are shorter than any import here.
	server.Config = Server(c.Handler())
	server.Config.ReadTimeout, server.Config.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond
	server.EnableHTTP2 = http2
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, server.URL + "/api/people"
}

// countLines is an import that counts, and says so after each line.
func countLines(_ context.Context, r io.Reader, report func(audience.Progress)) (result audience.Result, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		result.Lines++
		report(audience.Progress{Lines: result.Lines})
	}
	return result, lines.Err()
}

func send(t *testing.T, server *httptest.Server, url string, body io.Reader) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer secret")
	resp, err := server.Client().Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

// TestAnImportThatStandsStillIsHungUpOn: the file never ends, and nothing more of it comes.
func TestAnImportThatStandsStillIsHungUpOn(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 1)
			server, url := importing(t, http2, 100*time.Millisecond,
				func(ctx context.Context, r io.Reader, report func(audience.Progress)) (audience.Result, error) {
					result, err := countLines(ctx, r, report)
					ended <- err
					return result, err
				})
			file, more := io.Pipe()
			defer func() { _ = more.Close() }()
			go func() { _, _ = io.WriteString(more, "a line\n") }()
			go func() { _, _ = send(t, server, url, file) }()
			select {
			case err := <-ended:
				if err == nil {
					t.Error("half a file was taken for a whole one")
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the import still waits")
			}
		})
	}
}

// TestAnImportThatGoesOnOutlivesTheTimeouts: each step is short, and all together take longer than the server gives an
// ordinary request.
func TestAnImportThatGoesOnOutlivesTheTimeouts(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			server, url := importing(t, http2, 5*time.Second, countLines)
			file, more := io.Pipe()
			go func() {
				pace := time.NewTicker(50 * time.Millisecond)
				defer pace.Stop()
				for range 12 {
					<-pace.C
					_, _ = io.WriteString(more, "a line\n")
				}
				_ = more.Close()
			}()
			answer, err := send(t, server, url, file)
			if err != nil || !strings.Contains(answer, `"result":{"lines":12`) {
				t.Errorf("%q %v, want 12 lines", answer, err)
			}
		})
	}
}

// TestAnImportThatEndsEarlyBreaksNoConnection: what is wrong is found in the first line, and the rest of the file is still on its way.
// The connection is good for another request, and the server complains of nothing.
func TestAnImportThatEndsEarlyBreaksNoConnection(t *testing.T) {
	server, url := importing(t, false, 5*time.Second, func(_ context.Context, r io.Reader, _ func(audience.Progress)) (audience.Result, error) {
		_, err := io.ReadFull(r, make([]byte, 10))
		return audience.Result{}, errors.Join(err, alerting.ErrInvalid)
	})
	var complaints bytes.Buffer
	server.Config.ErrorLog = log.New(&complaints, "", 0)
	for range 5 {
		if answer, err := send(t, server, url, strings.NewReader(strings.Repeat("a line\n", 10_000))); err != nil || !strings.Contains(answer, `"problem":`) {
			t.Errorf("%q %v, want a problem", answer, err)
		}
	}
	server.Close() // after which nothing is written any more
	if complaints.Len() > 0 {
		t.Errorf("the server says:\n%s", complaints.String())
	}
}

// TestAnImportThatTakesItsTimeInTheEnd: all of the file is there, and the caller can do no more than wait.
func TestAnImportThatTakesItsTimeInTheEnd(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			server, url := importing(t, http2, 100*time.Millisecond,
				func(ctx context.Context, r io.Reader, report func(audience.Progress)) (audience.Result, error) {
					result, err := countLines(ctx, r, report)
					select {
					case <-time.After(time.Second):
					case <-ctx.Done():
						err = errors.Join(err, ctx.Err())
					}
					return result, err
				})
			answer, err := send(t, server, url, strings.NewReader("a line\n"))
			if err != nil || !strings.Contains(answer, `"result":{"lines":1,`) {
				t.Errorf("%q %v, want 1 line", answer, err)
			}
		})
	}
}

// TestHowAnImportGoesOn: while the file is sent its state can be asked for where the answer says, and afterwards how it ended.
func TestHowAnImportGoesOn(t *testing.T) {
	server, address := importing(t, false, time.Minute, countLines)
	file, more := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := send(t, server, address, file)
		done <- err
	}()
	ask := func(path string, into any) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer secret")
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	if _, err := io.WriteString(more, "one\ntwo\n"); err != nil {
		t.Fatal(err)
	}
	var one Importing
	for end := time.Now().Add(20 * time.Second); one.Progress.Lines < 2; time.Sleep(5 * time.Millisecond) {
		var all []Importing
		ask("/api/imports", &all)
		if len(all) == 1 {
			one = all[0]
		}
		if time.Now().After(end) {
			t.Fatalf("%+v", all)
		}
	}
	if !one.Ended.IsZero() || one.What != "people" || one.By != "registry" || one.Result != nil {
		t.Errorf("it goes on, and is said to stand at %+v", one)
	}
	if err := more.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var after Importing
	if status := ask("/api/imports/"+one.ID, &after); status != 200 || after.Ended.IsZero() || after.Result == nil || after.Result.Lines != 2 {
		t.Errorf("%d %+v", status, after)
	}
	var refused Importing
	if status := ask("/api/imports/i0", &refused); status != 404 {
		t.Errorf("an import that nobody knows: %d", status)
	}
}

// TestImportsThatAreForgotten: the oldest that has ended, and none that goes on.
func TestImportsThatAreForgotten(t *testing.T) {
	var m importings
	first := m.begin("people", alerting.Actor{Name: "a"}, 0)
	second := m.begin("people", alerting.Actor{Name: "a"}, 0)
	m.says(second, ImportLine{Result: &audience.Result{Lines: 1}})
	for range mostImports {
		m.begin("units", alerting.Actor{Name: "b"}, 0)
	}
	if _, err := m.at(first); err != nil {
		t.Errorf("one that goes on: %v", err)
	}
	if _, err := m.at(second); !errors.Is(err, alerting.ErrNotFound) {
		t.Errorf("one that has ended long ago: %v", err)
	}
}
