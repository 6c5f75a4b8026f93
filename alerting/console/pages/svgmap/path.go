package svgmap

import (
	"math"
	"strconv"
)

// dot is a place of the drawing in whole units.
type dot struct{ x, y int }

// appendPath adds a closed line to the data of a path, in whole units and relative steps, which are short. What has no two
// different sides is left out.
func appendPath(out []byte, line []spot) []byte {
	dots := make([]dot, 0, len(line))
	for _, p := range line {
		d := dot{int(math.Round(p.x)), int(math.Round(p.y))}
		if len(dots) == 0 || d != dots[len(dots)-1] {
			dots = append(dots, d)
		}
	}
	for len(dots) > 1 && dots[0] == dots[len(dots)-1] {
		dots = dots[:len(dots)-1]
	}
	if len(dots) < 3 {
		return out
	}
	out = appendPair(append(out, 'M'), dots[0].x, dots[0].y)
	for i, d := range dots[1:] {
		if i == 0 {
			out = append(out, 'l')
		} else if d.x >= dots[i].x {
			out = append(out, ' ')
		}
		out = appendPair(out, d.x-dots[i].x, d.y-dots[i].y)
	}
	return append(out, 'z')
}

// appendPair adds two numbers; a minus parts them as well as a blank does.
func appendPair(out []byte, x, y int) []byte {
	out = strconv.AppendInt(out, int64(x), 10)
	if y >= 0 {
		out = append(out, ' ')
	}
	return strconv.AppendInt(out, int64(y), 10)
}

// withinBudget simplifies lines with more and more tolerance until what is drawn of them is short enough. Each step goes on from the
// lines of the one before, so that many corners cost once.
func withinBudget(budget int, tolerance float64, lines [][]spot, draw func(tolerance float64) []byte) []byte {
	for {
		for i := range lines {
			lines[i] = simplified(lines[i], tolerance)
		}
		out := draw(tolerance)
		if len(out) <= budget || tolerance > width {
			return out
		}
		tolerance *= 1.5
	}
}

// appendPaths adds closed lines to the data of a path.
func appendPaths(out []byte, lines [][]spot) []byte {
	for _, line := range lines {
		out = appendPath(out, line)
	}
	return out
}
