package svgmap

import (
	"math"
	"slices"

	"tocsin/cap"
)

// The size of a drawing in its own units. Whole units are fine enough: a page shows it at most as wide in pixels.
const (
	width  = 1000
	height = 600
	// margin is how much wider than its contents a map is, on each side.
	margin = 0.12
	// minSpan is the least height of a map in degrees, about two kilometres.
	minSpan = 0.02
)

// frame is which part of the Earth is drawn, and how.
type frame struct {
	centre cap.Point
	// perLat and perLon are units of the drawing for a degree.
	perLat, perLon float64
}

// fit makes a frame for some rings and points.
func fit(rings []ring, points []cap.Point) frame {
	boxes := make([]box, 0, len(rings)+len(points))
	for _, r := range rings {
		boxes = append(boxes, r.box())
	}
	for _, p := range points {
		boxes = append(boxes, box{p.Lat, p.Lon, p.Lat, p.Lon})
	}
	if len(boxes) == 0 {
		boxes = append(boxes, box{-90, -180, 90, 180})
	}
	west, span := narrowest(boxes)
	south, north := math.Inf(1), math.Inf(-1)
	for _, b := range boxes {
		south, north = min(south, b.south), max(north, b.north)
	}
	f := frame{centre: cap.Point{Lat: (south + north) / 2, Lon: west + span/2}}
	squeeze := max(math.Cos(f.centre.Lat*math.Pi/180), 0.05)
	tall := max((north-south)*(1+2*margin), minSpan)
	wide := max(span*squeeze*(1+2*margin), minSpan)
	if span >= 360 {
		tall, wide = north-south, 360*squeeze // the whole world needs no margin
	}
	f.perLat = min(height/tall, width/wide)
	// A map of a pole would show the Earth more than once: it is stretched instead.
	f.perLon = max(f.perLat*squeeze, width/360.)
	return f
}

// narrowest is the shortest stretch of longitude that holds all boxes: where it begins, and its length of at most 360.
func narrowest(boxes []box) (west, span float64) {
	type stretch struct{ from, to float64 }
	all := make([]stretch, 0, len(boxes))
	for _, b := range boxes {
		if b.east-b.west >= 360 {
			return -180, 360
		}
		from := math.Mod(b.west+720, 360)
		all = append(all, stretch{from, from + b.east - b.west})
	}
	slices.SortFunc(all, func(a, b stretch) int {
		if a.from < b.from {
			return -1
		}
		if a.from > b.from {
			return 1
		}
		return 0
	})
	// The widest gap between two stretches, one after the other, lies outside. What reaches over the end of the turn covers its beginning.
	end := all[0].to
	for _, s := range all {
		end = max(end, s.to)
	}
	reach, gap, begin := max(all[0].to, end-360), -1.0, 0.0
	for _, s := range all[1:] {
		if s.from-reach > gap {
			gap, begin = s.from-reach, s.from
		}
		reach = max(reach, s.to)
	}
	if last := all[0].from + 360 - end; last > gap {
		gap, begin = last, all[0].from
	}
	if gap < 0.5 { // around the Earth, or nearly: the antimeridian is as good a border as any
		return -180, 360
	}
	if begin > 180 {
		begin -= 360
	}
	return begin, 360 - gap
}

// box is what the frame shows, and a little around it, so that no line along its border is seen.
func (f frame) box() box {
	const around = 8 // units
	lat, lon := (height/2+around)/f.perLat, (width/2+around)/f.perLon
	return box{f.centre.Lat - lat, f.centre.Lon - lon, f.centre.Lat + lat, f.centre.Lon + lon}
}

// spot is where a place is drawn.
func (f frame) spot(p cap.Point) spot {
	return spot{width/2 + (p.Lon-f.centre.Lon)*f.perLon, height/2 - (p.Lat-f.centre.Lat)*f.perLat}
}

// near moves a ring by whole turns to where the frame is.
func (f frame) near(r ring) ring {
	b := r.box()
	return r.moved(360 * math.Round((f.centre.Lon-(b.west+b.east)/2)/360))
}

func (f frame) nearPoint(p cap.Point) cap.Point {
	p.Lon += 360 * math.Round((f.centre.Lon-p.Lon)/360)
	return p
}

// drawn are the spots of a ring within the frame; none where nothing of it is seen. Spots that nobody could tell apart are one.
func (f frame) drawn(r ring) []spot {
	r = r.clipped(f.box())
	line := make([]spot, 0, len(r))
	for _, p := range r {
		at := f.spot(p)
		if n := len(line); n == 0 || apart(line[n-1], at) > shapeTolerance*shapeTolerance/4 {
			line = append(line, at)
		}
	}
	return line
}

// seen are rings where the frame shows them: once, or on both sides of a map of the whole Earth.
func (f frame) seen(rings []ring) (out []ring) {
	shown := f.box()
	for _, r := range rings {
		b := r.box()
		for _, turn := range [...]float64{-360, 0, 360} {
			if at := (box{b.south, b.west + turn, b.north, b.east + turn}); at.meets(shown) {
				out = append(out, r.moved(turn))
			}
		}
	}
	return out
}

// lines are those of some rings that are seen.
func (f frame) lines(rings []ring) (out [][]spot) {
	for _, r := range f.seen(rings) {
		out = append(out, f.drawn(r))
	}
	return out
}
