package svgmap

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"html/template"
	"maps"
	"math"
	"slices"
	"strconv"

	"tocsin/cap"
)

// MaxBytes bounds a drawing, texts apart.
const MaxBytes = 16 << 10

// How much of it each part may take.
const (
	landBudget  = 6 << 10
	unitBudget  = 3 << 10
	alertBudget = 5 << 10
	sirenBudget = 2 << 10
)

// How far, in units of the drawing, an outline may lie beside its true place where there is room.
const (
	landTolerance  = 0.7
	shapeTolerance = 0.3
	// islet is how many tolerances wide land must be to be drawn: small islands go before large coasts become coarse.
	islet = 4
)

// drawing is a picture on its way: all rings lie where the frame is.
type drawing struct {
	picture *Picture
	frame   frame
	alerts  [][]ring
	units   []ring
	out     bytes.Buffer
}

// Draw draws a picture. What it gives is safe in a page.
func Draw(p *Picture) template.HTML {
	d := &drawing{picture: p}
	d.place()
	id := p.ID
	if id == "" {
		id = "map"
	}
	id = html.EscapeString(id)
	d.add(`<svg xmlns="http://www.w3.org/2000/svg" class="map-drawing" viewBox="0 0 %d %d" role="img" aria-labelledby="%s-title" aria-describedby="%[3]s-desc">`, width, height, id)
	d.add(`<title id="%s-title">%s</title><desc id="%[1]s-desc">%[3]s</desc>`, id, html.EscapeString(p.Title), html.EscapeString(p.Description))
	d.add(`<path class="map-sea" fill="#cfe0ea" d="M0 0h%dv%dH0z"/>`, width, height)
	land := d.frame.lines(landFor(d.frame))
	d.path(`class="map-land" fill="#f6f4ec" fill-rule="evenodd"`, withinBudget(landBudget, landTolerance, land, func(tolerance float64) []byte {
		land = slices.DeleteFunc(land, func(line []spot) bool { return extent(line) < islet*islet*tolerance*tolerance })
		return appendPaths(nil, land)
	}))
	units := d.frame.lines(d.units)
	d.path(`class="map-unit" fill="none" stroke="#6b6b6b" stroke-width="1.5" stroke-linejoin="round"`, withinBudget(unitBudget, shapeTolerance, units, func(float64) []byte {
		return appendPaths(nil, units)
	}))
	d.drawAlerts()
	d.out.Write(withinBudget(sirenBudget, 3, nil, d.sirenPaths))
	d.labels()
	d.scale()
	d.north()
	d.add(`</svg>`)
	return template.HTML(d.out.String()) //nolint:gosec // all texts in it are escaped
}

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(&d.out, format, args...) }

// path adds a path where there is one.
func (d *drawing) path(attributes string, data []byte) {
	if len(data) > 0 {
		d.add(`<path %s d="%s"/>`, attributes, data)
	}
}

// place fits the frame to what is shown, and moves everything there.
func (d *drawing) place() {
	var fitted []ring
	for i := range d.picture.Alerts {
		var own []ring
		for _, shape := range d.picture.Alerts[i].shapes() {
			own = append(own, ringsOf(shape)...)
		}
		d.alerts = append(d.alerts, own)
		fitted = append(fitted, own...)
	}
	points := make([]cap.Point, 0, len(d.picture.Sirens))
	for _, s := range d.picture.Sirens {
		points = append(points, s.At)
	}
	for _, u := range d.picture.Units {
		for _, outline := range u.Polygons {
			d.units = append(d.units, ringsOf(outline)...)
		}
	}
	if len(d.picture.Alerts)+len(d.picture.Sirens) == 0 {
		fitted = append(fitted, d.units...)
	}
	d.frame = fit(fitted, points)
	for _, group := range append(d.alerts, d.units) {
		for i := range group {
			group[i] = d.frame.near(group[i])
		}
	}
}

// drawAlerts draws the alerts, milder ones first, one path for all of a class. Parts that lie on each other are one area: filling is
// by non-zero, and all turn the same way.
func (d *drawing) drawAlerts() {
	var lines [][]spot
	owner := []int{} // of each line
	for i, own := range d.alerts {
		for _, line := range d.frame.lines(own) {
			lines, owner = append(lines, turned(line)), append(owner, i)
		}
	}
	d.out.Write(withinBudget(alertBudget, shapeTolerance, lines, func(tolerance float64) []byte {
		return d.alertPaths(lines, owner, tolerance)
	}))
}

func (d *drawing) alertPaths(lines [][]spot, owner []int, tolerance float64) (out []byte) {
	data, looks := map[string][]byte{}, map[string]*Alert{}
	small, drawn := map[dot]bool{}, make([]bool, len(d.alerts))
	for k, line := range lines {
		a := &d.picture.Alerts[owner[k]]
		class := a.class()
		looks[class] = a
		before := len(data[class])
		data[class] = appendPath(data[class], line)
		drawn[owner[k]] = drawn[owner[k]] || len(data[class]) > before
	}
	for i, own := range d.alerts {
		if class := d.picture.Alerts[i].class(); !drawn[i] && len(own) > 0 {
			data[class] = appendSmall(data[class], small, d.frame.spot(own[0][0]), tolerance)
		}
	}
	for _, class := range slices.SortedFunc(maps.Keys(data), func(a, b string) int {
		return cmp.Or(cmp.Compare(looks[a].Severity.Rank(), looks[b].Severity.Rank()), cmp.Compare(a, b))
	}) {
		if len(data[class]) > 0 {
			out = fmt.Appendf(out, `<path class="%s" %s d="%s"/>`, class, looks[class].look(), data[class])
		}
	}
	return out
}

