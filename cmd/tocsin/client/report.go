package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/report"
)

// errReportStill: a report that had begun neither went on nor ended.
var errReportStill = errors.New("the report stands still; it can be asked for again")

// beforeReport is how many times its patience a client waits for the first byte of a report.
const beforeReport = 5

// Report copies a part of the report on an alert, as the API writes it, and lasts as long as it goes on. An error after a part
// was copied means that the rest is missing.
func (c *Client) Report(ctx context.Context, id alerting.AlertID, part report.Part, format report.Format, into io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// A workbook is complete before its first byte leaves.
	still := time.AfterFunc(beforeReport*c.patience, func() { cancel(errReportStill) })
	defer still.Stop()
	err := c.reporting(ctx, "/api/alerts/"+id.String()+"/report?"+url.Values{"part": {string(part)}, "format": {string(format)}}.Encode(), into,
		func() { still.Reset(c.patience) })
	if err != nil && errors.Is(context.Cause(ctx), errReportStill) {
		return fmt.Errorf("report on %s: %w", id, errReportStill)
	}
	return err
}

func (c *Client) reporting(ctx context.Context, path string, into io.Writer, moved func()) error {
	resp, err := c.send(ctx, request{method: http.MethodGet, path: path})
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		return problemOf(resp)
	}
	if _, err := io.Copy(into, &moving{resp.Body, moved}); err != nil {
		return fmt.Errorf("the report is incomplete: %w", err)
	}
	return nil
}
