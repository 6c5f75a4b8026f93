package cap

import (
	"fmt"
	"strings"
)

// Level says how much a finding matters.
type Level uint8

// The levels, the gravest first.
const (
	// LevelError: the document breaks the standard; it is neither accepted nor written.
	LevelError Level = iota + 1
	// LevelWarning: it is probably not what was meant, or not every reader will take it.
	LevelWarning
	// LevelAdvice: it could be better.
	LevelAdvice
)

// String is the level as reports and the API write it.
func (l Level) String() string {
	switch l {
	case LevelError:
		return "error"
	case LevelWarning:
		return "warning"
	case LevelAdvice:
		return "advice"
	}
	return fmt.Sprintf("level %d", uint8(l))
}

// MarshalText writes the level as String does.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (l *Level) UnmarshalText(text []byte) error {
	for _, known := range []Level{LevelError, LevelWarning, LevelAdvice} {
		if known.String() == string(text) {
			*l = known
			return nil
		}
	}
	return fmt.Errorf("level %q: want error, warning or advice", clip(text))
}

// Finding is one thing that a document or an alert gets wrong.
type Finding struct {
	// ID is the stable name of the rule, such as core.polygon.closed.
	ID string `json:"id"`
	// Clause is where the standard says so, such as "CAP 1.2 §3.2.4 polygon".
	Clause string `json:"clause"`
	// Path names the element, such as alert/info[2]/area[1]/polygon[1]. Repeatable elements are counted from 1.
	Path string `json:"path"`
	// Message says what is wrong and what to write instead.
	Message string `json:"message"`
	// Line is that of the element's start tag, from 1; 0 when there is no document. A missing element has its parent's.
	Line  int   `json:"line,omitempty"`
	Level Level `json:"level"`
}

// String is the finding on one line.
func (f Finding) String() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: %s: %s [%s, %s]", f.Level, f.Path, f.Message, f.ID, f.Clause)
	}
	return fmt.Sprintf("line %d: %s: %s: %s [%s, %s]", f.Line, f.Level, f.Path, f.Message, f.ID, f.Clause)
}

// Findings are the results of reading or checking one alert. It is an error once it holds one of LevelError; see Err.
type Findings []Finding

// Error lists the findings, one per line.
func (f Findings) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// Err is the findings as an error if one of them is of LevelError, else nil.
func (f Findings) Err() error {
	for _, one := range f {
		if one.Level == LevelError {
			return f
		}
	}
	return nil
}
