package areatext

import (
	"strconv"
	"strings"
)

// maxDepth bounds how deep collections lie in each other.
const maxDepth = 8

// wkt reads one geometry of well-known text (OGC 06-103r4 §7), longitude first.
func (r *reader) wkt() {
	s := wktScanner{text: r.text[r.at:], line: r.line}
	ok := r.wktCRS(&s) && r.wktGeometry(&s, 0)
	r.advance(len(r.text) - len(s.text))
	if !ok {
		r.over = true // nobody can tell where the next part begins
		return
	}
	// What people paste may end with a semicolon.
	if rest := strings.TrimLeft(r.text[r.at:], " \t"); strings.HasPrefix(rest, ";") {
		r.advance(len(r.text) - len(rest) + 1)
	}
}

// wktScanner goes through the text token by token: words, numbers, brackets, commas.
type wktScanner struct {
	text string // what is left
	line int
}

func (s *wktScanner) skip() {
	rest := strings.TrimLeft(s.text, blanks)
	s.line += strings.Count(s.text[:len(s.text)-len(rest)], "\n")
	s.text = rest
}

// take cuts a sign off the front.
func (s *wktScanner) take(c byte) bool {
	s.skip()
	if s.text == "" || s.text[0] != c {
		return false
	}
	s.text = s.text[1:]
	return true
}

// word cuts off letters, in capitals.
func (s *wktScanner) word() string {
	s.skip()
	n := 0
	for n < len(s.text) && (s.text[n]|0x20 >= 'a' && s.text[n]|0x20 <= 'z') {
		n++
	}
	word := strings.ToUpper(s.text[:n])
	s.text = s.text[n:]
	return word
}

// number cuts off a number, which may have an exponent.
func (s *wktScanner) number() (float64, bool) {
	s.skip()
	n := 0
	for n < len(s.text) && strings.IndexByte("0123456789+-.eE", s.text[n]) >= 0 {
		n++
	}
	v, err := strconv.ParseFloat(s.text[:n], 64)
	if err == nil {
		s.text = s.text[n:]
	}
	return v, err == nil
}

// broken notes that a text ends or goes on otherwise than it should, and is false.
func (r *reader) broken(s *wktScanner, want string) bool {
	s.skip()
	r.fault(s.line, words{"the WKT is broken at %q: want %s; paste the whole text, like POLYGON ((121.4 31.2, 121.5 31.2, 121.5 31.3, 121.4 31.2))",
		"WKT 在 %q 处不完整：此处应为 %s；请粘贴完整文字，例如 POLYGON ((121.4 31.2, 121.5 31.2, 121.5 31.3, 121.4 31.2))"}, shortened(s.text), want)
	return false
}

// wktCRS reads "SRID=4326;" where it stands, and refuses other systems.
func (r *reader) wktCRS(s *wktScanner) bool {
	rest, ok := cutWord(s.text, "srid")
	if !ok {
		return true
	}
	system, rest, ok := strings.Cut(strings.TrimLeft(rest, " ="), ";")
	if !ok {
		return r.broken(s, "SRID=4326;")
	}
	if system = strings.TrimSpace(system); system != "4326" {
		r.fault(s.line, words{"the WKT has the reference system %q: convert it to WGS 84 (4326) first", "WKT 的坐标系是 %q：请先转换为 WGS 84（4326）"}, shortened(system))
		return false
	}
	s.text = rest
	return true
}

func (r *reader) wktGeometry(s *wktScanner, depth int) bool {
	s.skip()
	line := s.line
	name := s.word()
	if dimension := name; dimension != "POLYGON" && dimension != "MULTIPOLYGON" && dimension != "GEOMETRYCOLLECTION" {
		name = strings.TrimSuffix(strings.TrimSuffix(name, "M"), "Z") // POLYGONZ
	}
	if name != "POLYGON" && name != "MULTIPOLYGON" && name != "GEOMETRYCOLLECTION" || depth > maxDepth {
		r.fault(line, words{"the WKT is a %q: only POLYGON and MULTIPOLYGON are areas; for a place write circle LAT,LON KM",
			"WKT 类型是 %q：只有 POLYGON 和 MULTIPOLYGON 是区域；地点请写 circle 纬度,经度 公里"}, shortened(name))
		return false
	}
	switch word := s.word(); word {
	case "", "Z", "M", "ZM":
	case "EMPTY":
		r.fault(line, words{"the WKT is empty: paste one with corners", "WKT 为空：请粘贴带有角点的文字"})
		return false
	default:
		return r.broken(s, "(")
	}
	if len(r.faults) >= maxFaults {
		return false
	}
	switch name {
	case "POLYGON":
		return r.wktPolygon(s)
	case "MULTIPOLYGON":
		return r.wktList(s, func() bool { return r.wktPolygon(s) })
	}
	return r.wktList(s, func() bool { return r.wktGeometry(s, depth+1) })
}

// wktList reads what stands in brackets, with commas between.
func (r *reader) wktList(s *wktScanner, one func() bool) bool {
	if !s.take('(') {
		return r.broken(s, "(")
	}
	for {
		if !one() {
			return false
		}
		if !s.take(',') {
			break
		}
	}
	return s.take(')') || r.broken(s, ", or )")
}

// wktPolygon reads rings: the first is around it, others are holes.
func (r *reader) wktPolygon(s *wktScanner) bool {
	s.skip()
	line, rings := s.line, 0
	var outer []position
	if !r.wktList(s, func() bool {
		ring, ok := r.wktRing(s)
		if rings++; rings == 1 {
			outer = ring
		}
		return ok
	}) {
		return false
	}
	if rings > 1 {
		r.hole(line)
		return true
	}
	r.addRing(line, outer)
	return !r.over
}

func (r *reader) wktRing(s *wktScanner) (ring []position, ok bool) {
	ok = r.wktList(s, func() bool {
		s.skip()
		p := position{line: s.line}
		var found bool
		if p.Lon, found = s.number(); !found {
			return r.broken(s, "longitude latitude")
		}
		if p.Lat, found = s.number(); !found {
			return r.broken(s, "latitude")
		}
		for range 2 { // height and measure do not count
			if _, more := s.number(); !more {
				break
			}
		}
		ring = append(ring, p)
		return len(ring) <= MaxPoints || r.room(p.line, len(ring))
	})
	return ring, ok
}
