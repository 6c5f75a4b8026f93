package console

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/desk"
)

// maxImport bounds an import, in bytes: a million people take about 150 MB.
const maxImport = 1 << 30

// Import reads a CSV file; report is called now and then.
type Import func(ctx context.Context, r io.Reader, report func(audience.Progress)) (audience.Result, error)

// ImportLine is one line of the answer: progress lines, then the result or the problem.
type ImportLine struct {
	Progress *audience.Progress `json:"progress,omitempty"`
	Result   *audience.Result   `json:"result,omitempty"`
	Problem  *problem           `json:"problem,omitempty"`
	// Change stands beside the result where two people must agree to the import: nothing was written yet.
	Change *desk.Proposed `json:"change,omitempty"`
}

// The times of an import: importPause is how long the caller may send nothing, or take nothing, and importEnd what is
// left for the rest once all of the file is there: the last lot is written, and the tables are counted.
const (
	importPause = 2 * time.Minute
	importEnd   = 10 * time.Minute
)

// imports answers with JSON lines, so that a caller can show progress while he is still sending. What names what is imported. How it goes
// on can also be asked for (importing.go).
func (c *Console) imports(what string, read Import) func(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	return func(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
		if read == nil {
			return alerting.Refuse(alerting.ErrNotFound, "import.off", "this import")
		}
		id, err := c.begins(w, r, by, what)
		if err != nil {
			return err
		}
		pause := c.ImportPause
		if pause <= 0 {
			pause = importPause
		}
		t := &transfer{control: http.NewResponseController(w), pause: pause, body: http.MaxBytesReader(w, r.Body, maxImport)}
		// The answer begins before the request has ended.
		_ = t.control.EnableFullDuplex()
		defer t.drain()
		w.Header().Set("Content-Type", "application/x-ndjson")
		lines := json.NewEncoder(w)
		say := func(l ImportLine) {
			t.extend()
			c.importings.says(id, l)
			_ = lines.Encode(l)
			_ = t.control.Flush()
		}
		_ = t.control.Flush() // so the caller knows where its state is
		result, err := read(r.Context(), t, func(p audience.Progress) { say(ImportLine{Progress: &p}) })
		c.noteImport(r.Context(), by, what, result, err)
		if err != nil {
			if !errors.Is(err, alerting.ErrInvalid) {
				c.Log.Error("import failed", "path", r.URL.Path, "error", err)
			}
			p := problemIn(tongueOf(r), err)
			say(ImportLine{Problem: &p, Result: &result})
			return nil
		}
		say(ImportLine{Result: &result})
		return nil
	}
}

// noteImport records how an import ended, also when its caller has left. That it began stands there already.
func (c *Console) noteImport(ctx context.Context, by alerting.Actor, what string, result audience.Result, failed error) {
	detail := map[string]any{"lines": result.Lines, "new": result.New, "replaced": result.Replaced, "skipped": result.Skipped, "complete": failed == nil}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	if err := c.Note(ctx, by, "import.ended", what, detail); err != nil {
		c.Log.ErrorContext(ctx, "how an import ended could not be recorded", "what", what, "error", err)
	}
}

// noteTime bounds the recording of an end.
const noteTime = 5 * time.Second

// transfer is the file of an import on its way. A long import outlives the server's usual time-outs, so they are moved
// on with every step; a caller that stands still is hung up on all the same.
type transfer struct {
	control *http.ResponseController
	body    io.Reader
	pause   time.Duration
	ended   bool
}

// Read waits for more of the file, for as long as a pause may last.
func (t *transfer) Read(b []byte) (int, error) {
	t.extend()
	n, err := t.body.Read(b)
	if errors.Is(err, io.EOF) {
		t.ended = true
		t.extend()
	}
	return n, err
}

// drain takes what is left of a file that was given up. Its sender would else be cut off before he has read why; and the server, which ends
// a request in both directions only well behind the end of its body, would take what follows for a second reader, and panic.
func (t *transfer) drain() {
	if !t.ended {
		_, _ = io.Copy(io.Discard, t)
	}
}

// extend moves both ends of time: over HTTP/2 the end of either ends the request, even while nobody reads or writes.
func (t *transfer) extend() {
	left := t.pause
	if t.ended {
		// The caller has nothing more to send, and the server takes the end of the time to read for his leaving.
		left = importEnd
	}
	end := time.Now().Add(left)
	_ = t.control.SetReadDeadline(end)
	_ = t.control.SetWriteDeadline(end)
}
