package areatext

import "math"

// angle is a latitude or longitude in degrees.
type angle struct {
	value float64
	axis  axis
	line  int
}

// angles puts tokens together: with sides, one angle for each of them, whose numbers stand all behind it or all before it, as in
// the first; without, one for each mark of degrees.
func (r *reader) angles(all []token, sided bool) (out []angle, ok bool) {
	for _, group := range grouped(all, sided) {
		a, ok := r.angleOf(group, sided)
		if !ok {
			return nil, false
		}
		out = append(out, a)
	}
	if len(out) == 0 {
		r.fault(all[0].line, words{"there are no coordinates here: write a number before each mark of degrees", "这里没有坐标：请在度数符号前写数字"})
		return nil, false
	}
	return out, true
}

// grouped cuts tokens into groups, one for an angle; commas between groups are left out.
func grouped(all []token, sided bool) (out [][]token) {
	for len(all) > 0 && all[0].kind == aComma {
		all = all[1:]
	}
	before := len(all) > 0 && all[0].kind == aSide
	var group []token
	end := func() {
		for len(group) > 0 && group[len(group)-1].kind == aComma {
			group = group[:len(group)-1]
		}
		if len(group) > 0 {
			out = append(out, group)
		}
		group = nil
	}
	for i, t := range all {
		degrees := t.kind == aNumber && i+1 < len(all) && all[i+1].kind == aMark && all[i+1].value == 0
		if sided && before && t.kind == aSide || !sided && degrees {
			end()
		}
		if t.kind == aComma && len(group) == 0 {
			continue
		}
		group = append(group, t)
		if sided && !before && t.kind == aSide {
			end()
		}
	}
	end()
	return out
}

// angleOf reads a group: up to three numbers (degrees, minutes, seconds), of which only the last has decimals.
func (r *reader) angleOf(group []token, sided bool) (angle, bool) {
	a := angle{line: group[0].line}
	var parts []token
	sign, have := 0.0, false
	for i, t := range group {
		switch {
		case t.kind == aNumber && len(parts) < 3:
			parts = append(parts, t)
		case t.kind == aMark && i > 0 && group[i-1].kind == aNumber && int(t.value) == len(parts)-1:
		case t.kind == aSide && !have:
			a.axis, sign, have = t.axis, t.sign, true
		default:
			return a, r.noAngle(t.line)
		}
	}
	if len(parts) == 0 || sided != have {
		return a, r.noAngle(a.line)
	}
	negative := parts[0].text[0] == '-'
	for i, p := range parts {
		whole := p.value == math.Trunc(p.value)
		if i > 0 && (p.value < 0 || p.value >= 60) || i < len(parts)-1 && !whole || negative && sign != 0 {
			return a, r.noAngle(p.line)
		}
		a.value += math.Abs(p.value) / [...]float64{1, 60, 3600}[i]
	}
	if negative || sign < 0 {
		a.value = -a.value
	}
	return a, true
}

// noAngle notes a fault, and is false.
func (r *reader) noAngle(line int) bool {
	r.fault(line, words{`the coordinates cannot be told apart: write each as 31°12'30"N 121°28'00"E, or as decimals like 31.2083,121.4667; minutes and seconds are below 60`,
		`坐标无法辨认：请写成 北纬31°12'30" 东经121°28'00"，或写成小数如 31.2083,121.4667；分和秒应小于 60`})
	return false
}
