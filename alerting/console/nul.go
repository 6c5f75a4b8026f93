package console

import (
	"bytes"
	"net/http"
	"strings"

	"tocsin/alerting"
)

// No text of a request may hold the character U+0000: no database keeps it in a text, and what is wrong with it must be said before one
// is asked.

// errNUL says where it was found.
func errNUL(where string) error {
	return alerting.Refuse(alerting.ErrInvalid, "request.nul", "%s: there is a character U+0000, which no text has: remove it", where)
}

// plain turns requests away whose path or query holds it. net/http takes no header that does.
func (c *Console) plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.ContainsRune(r.URL.Path, 0):
			c.fail(w, r, errNUL("path"))
		case strings.Contains(r.URL.RawQuery, "%00"):
			c.fail(w, r, errNUL("query"))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// escapesNUL reports whether a string of a JSON text holds it: as an escape, since JSON has no bare control characters.
func escapesNUL(text []byte) bool {
	const escape = `\u0000`
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(escape))
		if i < 0 {
			return false
		}
		at += i
		slashes := 0
		for slashes < at && text[at-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return true
		}
		at += len(escape)
	}
}
