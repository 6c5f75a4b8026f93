package sms

import (
	"bytes"
	"strings"
)

// brief cuts the answer about a message that was taken down to what is read of it, {"sid":"…"}, in place: twilio-go makes
// twenty values of a whole answer, which costs more than sending the request. An answer that is not plainly of that kind
// (another form, an error code, an escaped or repeated name) comes back as it is, for twilio-go to judge.
func brief(body []byte) []byte {
	s := scan{rest: body}
	if !s.take('{') {
		return body
	}
	var sid []byte
	for more := true; more; more = s.take(',') {
		name, ok := s.text()
		if !ok || !s.take(':') {
			return body
		}
		value, ok := s.value()
		switch {
		case !ok:
			return body
		case strings.EqualFold(string(name), "sid"):
			if sid != nil || string(name) != "sid" || len(value) < 3 || value[0] != '"' || bytes.IndexByte(value, '\\') >= 0 {
				return body
			}
			sid = value[1 : len(value)-1]
		case strings.EqualFold(string(name), "error_code") && string(value) != "null":
			return body
		}
	}
	if !s.take('}') || !s.end() || sid == nil {
		return body
	}
	const head, tail = `{"sid":"`, `"}`
	// No answer has its sid sooner than after head, and each is at least as long as what is left of it.
	n := len(head) + copy(body[len(head):], sid)
	copy(body, head)
	return body[:n+copy(body[n:], tail)]
}

// scan reads JSON from the front, as closely as it takes to find where each value ends.
type scan struct{ rest []byte }

func (s *scan) blank() { s.rest = bytes.TrimLeft(s.rest, " \t\r\n") }

func (s *scan) end() bool {
	s.blank()
	return len(s.rest) == 0
}

func (s *scan) take(c byte) bool {
	s.blank()
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// text is a string without its quotes.
func (s *scan) text() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	for i, c := range s.rest {
		switch {
		case c == '"' && !escaped(s.rest[:i]):
			t := s.rest[:i]
			s.rest = s.rest[i+1:]
			return t, true
		case c < ' ':
			return nil, false
		}
	}
	return nil, false
}

// escaped reports whether what follows b stands behind an odd number of backslashes.
func escaped(b []byte) bool { return (len(b)-len(bytes.TrimRight(b, `\`)))%2 == 1 }

// value is any value as it stands, quotes included.
func (s *scan) value() ([]byte, bool) {
	s.blank()
	from := s.rest
	var ok bool
	switch {
	case len(from) == 0:
	case from[0] == '"':
		_, ok = s.text()
	case from[0] == '{' || from[0] == '[':
		ok = s.nested()
	default:
		s.rest = bytes.TrimLeft(s.rest, "+-.0123456789aeEflnrstu")
		ok = len(s.rest) < len(from)
	}
	return from[:len(from)-len(s.rest)], ok
}

// nested passes over an object or an array.
func (s *scan) nested() bool {
	for depth := 0; len(s.rest) > 0; {
		switch s.rest[0] {
		case '"':
			if _, ok := s.text(); !ok {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if s.rest = s.rest[1:]; depth == 0 {
			return true
		}
	}
	return false
}