// appendSmall adds a small square where an alert is too small to be drawn: what is warned of must be seen. Of those that lie nearer
// to each other than the tolerance one is drawn.
func appendSmall(out []byte, seen map[dot]bool, at spot, tolerance float64) []byte {
	apart := max(tolerance, 4)
	cell := dot{int(math.Floor(at.x / apart)), int(math.Floor(at.y / apart))}
	if seen[cell] {
		return out
	}
	seen[cell] = true
	return appendPath(out, []spot{{at.x - 4, at.y - 4}, {at.x + 4, at.y - 4}, {at.x + 4, at.y + 4}, {at.x - 4, at.y + 4}})
}

// turned lets a line go clockwise.
func turned(line []spot) []spot {
	if signed(line) >= 0 {
		return line
	}
	back := make([]spot, len(line))
	for i, p := range line {
		back[len(line)-1-i] = p
	}
	return back
}

// signed is the area within a line, negative where it goes counter-clockwise.
func signed(line []spot) (area float64) {
	for i, p := range line {
		q := line[(i+1)%len(line)]
		area += (p.x*q.y - q.x*p.y) / 2
	}
	return area
}

func extent(line []spot) float64 { return math.Abs(signed(line)) }

// look is how an alert is drawn where no style sheet says otherwise.
func (a *Alert) look() string {
	colour, thick := "#555", 3
	switch a.Severity {
	case cap.Extreme:
		colour, thick = "#7a0177", 6
	case cap.Severe:
		colour, thick = "#b3141c", 5
	case cap.Moderate:
		colour, thick = "#c05f00", 4
	case cap.Minor:
		colour = "#8a6d00"
	}
	look := fmt.Sprintf(`fill="%s" fill-opacity=".22" stroke="%[1]s" stroke-width="%d" stroke-linejoin="round"`, colour, thick)
	switch a.World {
	case "exercise":
		look += ` stroke-dasharray="18 9"`
	case "test":
		look += ` stroke-dasharray="3 9" stroke-linecap="round"`
	}
	return look
}

// maxLabels is how many labels a map can have that are read.
const maxLabels = 50

// halo parts letters from what lies below them.
const halo = `text-anchor="middle" stroke="#fff" stroke-width="5" paint-order="stroke"`

// labels writes the words upon the alerts, each in the middle of its largest part.
func (d *drawing) labels() {
	var out []byte
	for i := range d.picture.Alerts {
		text := d.picture.Alerts[i].Label
		if text == "" || len(d.alerts[i]) == 0 || i >= maxLabels {
			continue
		}
		var middle cap.Point
		largest := -1.0
		for _, r := range d.alerts[i] {
			if b := r.box(); (b.north-b.south)*(b.east-b.west) > largest {
				largest = (b.north - b.south) * (b.east - b.west)
				middle = cap.Point{Lat: (b.south + b.north) / 2, Lon: (b.west + b.east) / 2}
			}
		}
		at := d.frame.spot(middle)
		out = fmt.Appendf(out, `<text x="%d" y="%d">%s</text>`, int(math.Round(at.x)), int(math.Round(at.y))+9, html.EscapeString(text))
	}
	if len(out) > 0 {
		d.add(`<g class="map-label" %s font-size="26" font-weight="700">%s</g>`, halo, out)
	}
}

// scale adds a bar of a round length, right for the middle of the map; a map of half the world has none.
func (d *drawing) scale() {
	kmPerUnit := 2 * math.Pi * cap.EarthRadiusKM / 360 / d.frame.perLat
	if width/d.frame.perLon > 90 {
		return
	}
	km := math.Pow(10, math.Floor(math.Log10(250*kmPerUnit)))
	for _, step := range []float64{5, 2} {
		if km*step <= 250*kmPerUnit {
			km *= step
			break
		}
	}
	text := strconv.FormatFloat(km, 'f', -1, 64) + " km"
	if km < 1 {
		text = strconv.FormatFloat(km*1000, 'f', 0, 64) + " m"
	}
	long := int(math.Round(km / kmPerUnit))
	d.add(`<g class="map-scale" aria-hidden="true"><path fill="none" stroke="#222" stroke-width="3" d="M24 %dv12h%dv-12"/><text x="%d" y="%d" %s font-size="22">%s</text></g>`,
		height-36, long, 24+long/2, height-40, halo, text)
}

// north adds an arrow.
func (d *drawing) north() {
	letter := d.picture.North
	if letter == "" {
		letter = "N"
	}
	d.add(`<g class="map-north" aria-hidden="true"><path fill="#222" d="M%d 14l12 34-12-8-12 8z"/><text x="%[1]d" y="72" %s font-size="22">%s</text></g>`,
		width-30, halo, html.EscapeString(letter))
}
