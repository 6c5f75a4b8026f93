package areatext

import (
	"strconv"
	"strings"
)

// axis is what an angle measures.
type axis int

const (
	unknown axis = iota
	latitude
	longitude
)

// kind is what a token is.
type kind int

const (
	aNumber kind = iota
	// aSide is a letter or word that says which axis and which half: N, 北纬, lat.
	aSide
	// aMark stands behind degrees, minutes or seconds; value says which, 0 to 2.
	aMark
	aComma
)

// token is a piece of a bare list.
type token struct {
	kind  kind
	line  int
	value float64
	text  string // of a number
	axis  axis
	sign  float64
}

// fold writes wide digits, signs and quotes as ASCII has them, whatever keyboard or page they come from.
func fold(text string) string {
	return strings.Map(func(c rune) rune {
		switch c {
		case '，', '、', '；', '|':
			return ','
		case '　', '\u00a0', '\t', '\u202f', '\u2009':
			return ' '
		case '−', '–', '—':
			return '-'
		case '′', '’', '‘', '´', '`', '分':
			return '\''
		case '″', '”', '“', '秒':
			return '"'
		case 'º', '˚', '度':
			return '°'
		case '緯':
			return '纬'
		case '經':
			return '经'
		case '東':
			return '东'
		case '。':
			return '.'
		case '\ufeff', '\u200b', '\u200e', '\u200f':
			return -1
		}
		if c >= '！' && c <= '～' { // the wide forms of ASCII
			return c - '！' + '!'
		}
		return c
	}, text)
}

// side are the words for an axis and its half.
type side struct {
	word string
	axis axis
	sign float64
}

// sides are in an order in which no word hides a longer one. A word without a half leaves the sign to the number: sign 0.
func sides() []side {
	return []side{
		{"北纬", latitude, 1}, {"南纬", latitude, -1}, {"东经", longitude, 1}, {"西经", longitude, -1},
		{"纬度", latitude, 0}, {"经度", longitude, 0}, {"北", latitude, 1}, {"南", latitude, -1}, {"东", longitude, 1}, {"西", longitude, -1},
		{"latitude", latitude, 0}, {"longitude", longitude, 0}, {"lat", latitude, 0}, {"long", longitude, 0}, {"lng", longitude, 0}, {"lon", longitude, 0},
		{"north", latitude, 1}, {"south", latitude, -1}, {"east", longitude, 1}, {"west", longitude, -1},
		{"n", latitude, 1}, {"s", latitude, -1}, {"e", longitude, 1}, {"w", longitude, -1},
	}
}

// tokens cuts a bare list into pieces; ok is false, and a fault noted, where there is something else.
func (r *reader) tokens(text string, line int) (out []token, ok bool) {
	all := sides()
	// 纬度 is a word of its own, so marks are folded behind it.
	rest := fold(strings.NewReplacer("纬度", "lat ", "緯度", "lat ", "经度", "lon ", "經度", "lon ").Replace(text))
	touching := false // a number ends here: what follows is none without something between
	for rest != "" {
		c := rest[0]
		switch {
		case c == '\n':
			line++
			rest = rest[1:]
		case strings.IndexByte(" ():=", c) >= 0:
			rest = rest[1:]
		case c == ',' || c == ';':
			out = append(out, token{kind: aComma, line: line})
			rest = rest[1:]
		case strings.HasPrefix(rest, "''"):
			out = append(out, token{kind: aMark, line: line, value: 2})
			rest = rest[2:]
		case c == '\'':
			out = append(out, token{kind: aMark, line: line, value: 1})
			rest = rest[1:]
		case c == '"':
			out = append(out, token{kind: aMark, line: line, value: 2})
			rest = rest[1:]
		case strings.HasPrefix(rest, "°"):
			out = append(out, token{kind: aMark, line: line})
			rest = rest[len("°"):]
		case numberStart(c):
			n := numberLength(rest)
			v, ok := number(rest[:n])
			if !ok || touching {
				return nil, r.notUnderstood(line, rest)
			}
			out = append(out, token{kind: aNumber, line: line, value: v, text: rest[:n]})
			rest = rest[n:]
			touching = true
			continue
		default:
			s, n := sideOf(rest, all)
			if n == 0 {
				return nil, r.notUnderstood(line, rest)
			}
			out = append(out, token{kind: aSide, line: line, axis: s.axis, sign: s.sign})
			rest = rest[n:]
		}
		touching = false
	}
	return out, true
}

// notUnderstood notes a fault, and is false.
func (r *reader) notUnderstood(line int, rest string) bool {
	word := strings.FieldsFunc(rest, func(c rune) bool { return c == ' ' || c == '\n' || c == ',' || c == ';' })
	if len(word) == 0 {
		word = []string{rest}
	}
	r.fault(line, words{"%q is not understood: begin the line with polygon, circle or unit, or paste WKT, GeoJSON or coordinates with latitude first",
		"无法识别 %q：请以 polygon、circle 或 unit 开头，或粘贴 WKT、GeoJSON 或纬度在前的坐标"}, shortened(word[0]))
	return false
}

// sideOf finds the side that a text begins with, and its length; a longer word that only begins so is none.
func sideOf(text string, all []side) (side, int) {
	for _, s := range all {
		if rest, ok := cutWord(text, s.word); ok {
			return s, len(text) - len(rest)
		}
	}
	return side{}, 0
}

func numberStart(c byte) bool { return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' }

func numberLength(text string) int {
	n := 1
	for n < len(text) && (text[n] >= '0' && text[n] <= '9' || text[n] == '.') {
		n++
	}
	return n
}

// number reads a decimal: a sign, digits, a point; no exponent, no infinity.
func number(text string) (float64, bool) {
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 || digits == "" || strings.Trim(digits, "0123456789.") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}
