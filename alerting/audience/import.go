package audience

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"tocsin/alerting"
)

// ImportOptions say how a file of people is read. The zero value is good.
type ImportOptions struct {
	// Region is where phone numbers without a country code belong (ISO 3166-1 alpha-2, e.g. "CN"); empty demands one.
	Region string
	// Verified is what counts where the file has no column "verified", or nothing in it. Unverified addresses are kept,
	// and not used.
	Verified bool
	// Report, if set, is called now and then, and at the end.
	Report func(Progress)
}

// Progress is how far an import is.
type Progress struct {
	// Lines and Bytes count what was read, Done the people, sirens or units that were written, Problems what was reported.
	Lines    int   `json:"lines"`
	Done     int   `json:"done"`
	Problems int   `json:"problems"`
	Bytes    int64 `json:"bytes"`
}

// Problem is something in a file that somebody must look at. It repeats no address.
type Problem struct {
	// Line counts from 1, the header included. Column is the name of the column; empty when the whole line is meant.
	Line   int    `json:"line"`
	Column string `json:"column,omitempty"`
	// Where names the feature, and the polygon and ring in it, of a file of outlines; Line is then 0.
	Where string `json:"where,omitempty"`
	// What is wrong, and what to do about it.
	What string `json:"what"`
	// Skipped: nothing of the line was imported. Otherwise only the column was left out.
	Skipped bool `json:"skipped"`
}

// String is the problem as a sentence.
func (p Problem) String() string {
	var b strings.Builder
	if p.Where != "" {
		b.WriteString(p.Where)
	} else {
		fmt.Fprintf(&b, "line %d", p.Line)
	}
	if p.Column != "" {
		fmt.Fprintf(&b, ", column %s", p.Column)
	}
	fmt.Fprintf(&b, ": %s", p.What)
	if p.Skipped {
		b.WriteString(" (line skipped)")
	}
	return b.String()
}

// Result is what an import did.
type Result struct {
	// Lines that hold something, the header left out.
	Lines int `json:"lines"`
	// New and Replaced count people, sirens or units; Skipped counts lines of which nothing was imported.
	New      int `json:"new"`
	Replaced int `json:"replaced"`
	Skipped  int `json:"skipped"`
	// Places and Addresses count what the imported people have; Unverified the addresses that will not be used until they
	// are verified, OptedOut those whose owners opted out before.
	Places     int `json:"places"`
	Addresses  int `json:"addresses"`
	Unverified int `json:"unverified"`
	OptedOut   int `json:"opted_out"`
	// Problems are the first of what was found; ProblemCount counts all.
	Problems     []Problem `json:"problems"`
	ProblemCount int       `json:"problem_count"`
	// Warnings are the first of what was imported and may not be what was meant; WarningCount counts all.
	Warnings     []Problem `json:"warnings,omitempty"`
	WarningCount int       `json:"warning_count,omitempty"`
}

// maxProblems bounds the problems that a result lists.
const maxProblems = 1000

func (r *Result) problem(p Problem) {
	r.ProblemCount++
	if p.Skipped {
		r.Skipped++
	}
	if len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, p)
	}
}

func (r *Result) warn(p Problem) {
	r.WarningCount++
	if len(r.Warnings) < maxProblems {
		r.Warnings = append(r.Warnings, p)
	}
}

// columnError is what is wrong with one column of a line.
type columnError struct {
	column string
	err    error
}

// Error is the problem without its line.
func (e *columnError) Error() string { return e.column + ": " + e.err.Error() }

// Unwrap gives what is wrong.
func (e *columnError) Unwrap() error { return e.err }

// reportLine notes why a line is skipped.
func (r *Result) reportLine(line int, err error) {
	var c *columnError
	if errors.As(err, &c) {
		r.problem(Problem{Line: line, Column: c.column, What: c.err.Error(), Skipped: true})
		return
	}
	what := err.Error()
	if refusal := alerting.RefusalOf(err); refusal != nil {
		what = refusal.Sentence()
	}
	r.problem(Problem{Line: line, What: what, Skipped: true})
}

// amiss is what is wrong with a line or a column, and what to do about it: a refusal of no kind. A result keeps it as English text,
// which alerting.SaidIn gives in Chinese.
func amiss(code, format string, values ...any) error {
	return alerting.Refuse(nil, code, format, values...)
}

// intake reads a file of one kind: each line is parsed, and what was parsed is written in lots.
type intake[T any] struct {
	lines  *lines
	result *Result
	report func(Progress)
	// lot is how many parsed lines go to write at once.
	lot   int
	parse func(l *lines) (T, error)
	write func([]T) error
}

// run reads to the end of the file. Lines that cannot be used are noted and left out; it ends early only when the file
// cannot be read or the database not written, and what was written until then stays.
func (in *intake[T]) run() error {
	var lot []T
	flush := func() error {
		if len(lot) > 0 {
			if err := in.write(lot); err != nil {
				return err
			}
		}
		lot = lot[:0]
		in.progress()
		return nil
	}
	for {
		err := in.lines.next()
		if errors.Is(err, io.EOF) {
			return flush()
		}
		if err != nil && !errors.Is(err, errLine) {
			return errors.Join(err, flush())
		}
		in.result.Lines++
		if err == nil {
			err = in.lines.checkWidth()
		}
		var one T
		if err == nil {
			one, err = in.parse(in.lines)
		}
		if err != nil {
			in.result.reportLine(in.lines.line, err)
			continue
		}
		if lot = append(lot, one); len(lot) >= in.lot {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

func (in *intake[T]) progress() {
	if in.report != nil {
		in.report(Progress{Lines: in.result.Lines, Done: in.result.New + in.result.Replaced,
			Problems: in.result.ProblemCount, Bytes: in.lines.bytes})
	}
}
