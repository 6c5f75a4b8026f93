package cap

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

const (
	xmlSpace      = "http://www.w3.org/XML/1998/namespace"
	xmlnsSpace    = "http://www.w3.org/2000/xmlns/"
	instanceSpace = "http://www.w3.org/2001/XMLSchema-instance"

	// maxBindings bounds the namespace declarations in force, maxAttributes the attributes of one tag.
	maxBindings   = 64
	maxAttributes = 64
)

// attribute is one attribute as written.
type attribute struct {
	name, prefix, local []byte
	value               []byte
	pos                 int
}

// startTag reads a start tag and binds its namespaces.
func (s *scanner) startTag() (token, error) {
	start := s.pos
	if s.rootDone {
		return token{}, &fault{"xml.trailing", "XML 1.0 §2.1", "there is a second root element: one document holds one alert", start}
	}
	s.pos++
	name := s.name()
	prefix, local, ok := splitName(name)
	if !ok {
		return token{}, s.malformed(start, "<%s is not the name of an element: write &lt; for a less-than sign in text", clip(name))
	}
	if len(s.open) == maxDepth {
		return token{}, &fault{"xml.depth", "CAP 1.2 §3.4", "elements nest deeper than 16 levels", start}
	}
	s.open = append(s.open, name)
	s.marks = append(s.marks, len(s.bindings))
	t := token{kind: tokenStart, local: local, pos: start}
	if s.pos < len(s.data) && s.data[s.pos] == '>' {
		s.pos++
	} else if err := s.attributes(&t); err != nil {
		return token{}, err
	}
	var bound bool
	if t.space, bound = s.lookup(prefix); !bound {
		return token{}, s.unbound(prefix, start)
	}
	return t, nil
}

// unbound is the fault of a prefix that nobody declared.
func (s *scanner) unbound(prefix []byte, pos int) error {
	return &fault{"xml.namespace", "Namespaces in XML 1.0 §5", "the prefix " + clip(prefix) + " is not declared: add xmlns:" + clip(prefix), pos}
}

// attributes reads the rest of a start tag.
func (s *scanner) attributes(t *token) error {
	var storage [8]attribute
	list := storage[:0]
	for {
		spaced := s.space()
		if s.take('>') {
			break
		}
		if s.take('/') {
			if !s.take('>') {
				return s.malformed(s.pos, `"/" in a tag must be followed by ">"`)
			}
			s.closing = true
			break
		}
		if !spaced || len(list) == maxAttributes {
			return s.malformed(s.pos, "the start tag of %s is not closed by >, or it holds too many attributes", clip(s.open[len(s.open)-1]))
		}
		a, err := s.attribute()
		if err != nil {
			return err
		}
		for _, other := range list {
			if bytes.Equal(other.name, a.name) {
				return s.malformed(a.pos, "the attribute %s stands twice in one tag", clip(a.name))
			}
		}
		list = append(list, a)
		if err := s.bind(a); err != nil {
			return err
		}
	}
	return s.classify(t, list)
}

// attribute reads name="value".
func (s *scanner) attribute() (attribute, error) {
	a := attribute{pos: s.pos}
	a.name = s.name()
	var ok bool
	if a.prefix, a.local, ok = splitName(a.name); !ok {
		return a, s.malformed(a.pos, "the start tag of %s is not closed by >", clip(s.open[len(s.open)-1]))
	}
	s.space()
	if !s.take('=') {
		return a, s.malformed(a.pos, "the attribute %s has no value", clip(a.name))
	}
	s.space()
	quote := byte('"')
	if !s.take('"') {
		quote = '\''
		if !s.take('\'') {
			return a, s.malformed(a.pos, "the value of the attribute %s is not quoted", clip(a.name))
		}
	}
	end := bytes.IndexByte(s.data[s.pos:], quote)
	if end < 0 {
		return a, s.malformed(a.pos, "the value of the attribute %s is not closed", clip(a.name))
	}
	raw := s.data[s.pos : s.pos+end]
	if bytes.IndexByte(raw, '<') >= 0 {
		return a, s.malformed(a.pos, "the value of the attribute %s holds <", clip(a.name))
	}
	value, err := s.expand(raw, s.pos)
	a.value = value
	s.pos += end + 1
	return a, err
}

// bind takes a namespace declaration into force; other attributes it leaves alone.
func (s *scanner) bind(a attribute) error {
	var prefix []byte
	switch {
	case string(a.name) == "xmlns":
	case string(a.prefix) == "xmlns":
		prefix = a.local
	default:
		return nil
	}
	space := string(a.value)
	reserved := space == xmlSpace || space == xmlnsSpace || string(prefix) == "xmlns" || string(prefix) == "xml"
	if reserved || (len(prefix) > 0 && space == "") {
		return &fault{"xml.namespace", "Namespaces in XML 1.0 §3", "the declaration " + clip(a.name) + " is not allowed", a.pos}
	}
	if len(s.bindings) == maxBindings {
		return &fault{"xml.namespace", "CAP 1.2 §3.4", "too many namespaces are declared", a.pos}
	}
	s.bindings = append(s.bindings, binding{prefix, space})
	return nil
}

