package report

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tocsin/alerting"
)

// Part is a part of the report on an alert.
type Part string

// The parts. Whole is all of them, in one workbook.
const (
	Whole         Part = ""
	Summary       Part = "summary"
	Areas         Part = "areas"
	Failures      Part = "failures"
	UnreachedPart Part = "unreached"
)

// Format is how a report is written.
type Format string

// The formats.
const (
	JSON Format = "json"
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// MediaType is the media type of a format.
func (f Format) MediaType() string {
	switch f {
	case CSV:
		return "text/csv; charset=utf-8"
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "application/json"
}

// ParseOrder reads which part is wanted in which format: without a format JSON, without a part the summary or, of a workbook,
// everything. ErrInvalid for all else.
func ParseOrder(part, format string) (Part, Format, error) {
	p, f := Part(part), Format(format)
	if f == "" {
		f = JSON
	}
	if !slices.Contains([]Format{JSON, CSV, XLSX}, f) {
		return p, f, alerting.Refuse(alerting.ErrInvalid, "report.format", "format %q: want json, csv or xlsx", format)
	}
	if p == Whole && f != XLSX {
		p = Summary
	}
	if !slices.Contains([]Part{Whole, Summary, Areas, Failures, UnreachedPart}, p) {
		return p, f, alerting.Refuse(alerting.ErrInvalid, "report.part", "part %q: want summary, areas, failures or unreached", part)
	}
	return p, f, nil
}

// Write writes a part of the report on an alert. The list of the unreached is written while it is read, so that its length
// costs no memory; an error may come after a part of it was written.
func (r *Reporter) Write(ctx context.Context, w io.Writer, id alerting.AlertID, part Part, format Format) error {
	switch {
	case format == XLSX:
		return r.workbook(ctx, w, id, part)
	case part == UnreachedPart:
		return r.stream(ctx, w, id, format)
	}
	out, causes, err := r.Outcome(ctx, id)
	if err != nil {
		return err
	}
	var value any = out
	header, rows := summaryHeader(), out.rows()
	switch part {
	case Areas:
		// No areas are an empty list.
		value, header, rows = append([]AreaReach{}, out.Areas...), areasHeader(), areaRows(out.Areas)
	case Failures:
		value, header, rows = causes, failuresHeader(), causeRows(causes)
	}
	if format == JSON {
		return encoder(w).Encode(value)
	}
	table := csv.NewWriter(w)
	if err := table.Write(header); err != nil {
		return err
	}
	for _, row := range rows {
		if err := table.Write(cells(row)); err != nil {
			return err
		}
	}
	table.Flush()
	return table.Error()
}

func encoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

// stream writes the unreached, one by one. Nothing is written before the first of them is known.
func (r *Reporter) stream(ctx context.Context, w io.Writer, id alerting.AlertID, format Format) error {
	if format == JSON {
		before := "["
		_, _, err := r.Unreached(ctx, id, func(u Unreached) error {
			if _, err := io.WriteString(w, before); err != nil {
				return err
			}
			before = ","
			return encoder(w).Encode(u)
		})
		if err != nil {
			return err
		}
		if before == "[" {
			_, err = io.WriteString(w, "[]\n")
			return err
		}
		_, err = io.WriteString(w, "]\n")
		return err
	}
	table := csv.NewWriter(w)
	header := func() error { return table.Write(unreachedHeader()) }
	begun := false
	_, _, err := r.Unreached(ctx, id, func(u Unreached) error {
		if !begun {
			begun = true
			if err := header(); err != nil {
				return err
			}
		}
		return table.Write(cells(u.row()))
	})
	if err == nil && !begun {
		err = header()
	}
	if err != nil {
		return err
	}
	table.Flush()
	return table.Error()
}

func summaryHeader() []string  { return []string{"of", "name", "figure", "value"} }
func failuresHeader() []string { return []string{"channel", "state", "reason", "deliveries"} }

func unreachedHeader() []string {
	header := []string{"who", "kind"}
	for _, ch := range alerting.Channels() {
		header = append(header, string(ch))
	}
	return header
}

// rows are all figures of an outcome, one in a row: of what, its name, which figure, and the figure.
func (o *Outcome) rows() [][]any {
	var rows [][]any
	add := func(of, name, figure string, value any) { rows = append(rows, []any{of, name, figure, value}) }
	id := o.Alert.String()
	add("alert", id, "world", string(o.World))
	add("alert", id, "type", o.MsgType)
	add("alert", id, "status", o.Status)
	add("alert", id, "issued", o.Issued.Format(time.RFC3339))
	add("alert", id, "expires", o.Expires.Format(time.RFC3339))
	if o.Standing != "" {
		add("alert", id, "standing", o.Standing)
	}
	if o.StoppedBy != "" {
		add("alert", id, "stopped_by", o.StoppedBy)
	}
	add("alert", id, "final", fmt.Sprint(o.Final))
	add("alert", id, "consistent", fmt.Sprint(o.Consistent))
	o.People.rows(func(figure string, n int64) { add("people", "", figure, n) })
	o.Sirens.rows(func(figure string, n int64) { add("sirens", "", figure, n) })
	for i := range o.Channels {
		c := &o.Channels[i]
		c.rows(func(figure string, value any) { add("channel", string(c.Channel), figure, value) })
	}
	for _, in := range o.Infos {
		name := fmt.Sprint(in.Info)
		add("info", name, "language", in.Language)
		add("info", name, "event", in.Event)
		add("info", name, "severity", in.Severity)
		in.People.rows(func(figure string, n int64) { add("info", name, figure, n) })
	}
	for _, n := range o.Notes {
		add("note", "", "", n)
	}
	return rows
}

func (r *Reach) rows(add func(figure string, n int64)) {
	add("targeted", r.Targeted)
	add("reached", r.Reached)
	add("delivered", r.Delivered)
	add("acknowledged", r.Acknowledged)
	add("open", r.Open)
	add("uncertain", r.Uncertain)
	add("unreached", r.Unreached)
}

func (r *Reached) rows(add func(figure string, value any)) {
	s := r.States
	add("targeted", r.Targeted)
	add("queued", s.Queued)
	add("sent", s.Sent)
	add("delivered", s.Delivered)
	add("acknowledged", s.Acknowledged)
	add("failed", s.Failed)
	add("expired", s.Expired)
	add("cancelled", s.Cancelled)
	add("opted_out", s.OptedOut)
	add("uncertain", s.Uncertain)
	add("reached", r.Reached)
	add("alone", r.Alone)
	for _, l := range []struct {
		figure  string
		seconds *float64
	}{{"first_s", r.First}, {"p50_s", r.Median}, {"p95_s", r.P95}, {"p99_s", r.P99}} {
		if l.seconds != nil {
			add(l.figure, *l.seconds)
		}
	}
}

func causeRows(causes []Cause) [][]any {
	rows := make([][]any, len(causes))
	for i, c := range causes {
		rows[i] = []any{string(c.Channel), c.State, c.Reason, c.Deliveries}
	}
	return rows
}

// row has a column for each channel.
func (u *Unreached) row() []any {
	row := []any{u.Who, u.Kind}
	for _, ch := range alerting.Channels() {
		text := ""
		for _, m := range u.Channels {
			if m.Channel == ch {
				text = strings.TrimSuffix(m.State+": "+m.Reason, ": ")
			}
		}
		row = append(row, text)
	}
	return row
}

// cells are the values of a row as CSV has them.
func cells(row []any) []string {
	out := make([]string, len(row))
	for i, value := range row {
		text, words := value.(string)
		if !words {
			text = fmt.Sprint(value)
		}
		out[i] = Defused(text)
	}
	return out
}

// Defused is a text for a cell of CSV. One that a spreadsheet would take for a formula gets an apostrophe before it, by which
// spreadsheets know text: references and reasons come from outside, and a formula can send away what stands beside it.
func Defused(text string) string {
	if text != "" && strings.Contains("=+-@\t\r\n", text[:1]) {
		return "'" + text
	}
	return text
}
