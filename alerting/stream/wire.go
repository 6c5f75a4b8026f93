package stream

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"tocsin/alerting"
)

// maxRecord bounds every record in bytes: brokers take 1 MiB by default, framing included.
const maxRecord = 900 << 10

// input reads a compact record. Its first error sticks, and every later read gives a zero value.
type input struct {
	b   []byte
	err error
}

func (in *input) fail(format string, args ...any) {
	if in.err == nil {
		in.err = fmt.Errorf("%w: %s", alerting.ErrInvalid, fmt.Sprintf(format, args...))
		in.b = nil
	}
}

func (in *input) raw(n int, what string) []byte {
	if in.err != nil || len(in.b) < n {
		in.fail("record ends within %s", what)
		return nil
	}
	out := in.b[:n:n]
	in.b = in.b[n:]
	return out
}

func (in *input) byte(what string) byte {
	if b := in.raw(1, what); b != nil {
		return b[0]
	}
	return 0
}

// number reads an unsigned varint of at most limit, in its shortest form.
func (in *input) number(what string, limit uint64) uint64 {
	if in.err != nil {
		return 0
	}
	v, n := binary.Uvarint(in.b)
	switch {
	case n <= 0:
		in.fail("record ends within %s", what)
		return 0
	case n > 1 && in.b[n-1] == 0:
		in.fail("%s is not in its shortest form", what)
		return 0
	case v > limit:
		in.fail("%s is %d, at most %d are allowed", what, v, limit)
		return 0
	}
	in.b = in.b[n:]
	return v
}

func (in *input) bytes(what string, limit int) []byte {
	return in.raw(int(in.number("the length of "+what, uint64(limit))), what)
}

func (in *input) text(what string, limit int) string {
	b := in.bytes(what, limit)
	if !utf8.Valid(b) {
		in.fail("%s is not UTF-8", what)
		return ""
	}
	return string(b)
}

// moment reads milliseconds since 1970; 0 is the zero time.
func (in *input) moment(what string) time.Time {
	b := in.raw(8, what)
	if b == nil {
		return time.Time{}
	}
	ms := int64(binary.BigEndian.Uint64(b))
	if ms == 0 {
		return time.Time{}
	}
	if ms < 0 || ms > maxMillis {
		in.fail("%s is out of range", what)
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// end checks that nothing is left over.
func (in *input) end() error {
	if in.err == nil && len(in.b) > 0 {
		in.fail("%d bytes after the end of the record", len(in.b))
	}
	return in.err
}

// maxMillis is the end of the year 9999.
const maxMillis = 253402300799999

func appendText[T ~string | ~[]byte](b []byte, s T) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// appendMoment writes milliseconds since 1970, the zero time as 0.
func appendMoment(b []byte, t time.Time) []byte {
	var ms int64
	if !t.IsZero() {
		ms = max(1, t.UnixMilli())
	}
	return binary.BigEndian.AppendUint64(b, uint64(ms))
}

// clip shortens a text to at most limit bytes, without cutting a character in two; invalid UTF-8 is replaced.
func clip(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

const maxUint32 = math.MaxUint32
