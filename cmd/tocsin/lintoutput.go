package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"tocsin/cap"
)

// lintOutput writes what was found, document by document, so that a folder may be as large as it likes.
type lintOutput interface {
	add(one linted) error
	end(c lintCount) error
}

func newLintOutput(t *terminal) lintOutput {
	switch t.format {
	case "json":
		return &lintJSON{w: bufio.NewWriter(t.out)}
	case "csv":
		return &lintCSV{w: csv.NewWriter(t.out)}
	}
	return &lintTable{w: bufio.NewWriter(t.out)}
}

// lintJSON writes one array, for however many documents.
type lintJSON struct {
	w     *bufio.Writer
	begun bool
}

func (j *lintJSON) add(one linted) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(one); err != nil {
		return err
	}
	before := "[\n"
	if j.begun {
		before = ",\n"
	}
	j.begun = true
	_, _ = j.w.WriteString(before)
	_, _ = j.w.Write(bytes.TrimRight(text.Bytes(), "\n"))
	return j.w.Flush()
}

func (j *lintJSON) end(lintCount) error {
	text := "[]\n"
	if j.begun {
		text = "\n]\n"
	}
	_, _ = j.w.WriteString(text)
	return j.w.Flush()
}

// lintCSV writes a line for each finding.
type lintCSV struct {
	w     *csv.Writer
	begun bool
}

func (c *lintCSV) add(one linted) error {
	if !c.begun {
		c.begun = true
		_ = c.w.Write([]string{"file", "line", "level", "rule", "path", "message"})
	}
	for _, f := range one.Findings {
		_ = c.w.Write([]string{one.File, strconv.Itoa(f.Line), f.Level.String(), f.ID, f.Path, f.Message})
	}
	c.w.Flush()
	return c.w.Error()
}

func (c *lintCSV) end(lintCount) error { return nil }

// lintTable writes for people: a block for each document in which something was found, and the sum at the end.
type lintTable struct{ w *bufio.Writer }

func (p *lintTable) add(one linted) error {
	if len(one.Findings) > 0 {
		_, _ = fmt.Fprintf(p.w, "%s: %s\n", one.File, one.Verdict)
	}
	for _, f := range one.Findings {
		at := ""
		if f.Line > 0 {
			at = fmt.Sprintf("line %d, ", f.Line)
		}
		source := f.ID
		if f.Clause != "" {
			source += ", " + f.Clause
		}
		_, _ = fmt.Fprintf(p.w, "  %-7s  %s%s: %s [%s]\n", f.Level, at, f.Path, oneLine(f.Message), source)
	}
	return p.w.Flush()
}

func (p *lintTable) end(c lintCount) error {
	all := c.valid + c.invalid + c.unreadable
	if all == 0 {
		_, _ = fmt.Fprintln(p.w, "there is no *.xml or *.cap to check")
		return p.w.Flush()
	}
	_, _ = fmt.Fprintf(p.w, "%s: %d valid, %d invalid, %d unreadable; %s, %s, %d advice\n", number(int64(all), "document"), c.valid, c.invalid,
		c.unreadable, number(int64(c.levels[cap.LevelError]), "error"), number(int64(c.levels[cap.LevelWarning]), "warning"), c.levels[cap.LevelAdvice])
	return p.w.Flush()
}

// oneLine keeps a message on its line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
