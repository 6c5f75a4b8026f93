package cap

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// declaration is the XML declaration (XML 1.0 §2.8): version, encoding, standalone.
var declaration = regexp.MustCompile(`^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')` +
	`(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([A-Za-z][A-Za-z0-9._-]*)"|'([A-Za-z][A-Za-z0-9._-]*)'))?` +
	`(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>`)

// prolog checks size, encoding and characters of the whole document and moves over byte order mark and declaration. A
// document in another encoding that it knows it turns into UTF-8.
func (s *scanner) prolog(opts Options) error {
	if len(s.data) > opts.MaxBytes {
		f := Oversize(int64(len(s.data)), opts.MaxBytes)
		return &fault{f.ID, f.Clause, f.Message, 0}
	}
	if err := s.widen(); err != nil {
		return err
	}
	s.pos = len(s.data) - len(bytes.TrimPrefix(s.data, []byte("\xEF\xBB\xBF")))
	if blanks := leadingBlanks(s.data[s.pos:]); blanks > 0 && isDeclaration(s.data[s.pos+blanks:]) {
		s.slip(readDeclaration, s.pos, "there are blanks before the XML declaration: remove them")
		s.pos += blanks
	}
	if isDeclaration(s.data[s.pos:]) {
		if err := s.declaration(); err != nil {
			return err
		}
	}
	if i := badByte(s.data); i >= 0 {
		return &fault{"xml.character", "XML 1.0 §2.2", "there is a control character, or one that is none: remove it", i}
	}
	if !utf8.Valid(s.data) {
		return s.decode(decodeLatin1, readEncodingWrong, "there are bytes that are no UTF-8", firstInvalid(s.data))
	}
	return nil
}

// widen turns UTF-16 into UTF-8.
func (s *scanner) widen() error {
	if !bytes.HasPrefix(s.data, []byte("\xFE\xFF")) && !bytes.HasPrefix(s.data, []byte("\xFF\xFE")) {
		return nil
	}
	return s.decode(decodeUTF16, readEncoding, "the document is in UTF-16 or UTF-32", 0)
}

// decode turns the document into UTF-8, if it can be decoded so.
func (s *scanner) decode(decode func(data []byte) (text []byte, ok bool), as tolerance, message string, pos int) error {
	if !s.decoded {
		if text, ok := decode(s.data); ok {
			s.slip(as, pos, message+": write it in UTF-8")
			s.data, s.decoded = text, true
			return nil
		}
	}
	return encodingFault(message, pos)
}

func encodingFault(message string, pos int) error {
	return &fault{"xml.encoding", "CAP 1.2 §3.3.3", message + ": write it in UTF-8", pos}
}

// declaration moves over the XML declaration.
func (s *scanner) declaration() error {
	head := s.data[s.pos:]
	m := declaration.FindSubmatch(head[:min(len(head), 1024)])
	if m == nil {
		return &fault{"xml.declaration", "XML 1.0 §2.8", `the XML declaration is malformed: write <?xml version="1.0" encoding="UTF-8"?>`, s.pos}
	}
	pos := s.pos
	s.pos += len(m[0])
	name := string(m[1]) + string(m[2])
	message := "the document says that its encoding is " + clip(name)
	switch {
	case name == "" || strings.EqualFold(name, "UTF-8"):
		return nil
	case strings.EqualFold(name, "UTF-16") && s.decoded:
		return nil // widen has said it
	case strings.EqualFold(name, "UTF8"):
		s.slip(readEncoding, pos, message+": write UTF-8")
		return nil
	}
	if decode := singleByte(name); decode != nil {
		return s.decode(decode, readEncoding, message, pos)
	}
	return encodingFault(message, pos)
}

// isDeclaration reports whether a document begins with an XML declaration.
func isDeclaration(data []byte) bool {
	return bytes.HasPrefix(data, []byte("<?xml")) && len(data) > 5 && isSpace(data[5])
}

func leadingBlanks(data []byte) int {
	n := 0
	for n < len(data) && isSpace(data[n]) {
		n++
	}
	return n
}

// badByte is the offset of the first character outside the production Char of XML 1.0 §2.2, as far as it shows in the
// bytes of valid UTF-8: control characters, U+FFFE and U+FFFF. It is -1 when there is none.
func badByte(data []byte) int {
	for i, b := range data {
		if b < 0x20 && b != '\n' && b != '\t' && b != '\r' {
			return i
		}
		if b == 0xEF && i+2 < len(data) && data[i+1] == 0xBF && data[i+2] >= 0xBE {
			return i
		}
	}
	return -1
}

// firstInvalid is the offset of the first byte that is no UTF-8.
func firstInvalid(data []byte) int {
	pos := 0
	for pos < len(data) {
		r, size := utf8.DecodeRune(data[pos:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		pos += size
	}
	return pos
}