// classify resolves the prefixes of the attributes and notes the first that CAP does not know.
func (s *scanner) classify(t *token, list []attribute) error {
	for i, a := range list {
		if string(a.name) == "xmlns" || string(a.prefix) == "xmlns" {
			continue
		}
		space := ""
		if len(a.prefix) > 0 {
			var bound bool
			if space, bound = s.lookup(a.prefix); !bound {
				return s.unbound(a.prefix, a.pos)
			}
			for _, other := range list[:i] {
				same := len(other.prefix) > 0 && string(other.prefix) != "xmlns" && bytes.Equal(other.local, a.local)
				if otherSpace, _ := s.lookup(other.prefix); same && otherSpace == space {
					return s.malformed(a.pos, "the attribute %s stands twice in one tag", clip(a.name))
				}
			}
		}
		// XML Schema allows these two everywhere: they only hint where the schema lies.
		if space == instanceSpace && (string(a.local) == "schemaLocation" || string(a.local) == "noNamespaceSchemaLocation") {
			t.hint = true
		} else if t.attr == "" {
			t.attr = clip(a.name)
		}
	}
	return nil
}

// lookup finds the namespace of a prefix; the default namespace is empty when nobody declared it.
func (s *scanner) lookup(prefix []byte) (space string, bound bool) {
	for _, v := range slices.Backward(s.bindings) {
		if bytes.Equal(v.prefix, prefix) {
			return v.space, true
		}
	}
	if string(prefix) == "xml" {
		return xmlSpace, true
	}
	return "", len(prefix) == 0
}

// name reads a run of name characters. CAP and XML signatures need ASCII only, so nothing else is allowed.
func (s *scanner) name() []byte {
	start := s.pos
	for s.pos < len(s.data) && isNameByte(s.data[s.pos]) {
		s.pos++
	}
	return s.data[start:s.pos]
}

func isNameByte(b byte) bool {
	return isNameStart(b) || b >= '0' && b <= '9' || b == '-' || b == '.' || b == ':'
}

func isNameStart(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' }

// splitName splits prefix:local; ok is false when it is no qualified name.
func splitName(name []byte) (prefix, local []byte, ok bool) {
	local = name
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		prefix, local = name[:i], name[i+1:]
		if i == 0 || !isNameStart(prefix[0]) || bytes.IndexByte(local, ':') >= 0 {
			return nil, nil, false
		}
	}
	return prefix, local, len(local) > 0 && isNameStart(local[0])
}

// expand replaces references and normalises line ends (XML 1.0 §2.11, §4.1). Without either it returns raw itself.
func (s *scanner) expand(raw []byte, pos int) ([]byte, error) {
	if bytes.IndexByte(raw, '&') < 0 {
		if bytes.IndexByte(raw, '\r') < 0 {
			return raw, nil
		}
		s.buffer = normaliseLines(s.buffer[:0], raw)
		return s.buffer, nil
	}
	out := s.buffer[:0]
	rest := raw
	for {
		amp := bytes.IndexByte(rest, '&')
		if amp < 0 {
			break
		}
		out = normaliseLines(out, rest[:amp])
		at := pos + len(raw) - len(rest) + amp
		rest = rest[amp+1:]
		// The longest that is of any use is &#x10FFFF; with some leading zeros.
		end := bytes.IndexByte(rest[:min(len(rest), 16)], ';')
		if end < 0 {
			return nil, s.malformed(at, "a bare & stands in text: write &amp;")
		}
		r, err := s.reference(rest[:end], at)
		if err != nil {
			return nil, err
		}
		out = utf8.AppendRune(out, r)
		rest = rest[end+1:]
	}
	s.buffer = normaliseLines(out, rest)
	return s.buffer, nil
}

// reference is the character that &name; or &#number; stands for.
func (s *scanner) reference(name []byte, pos int) (rune, error) {
	switch string(name) {
	case "lt":
		return '<', nil
	case "gt":
		return '>', nil
	case "amp":
		return '&', nil
	case "quot":
		return '"', nil
	case "apos":
		return '\'', nil
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, &fault{"xml.entity", "CAP 1.2 §3.3.3", "the entity &" + clip(name) + "; is not known: write the character itself", pos}
	}
	digits, base := name[1:], rune(10)
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	var r rune
	for _, d := range digits {
		v := digitValue(d)
		if v < 0 || v >= base || r > utf8.MaxRune {
			return 0, s.malformed(pos, "&%s; is no character reference", clip(name))
		}
		r = r*base + v
	}
	if len(digits) == 0 || !isXMLChar(r) {
		return 0, &fault{"xml.character", "XML 1.0 §2.2", "&" + clip(name) + "; is not a character that XML allows: remove it", pos}
	}
	return r, nil
}

func digitValue(d byte) rune {
	switch {
	case d >= '0' && d <= '9':
		return rune(d - '0')
	case d >= 'a' && d <= 'f':
		return rune(d-'a') + 10
	case d >= 'A' && d <= 'F':
		return rune(d-'A') + 10
	}
	return -1
}

// isXMLChar is the production Char of XML 1.0 §2.2.
func isXMLChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

// normaliseLines appends text with CR LF and lone CR turned into LF.
func normaliseLines(out, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '\r')
		if i < 0 {
			return append(out, text...)
		}
		out = append(append(out, text[:i]...), '\n')
		text = text[i+1:]
		if len(text) > 0 && text[0] == '\n' {
			text = text[1:]
		}
	}
}
