package areatext

import (
	"strconv"
	"strings"

	"tocsin/cap"
)

// Write writes an area as lines: polygons, circles, units. Numbers are the shortest that read as the same again.
func Write(area cap.Area) string {
	var out []byte
	for _, ring := range area.Polygons {
		out = append(out, "polygon"...)
		for _, p := range ring {
			out = appendPoint(append(out, ' '), p)
		}
		out = append(out, '\n')
	}
	for _, c := range area.Circles {
		out = appendPoint(append(out, "circle "...), c.Center)
		out = append(appendNumber(append(out, ' '), c.RadiusKM), '\n')
	}
	for _, code := range area.Geocodes {
		out = append(out, "unit "+strings.Join(strings.Fields(code.Name), " ")+"="+strings.Join(strings.Fields(code.Value), " ")+"\n"...)
	}
	return string(out)
}

func appendPoint(out []byte, p cap.Point) []byte {
	return appendNumber(append(appendNumber(out, p.Lat), ','), p.Lon)
}

func appendNumber(out []byte, v float64) []byte { return strconv.AppendFloat(out, v, 'f', -1, 64) }
