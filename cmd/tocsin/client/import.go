package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"tocsin/alerting/audience"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
)

// importPatience is how long an import may stand still: no byte of the file taken and no line of progress come back. A
// million people may take long, and the API says every few hundred how far it is; only its last word, for which it
// counts its tables, takes more than a moment.
const importPatience = 2 * time.Minute

// errStill: an import neither went on nor ended.
var errStill = errors.New("the import stands still; what was imported so far stays, and the same file again is safe")

// importLine is one line of the answer: progress, then the result or a problem.
type importLine struct {
	Progress *audience.Progress
	Result   *audience.Result
	Problem  *Problem
	Change   *desk.Proposed
}

// Import sends a CSV file; report is called with every progress line. It lasts as long as it goes on.
func (c *Client) Import(ctx context.Context, what string, csv io.Reader, report func(audience.Progress)) (audience.Result, error) {
	r, _, err := c.importAs(ctx, what, "text/csv", csv, report)
	return r, err
}

// ImportOutlines sends units with their outlines, as GeoJSON; else it is Import.
func (c *Client) ImportOutlines(ctx context.Context, file io.Reader, report func(audience.Progress)) (audience.Result, error) {
	r, _, err := c.importAs(ctx, "units", "application/geo+json", file, report)
	return r, err
}

// ImportOrPropose is Import where two people may have to agree: then the change is not nil, nothing was written yet, and the result is
// what the import would come to.
func (c *Client) ImportOrPropose(ctx context.Context, what string, csv io.Reader, report func(audience.Progress)) (audience.Result, *desk.Proposed, error) {
	return c.importAs(ctx, what, "text/csv", csv, report)
}

func (c *Client) importAs(ctx context.Context, what, contentType string, csv io.Reader, report func(audience.Progress)) (audience.Result, *desk.Proposed, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	still := time.AfterFunc(c.patience, func() { cancel(errStill) })
	defer still.Stop()
	moved := func() { still.Reset(c.patience) }
	r, change, err := c.importing(ctx, what, contentType, &moving{csv, moved}, func(p *audience.Progress) {
		moved()
		if p != nil && report != nil {
			report(*p)
		}
	})
	if err != nil && errors.Is(context.Cause(ctx), errStill) {
		return r, change, fmt.Errorf("import %s: %w: nothing moved for %v", what, errStill, c.patience)
	}
	return r, change, err
}

func (c *Client) importing(ctx context.Context, what, contentType string, csv io.Reader, progress func(*audience.Progress)) (r audience.Result, change *desk.Proposed, err error) {
	resp, err := c.send(ctx, request{method: http.MethodPost, path: "/api/" + what, contentType: contentType, body: csv})
	if err != nil {
		return r, change, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		return r, change, problemOf(resp)
	}
	lines := json.NewDecoder(resp.Body)
	for {
		var line importLine
		if err := lines.Decode(&line); err != nil {
			return r, change, fmt.Errorf("the import's answer ended early: %w", err)
		}
		if line.Result != nil {
			r, change = *line.Result, line.Change
		}
		switch {
		case line.Problem != nil:
			return r, change, line.Problem
		case line.Result != nil:
			return r, change, nil
		}
		progress(line.Progress)
	}
}

// moving tells of every part of a file that was taken.
type moving struct {
	io.Reader
	moved func()
}

// Read reads, and tells.
func (m *moving) Read(b []byte) (int, error) {
	n, err := m.Reader.Read(b)
	if n > 0 {
		m.moved()
	}
	return n, err
}

// Imports asks for the latest imports of the process that answers.
func (c *Client) Imports(ctx context.Context) (all []console.Importing, err error) {
	err = c.call(ctx, http.MethodGet, "/api/imports", "", nil, &all)
	return all, err
}

// ImportAt asks how far an import is, or how it ended.
func (c *Client) ImportAt(ctx context.Context, id string) (one console.Importing, err error) {
	err = c.call(ctx, http.MethodGet, "/api/imports/"+url.PathEscape(id), "", nil, &one)
	return one, err
}
