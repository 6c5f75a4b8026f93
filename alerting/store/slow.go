package store

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// slow logs statements that take longer than most, with their text and without their values: values may be people's.
type slow struct {
	most time.Duration
	log  *slog.Logger
}

// BeforeQuery is part of bun.QueryHook.
func (s slow) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

// AfterQuery is part of bun.QueryHook.
func (s slow) AfterQuery(ctx context.Context, e *bun.QueryEvent) {
	if took := time.Since(e.StartTime); took >= s.most {
		s.log.WarnContext(ctx, "a statement of SQL was slow", "took", took, "statement", bare(e.Query))
	}
}

// maxStatement is how much of a statement is logged, in bytes.
const maxStatement = 1000

// bare is a statement with a question mark in place of each value, of one line and of bounded length.
func bare(query string) string {
	var b strings.Builder
	for i := 0; i < len(query) && b.Len() < maxStatement; i++ {
		switch c := query[i]; {
		case c == '\'':
			i = closing(query, i)
			b.WriteByte('?')
		case c == '"':
			end := closing(query, i)
			b.WriteString(query[i:min(end+1, len(query))])
			i = end
		case c >= '0' && c <= '9' && (i == 0 || !wordly(query[i-1])):
			for i+1 < len(query) && (wordly(query[i+1]) || query[i+1] == '.') {
				i++
			}
			b.WriteByte('?')
		case c == '\n' || c == '\t':
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// closing is where a quoted piece that begins at an offset ends; a doubled quote does not end it.
func closing(query string, at int) int {
	quote := query[at]
	for i := at + 1; i < len(query); i++ {
		if query[i] != quote {
			continue
		}
		if i+1 == len(query) || query[i+1] != quote {
			return i
		}
		i++
	}
	return len(query)
}

// wordly reports whether a byte can stand in a name.
func wordly(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
