package audience

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"tocsin/alerting"
)

// maxLine is the longest line of an import, in bytes.
const maxLine = 256 << 10

// maxColumns bounds the columns of an import.
const maxColumns = 256

// lines reads a CSV file (RFC 4180) line by line. Unlike encoding/csv it allows no line break inside quotes: so a quote
// that is never closed costs one line, not the rest of the file.
type lines struct {
	in        *bufio.Reader
	separator byte
	header    []string
	// line is the number of the line read last, counted from 1; bytes is how many were read.
	line  int
	bytes int64
	buf   []byte
	// fields are those of the last line.
	fields []string
}

// errLine is a line that cannot be split; the next one can be read.
var errLine = errors.New("cannot be read")

// unsplit is errLine with what is wrong, and what to do about it.
func unsplit(code, format string, values ...any) error {
	return alerting.Refuse(errLine, code, format, values...)
}

// newLines reads the header: a byte order mark is skipped, and the separator is whichever of comma, semicolon and tab the
// header has most of. Names of columns are lower-cased.
func newLines(r io.Reader) (*lines, error) {
	l := &lines{in: bufio.NewReaderSize(r, 64<<10)}
	text, err := l.text()
	if err != nil && !errors.Is(err, errLine) {
		if errors.Is(err, io.EOF) {
			err = alerting.Refuse(alerting.ErrInvalid, "upload.empty", "the file is empty; its first line must name the columns")
		}
		return nil, err
	}
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		return nil, alerting.Refuse(alerting.ErrInvalid, "upload.utf16", "the file is UTF-16; save it as UTF-8")
	}
	if err != nil {
		return nil, alerting.Refuse(alerting.ErrInvalid, "upload.first-line", "the first line, which must name the columns, %v", err)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	l.separator = ','
	for _, c := range []byte{';', '\t'} {
		if bytes.Count(text, []byte{c}) > bytes.Count(text, []byte{l.separator}) {
			l.separator = c
		}
	}
	if err := l.split(text); err != nil {
		return nil, alerting.Refuse(alerting.ErrInvalid, "upload.first-line", "the first line, which must name the columns, %v", err)
	}
	for _, name := range l.fields {
		l.header = append(l.header, strings.ToLower(strings.TrimSpace(name)))
	}
	return l, l.checkHeader()
}

func (l *lines) checkHeader() error {
	if len(l.header) > maxColumns {
		return alerting.Refuse(alerting.ErrInvalid, "upload.columns-many", "the first line has %d columns, at most %d are read", len(l.header), maxColumns)
	}
	named := map[string]bool{}
	for _, name := range l.header {
		if name != "" && named[name] {
			return alerting.Refuse(alerting.ErrInvalid, "upload.column-twice", "the first line has two columns %q", name)
		}
		named[name] = true
	}
	return nil
}

// column is the index of a column; -1 when the file has none of this name.
func (l *lines) column(name string) int {
	for i, h := range l.header {
		if h == name {
			return i
		}
	}
	return -1
}

// next reads the next line that is not blank into fields. errLine: this line is of no use, go on with the next. io.EOF
// after the last.
func (l *lines) next() error {
	for {
		text, err := l.text()
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		return l.split(text)
	}
}

// checkWidth refuses a line with other columns than the first: a separator too many or too few, as in a field that lacks its
// quotes, moves everything behind it into a column where it does not belong.
func (l *lines) checkWidth() error {
	if have, want := len(l.fields), len(l.header); have != want {
		return amiss("import.width", "it has %d fields, and the first line names %d columns; put a field that holds the separator into quotes",
			have, want)
	}
	return nil
}

// text is the next line without its end. It is valid until the next call.
func (l *lines) text() ([]byte, error) {
	l.buf = l.buf[:0]
	long := false
	for {
		part, err := l.in.ReadSlice('\n')
		l.bytes += int64(len(part))
		if len(l.buf)+len(part) > maxLine {
			long = true
		} else {
			l.buf = append(l.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (len(l.buf) > 0 || long):
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil:
			return nil, fmt.Errorf("read the file behind line %d: %w", l.line, err)
		}
		l.line++
		if long {
			return l.buf, unsplit("import.line-long", "it is longer than %d bytes; split it", maxLine)
		}
		return bytes.TrimSuffix(bytes.TrimSuffix(l.buf, []byte("\n")), []byte("\r")), nil
	}
}

// split cuts a line into fields: bare ones, or quoted ones in which "" stands for a quote.
func (l *lines) split(text []byte) error {
	l.fields = l.fields[:0]
	if !utf8.Valid(text) {
		return unsplit("import.utf8", "it is not UTF-8; save the file as UTF-8")
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return unsplit("import.nul", "it holds a character U+0000; remove it")
	}
	for {
		if len(l.fields) > maxColumns {
			return unsplit("import.columns", "it has more than %d columns", maxColumns)
		}
		if len(text) == 0 || text[0] != '"' {
			end := bytes.IndexByte(text, l.separator)
			bare := text
			if end >= 0 {
				bare = text[:end]
			}
			if bytes.IndexByte(bare, '"') >= 0 {
				return unsplit("import.quote", "column %d has a quote in the middle; put the field into quotes and double those inside", len(l.fields)+1)
			}
			l.fields = append(l.fields, string(bare))
			if end < 0 {
				return nil
			}
			text = text[end+1:]
			continue
		}
		value, rest, ok := unquoted(text[1:])
		if !ok || len(rest) > 0 && rest[0] != l.separator {
			return unsplit("import.unclosed", "column %d has a quote that is not closed, or text behind the closing one; "+
				"double the quotes inside a field", len(l.fields)+1)
		}
		l.fields = append(l.fields, value)
		if len(rest) == 0 {
			return nil
		}
		text = rest[1:]
	}
}

// unquoted reads up to the closing quote.
func unquoted(text []byte) (value string, rest []byte, ok bool) {
	var out []byte
	for {
		end := bytes.IndexByte(text, '"')
		if end < 0 {
			return "", nil, false
		}
		out = append(out, text[:end]...)
		text = text[end+1:]
		if len(text) == 0 || text[0] != '"' {
			return string(out), text, true
		}
		out = append(out, '"')
		text = text[1:]
	}
}

// field is the trimmed text of a column of the last line; empty where the line or the file has none.
func (l *lines) field(column int) string {
	if column < 0 || column >= len(l.fields) {
		return ""
	}
	return strings.TrimSpace(l.fields[column])
}
