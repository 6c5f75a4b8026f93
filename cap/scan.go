package cap

import (
	"bytes"
	"fmt"
)

// maxDepth is how deep elements may nest. CAP itself needs 5; XML signatures need about 10.
const maxDepth = 16

// tokenKind says what the scanner found.
type tokenKind uint8

const (
	tokenStart tokenKind = iota + 1
	tokenEnd
	tokenText
	tokenEOF
)

// token is one piece of the document. Its slices are valid until the next one is asked for.
type token struct {
	kind tokenKind
	// space and local name a start tag; space is the namespace, not the prefix.
	space string
	local []byte
	// text is the content of tokenText, references expanded and line ends normalised.
	text []byte
	// attr is the first attribute that is no namespace declaration and not allowed by XML Schema everywhere.
	attr string
	// hint is true when the tag carries an xsi:schemaLocation.
	hint bool
	// pos is the offset of the token.
	pos int
}

// fault is a reason why the document cannot be read on.
type fault struct {
	id, clause, message string
	pos                 int
}

func (f *fault) Error() string { return f.message }

// scanner reads the part of XML 1.0 with namespaces that an alert may use: elements, namespace declarations, text,
// character references, the five named entities, CDATA and comments. It refuses everything else instead of skipping it.
//
// Why not encoding/xml: it accepts a DOCTYPE, undeclared prefixes and doubled attributes, and is ten times slower. The
// tests compare both: what this scanner accepts, encoding/xml reads alike.
type scanner struct {
	data []byte
	pos  int
	// open holds the qualified names of the open elements, marks the number of bindings before each of them.
	open     [][]byte
	marks    []int
	bindings []binding
	// closing is true after <a/>: the end tag is still to be reported.
	closing  bool
	rootDone bool
	buffer   []byte
	// slip is told what is not allowed but can be read on after.
	slip func(t tolerance, pos int, message string)
	// decoded is true once data is no longer the bytes of the document, but their UTF-8.
	decoded bool
	// counted is an offset up to which lines have been counted, and lines how many ended there.
	counted, lines int
}

// binding is a namespace declaration; the empty prefix is the default namespace.
type binding struct {
	prefix []byte
	space  string
}

// newScanner reads a document. slip is told what must not be, but does not end the reading.
func newScanner(data []byte, slip func(t tolerance, pos int, message string)) *scanner {
	return &scanner{
		data:     data,
		slip:     slip,
		open:     make([][]byte, 0, maxDepth),
		marks:    make([]int, 0, maxDepth),
		bindings: make([]binding, 0, 8),
	}
}

// line is the number of the line of an offset, from 1.
func (s *scanner) line(pos int) int {
	pos = min(pos, len(s.data))
	if pos < s.counted {
		s.counted, s.lines = 0, 0
	}
	s.lines += bytes.Count(s.data[s.counted:pos], []byte{'\n'})
	s.counted = pos
	return 1 + s.lines
}

// malformed is the fault of what is no XML at all.
func (s *scanner) malformed(pos int, format string, args ...any) error {
	return &fault{"xml.malformed", "XML 1.0 §2.1", fmt.Sprintf(format, args...), pos}
}

// next gives the next token. After an error the scanner must not be used again.
func (s *scanner) next() (token, error) {
	if s.closing {
		s.closing = false
		s.pop()
		return token{kind: tokenEnd, pos: s.pos}, nil
	}
	for s.pos < len(s.data) {
		start := s.pos
		if s.data[start] != '<' {
			t, err := s.text()
			if err != nil || len(s.open) > 0 {
				return t, err
			}
			if !blank(t.text) {
				return t, s.outside(start)
			}
			continue
		}
		rest := s.data[start:]
		switch {
		case bytes.HasPrefix(rest, []byte("<!--")):
			if err := s.comment(); err != nil {
				return token{}, err
			}
		case bytes.HasPrefix(rest, []byte("<![CDATA[")) && len(s.open) > 0:
			return s.cdata()
		case bytes.HasPrefix(rest, []byte("<!DOCTYPE")):
			return token{}, &fault{"xml.doctype", "XML 1.0 §2.8", "a DOCTYPE is not allowed: remove it", start}
		case bytes.HasPrefix(rest, []byte("<?")):
			if err := s.instruction(); err != nil {
				return token{}, err
			}
		case bytes.HasPrefix(rest, []byte("</")):
			return s.endTag()
		default:
			return s.startTag()
		}
	}
	if len(s.open) > 0 {
		return token{}, s.malformed(s.pos, "the document ends inside <%s>: it was cut off", clip(s.open[len(s.open)-1]))
	}
	if !s.rootDone {
		return token{}, s.malformed(s.pos, "the document holds no element")
	}
	return token{kind: tokenEOF, pos: s.pos}, nil
}

