package areatext

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"tocsin/cap"
)

// The bounds of a text. An alert of 256 KiB, which is what package cap takes, holds less.
const (
	// MaxBytes is its size.
	MaxBytes = 1 << 20
	// MaxPoints is how many corners all polygons have together.
	MaxPoints = 20_000
	// MaxShapes is how many polygons, circles and units it has together.
	MaxShapes = 2000
)

// Read reads the area of a text: polygons, circles and geocodes, in the order of the lines. An empty text is an empty area. The
// area may be used only when there are no faults.
func Read(text string) (cap.Area, []Fault) {
	r := &reader{text: strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), line: 1}
	switch {
	case len(text) > MaxBytes:
		r.fault(1, words{"the area has %d bytes; at most %d are read: simplify the outlines, ten metres are fine enough",
			"区域文字有 %d 字节，最多读取 %d 字节：请简化边界，十米的精度足够"}, len(text), MaxBytes)
	case !utf8.ValidString(text):
		r.fault(1, words{"the text is not UTF-8: save the file as UTF-8 and paste it again",
			"文字不是 UTF-8 编码：请将文件另存为 UTF-8 后重新粘贴"})
	default:
		for !r.over && r.skipBlank() {
			r.part()
		}
	}
	return r.area, r.faults
}

// reader goes through a text part by part.
type reader struct {
	text string
	// at is where it stands, in bytes, and line the number of that line.
	at, line int
	area     cap.Area
	points   int
	shapes   int
	faults   []Fault
	// feature is the number of the feature of GeoJSON that is read, 0 outside.
	feature int
	// over ends the reading: there is too much of something, or it cannot be told where the next part begins.
	over bool
}

func (r *reader) fault(line int, w words, args ...any) {
	f := w.fault(line, args...)
	if r.feature > 0 {
		f.English, f.Chinese = fmt.Sprintf("feature %d: %s", r.feature, f.English), fmt.Sprintf("要素 %d：%s", r.feature, f.Chinese)
	}
	r.faults = append(r.faults, f)
	r.over = r.over || len(r.faults) == maxFaults
}

// advance goes on to a position and counts the lines.
func (r *reader) advance(to int) {
	r.line += strings.Count(r.text[r.at:to], "\n")
	r.at = to
}

// skipBlank goes to what comes next, and reports whether there is anything.
func (r *reader) skipBlank() bool {
	rest := strings.TrimLeft(r.text[r.at:], blanks)
	r.advance(len(r.text) - len(rest))
	return rest != ""
}

// blanks are spaces, also the wide one, line ends, and the mark that some editors put first.
const blanks = " \t\n\v\f\u00a0\u3000\ufeff"

// part reads what begins here: a line of ours, WKT, GeoJSON, or a bare list.
func (r *reader) part() {
	line, _, _ := strings.Cut(r.text[r.at:], "\n")
	switch kind, rest := kindOf(r.text[r.at:]); kind {
	case "polygon":
		r.polygonLine(rest)
		r.advance(r.at + len(line))
	case "circle":
		r.circleLine(rest)
		r.advance(r.at + len(line))
	case "unit":
		r.unitLine(rest)
		r.advance(r.at + len(line))
	case "wkt":
		r.wkt()
	case "json":
		r.geoJSON()
	default:
		r.bareList()
	}
}

// kindOf tells what a text begins with: polygon, circle, unit (and what follows the word in its line), wkt, json, or nothing of
// these.
func kindOf(text string) (kind, rest string) {
	line, _, _ := strings.Cut(text, "\n")
	if strings.HasPrefix(line, "{") || strings.HasPrefix(line, "[") {
		return "json", ""
	}
	for _, one := range []struct{ word, kind string }{
		{"polygon", "polygon"}, {"circle", "circle"}, {"unit", "unit"}, {"多边形", "polygon"}, {"圆形", "circle"}, {"圆", "circle"}, {"单元", "unit"},
	} {
		rest, ok := cutWord(line, one.word)
		if !ok {
			continue
		}
		if one.word == "polygon" && opensWKT(text[len(one.word):]) {
			return "wkt", ""
		}
		return one.kind, strings.TrimLeft(rest, blanks+":：")
	}
	for _, word := range []string{"multipolygon", "geometrycollection", "point", "multipoint", "linestring", "multilinestring", "srid=", "triangle"} {
		if len(line) >= len(word) && strings.EqualFold(line[:len(word)], word) {
			return "wkt", ""
		}
	}
	return "", ""
}

// cutWord cuts a word off the front, whatever its case, where no letter follows it.
func cutWord(line, word string) (rest string, ok bool) {
	if len(line) < len(word) || !strings.EqualFold(line[:len(word)], word) {
		return "", false
	}
	rest = line[len(word):]
	if rest != "" && (rest[0]|0x20 >= 'a' && rest[0]|0x20 <= 'z') {
		return "", false
	}
	return rest, true
}

// opensWKT reports whether what follows the word POLYGON makes it WKT: two brackets, perhaps behind Z, M or ZM, or EMPTY.
func opensWKT(rest string) bool {
	rest = strings.TrimLeft(rest, blanks)
	for _, word := range []string{"zm", "z", "m", "empty"} {
		if _, ok := cutWord(rest, word); ok {
			return true
		}
	}
	inner, ok := strings.CutPrefix(rest, "(")
	return ok && strings.HasPrefix(strings.TrimLeft(inner, blanks), "(")
}
