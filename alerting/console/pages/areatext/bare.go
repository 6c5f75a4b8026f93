package areatext

import (
	"math"
	"strings"
)

// bareList reads coordinates up to an empty line or one that begins something else, as one polygon.
func (r *reader) bareList() {
	start, end := r.at, r.at
	for end < len(r.text) {
		next := strings.IndexByte(r.text[end:], '\n')
		if next < 0 {
			end = len(r.text)
			break
		}
		end += next
		line := strings.TrimLeft(r.text[end+1:], " \t　")
		if kind, _ := kindOf(line); line == "" || line[0] == '\n' || kind != "" {
			break
		}
		end++
	}
	line := r.line
	if corners, ok := r.positions(r.text[start:end], line); ok {
		r.addRing(line, r.turned(corners))
	}
	r.advance(end)
}

// turned exchanges latitude and longitude where all positions can only be meant so.
func (r *reader) turned(corners []position) []position {
	for _, p := range corners {
		if math.Abs(p.Lat) <= 90 || math.Abs(p.Lat) > 180 || math.Abs(p.Lon) > 90 {
			return corners
		}
	}
	for i := range corners {
		corners[i].Lat, corners[i].Lon = corners[i].Lon, corners[i].Lat
	}
	return corners
}

// positions reads a bare list. ok is false, and a fault noted, where it is none.
func (r *reader) positions(text string, line int) (out []position, ok bool) {
	all, ok := r.tokens(text, line)
	if !ok {
		return nil, false
	}
	sided, marked := false, false
	for _, t := range all {
		sided, marked = sided || t.kind == aSide, marked || t.kind == aMark
	}
	if !sided && !marked {
		return r.plain(all)
	}
	angles, ok := r.angles(all, sided)
	if !ok {
		return nil, false
	}
	return r.paired(angles)
}

// plain pairs bare decimals: each line has whole pairs, or each has one number.
func (r *reader) plain(all []token) (out []position, ok bool) {
	perLine, single := map[int]int{}, true
	var numbers []token
	for _, t := range all {
		if t.kind == aNumber {
			numbers = append(numbers, t)
			perLine[t.line]++
		}
	}
	for _, n := range perLine {
		single = single && n == 1
	}
	for i, t := range numbers {
		if n := perLine[t.line]; n%2 != 0 && (!single || len(numbers)%2 != 0 || len(perLine) == 1) {
			r.fault(t.line, words{"the line has %d numbers: write pairs of latitude and longitude, with a point in decimals and nothing else",
				"该行有 %d 个数字：请成对填写纬度和经度，小数用点号，不要有其他数字"}, n)
			return nil, false
		}
		if i%2 == 1 {
			p := position{line: numbers[i-1].line}
			p.Lat, p.Lon = numbers[i-1].value, t.value
			out = append(out, p)
		}
	}
	if len(out) == 0 && len(all) > 0 {
		return nil, r.notUnderstood(all[0].line, ",")
	}
	return out, true
}

// paired pairs angles: where their axes are known, one of each; otherwise latitude first.
func (r *reader) paired(angles []angle) (out []position, ok bool) {
	if len(angles)%2 != 0 {
		r.fault(angles[len(angles)-1].line, words{"a latitude or longitude is missing: write both for each corner", "缺少纬度或经度：每个角点都要写两者"})
		return nil, false
	}
	for i := 0; i < len(angles); i += 2 {
		a, b := angles[i], angles[i+1]
		if a.axis == longitude {
			a, b = b, a
		}
		if a.axis != unknown && (a.axis != latitude || b.axis != longitude) {
			r.fault(b.line, words{"two latitudes or two longitudes follow each other: write one of each for every corner", "连续出现两个纬度或两个经度：每个角点请各写一个"})
			return nil, false
		}
		p := position{line: angles[i].line}
		p.Lat, p.Lon = a.value, b.value
		out = append(out, p)
	}
	return out, true
}