// outside is the fault of text before or after the root element.
func (s *scanner) outside(pos int) error {
	if s.rootDone {
		return &fault{"xml.trailing", "XML 1.0 §2.1", "there is something after the end of the alert: remove it", pos}
	}
	return s.malformed(pos, "there is text before the root element: remove it")
}

func (s *scanner) pop() {
	last := len(s.open) - 1
	s.bindings = s.bindings[:s.marks[last]]
	s.open, s.marks = s.open[:last], s.marks[:last]
	s.rootDone = last == 0
}

// text reads character data up to the next tag.
func (s *scanner) text() (token, error) {
	start := s.pos
	end := bytes.IndexByte(s.data[start:], '<')
	if end < 0 {
		end = len(s.data)
	} else {
		end += start
	}
	raw := s.data[start:end]
	if i := bytes.Index(raw, []byte("]]>")); i >= 0 {
		return token{}, s.malformed(start+i, `"]]>" may not stand in text: write "]]&gt;"`)
	}
	s.pos = end
	text, err := s.expand(raw, start)
	return token{kind: tokenText, text: text, pos: start}, err
}

func (s *scanner) cdata() (token, error) {
	start := s.pos
	body := s.data[start+len("<![CDATA["):]
	end := bytes.Index(body, []byte("]]>"))
	if end < 0 {
		return token{}, s.malformed(start, "a CDATA section is not closed")
	}
	s.pos = start + len("<![CDATA[") + end + len("]]>")
	s.buffer = normaliseLines(s.buffer[:0], body[:end])
	return token{kind: tokenText, text: s.buffer, pos: start}, nil
}

func (s *scanner) comment() error {
	start := s.pos
	body := s.data[start+len("<!--"):]
	end := bytes.Index(body, []byte("--"))
	if end < 0 {
		return s.malformed(start, "a comment is not closed")
	}
	if end+2 >= len(body) || body[end+2] != '>' {
		return s.malformed(start, `a comment holds "--": remove it`)
	}
	s.pos = start + len("<!--") + end + len("-->")
	return nil
}

// instruction passes over a processing instruction, if it stands outside the alert and is no XML declaration.
func (s *scanner) instruction() error {
	start := s.pos
	s.pos += len("<?")
	target := s.name()
	if len(s.open) > 0 || len(target) == 0 || bytes.EqualFold(target, []byte("xml")) {
		return &fault{"xml.instruction", "XML 1.0 §2.6",
			"a processing instruction is not allowed, and the XML declaration only at the very start: remove it", start}
	}
	end := bytes.Index(s.data[s.pos:], []byte("?>"))
	if end < 0 || end > 0 && !isSpace(s.data[s.pos]) {
		return s.malformed(start, "a processing instruction is not closed by ?>")
	}
	s.slip(readInstruction, start, "a processing instruction is not allowed: remove it")
	s.pos += end + len("?>")
	return nil
}

func (s *scanner) endTag() (token, error) {
	start := s.pos
	s.pos += 2
	name := s.name()
	if len(s.open) == 0 {
		return token{}, s.malformed(start, "</%s> closes nothing", clip(name))
	}
	if open := s.open[len(s.open)-1]; !bytes.Equal(name, open) {
		return token{}, s.malformed(start, "</%s> stands where </%s> must", clip(name), clip(open))
	}
	s.space()
	if !s.take('>') {
		return token{}, s.malformed(start, "the end tag of %s is not closed by >", clip(name))
	}
	s.pop()
	return token{kind: tokenEnd, pos: start}, nil
}

// take moves over one expected byte.
func (s *scanner) take(b byte) bool {
	if s.pos < len(s.data) && s.data[s.pos] == b {
		s.pos++
		return true
	}
	return false
}

// space moves over white space and reports whether there was any.
func (s *scanner) space() bool {
	start := s.pos
	for s.pos < len(s.data) && isSpace(s.data[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

// isSpace reports whether a byte is white space of XML 1.0 §2.3.
func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }

// blank reports whether a text is only white space.
func blank[T string | []byte](text T) bool {
	for i := range len(text) {
		if !isSpace(text[i]) {
			return false
		}
	}
	return true
}

// clip shortens what a message quotes from the document.
func clip[T string | []byte](text T) string {
	const most = 60
	if len(text) <= most {
		return string(text)
	}
	cut := most
	for cut > 0 && text[cut]&0xC0 == 0x80 {
		cut--
	}
	return string(text[:cut]) + "…"
}
