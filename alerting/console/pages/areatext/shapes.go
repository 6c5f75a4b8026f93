package areatext

import (
	"math"
	"strings"

	"tocsin/cap"
)

// position is a corner, and the line that it stands in.
type position struct {
	cap.Point
	line int
}

// maxRadiusKM is a little more than half of any great circle of the Earth, as package cap has it.
const maxRadiusKM = 20040

// onEarth finds fault with a position that is none (CAP 1.2 §3.3.1: WGS 84, degrees). It is written so that NaN fails.
func (r *reader) onEarth(p position) bool {
	switch {
	case p.Lat >= -90 && p.Lat <= 90 && p.Lon >= -180 && p.Lon <= 180:
		return true
	case math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 360:
		r.fault(p.line, words{"the longitude %v (of %v,%[1]v) is not between -180 and 180: subtract or add 360",
			"%[2]v,%[1]v 的经度 %[1]v 不在 -180 到 180 之间：请减去或加上 360"}, p.Lon, p.Lat)
	case math.Abs(p.Lat) > 180 || math.Abs(p.Lon) > 180:
		r.fault(p.line, words{"%v,%v is not on the earth: coordinates are degrees of WGS 84; convert metres of a national grid, and write decimals with a point",
			"%v,%v 不在地球上：坐标应为 WGS 84 度数；请先转换投影坐标（米），小数用点号"}, p.Lat, p.Lon)
	default:
		r.fault(p.line, words{"the latitude %v (of %[1]v,%v) is not between -90 and 90: exchange latitude and longitude",
			"%[1]v,%[2]v 的纬度 %[1]v 不在 -90 到 90 之间：请将纬度和经度对调"}, p.Lat, p.Lon)
	}
	return false
}

// addRing adds a polygon, and closes it where it is open.
func (r *reader) addRing(line int, corners []position) {
	if !r.room(line, len(corners)) {
		return
	}
	ring := make(cap.Polygon, 0, len(corners)+1)
	for _, p := range corners {
		if !r.onEarth(p) {
			return
		}
		ring = append(ring, p.Point)
	}
	different := map[cap.Point]bool{}
	for _, p := range ring {
		different[p] = true
	}
	if len(different) < 3 {
		r.fault(line, words{"the polygon has %d different corners and needs at least 3: add corners without an empty line between them, or write a circle: circle LAT,LON KM",
			"多边形只有 %d 个不同的角点，至少需要 3 个：请补充角点（中间不要有空行），或改写为圆：circle 纬度,经度 公里"}, len(different))
		return
	}
	if ring[0] != ring[len(ring)-1] {
		ring = append(ring, ring[0])
	}
	if fault, _ := ring.Check(); fault != "" {
		r.fault(line, words{"%s", "多边形环绕地球不止一圈，无法使用：请检查经度%.0[1]s"}, fault)
		return
	}
	r.area.Polygons = append(r.area.Polygons, ring)
}

// room counts a shape with its corners, and ends the reading where there are too many.
func (r *reader) room(line, points int) bool {
	r.shapes++
	r.points += points
	switch {
	case r.shapes > MaxShapes:
		r.fault(line, words{"there are more than %d shapes: leave out the small ones, or name a unit that holds them",
			"图形超过 %d 个：请去掉较小的图形，或改用包含它们的行政单元"}, MaxShapes)
	case r.points > MaxPoints:
		r.fault(line, words{"the polygons have more than %d corners: simplify them, ten metres are fine enough",
			"多边形的角点超过 %d 个：请简化边界，十米的精度足够"}, MaxPoints)
	default:
		return true
	}
	r.over = true
	return false
}

// hole refuses a polygon with one, for CAP has none: it would warn those in the hole too.
func (r *reader) hole(line int) {
	r.fault(line, words{"the polygon has a hole, and a warning cannot have one (CAP 1.2 has no holes), so people in it would be warned too: remove the inner ring, or cut the area into polygons that leave the hole out",
		"多边形带有空洞，而 CAP 1.2 的预警不支持空洞，洞内的人也会收到预警：请删除内环，或把区域切成避开空洞的几个多边形"})
}

// polygonLine reads what follows "polygon".
func (r *reader) polygonLine(rest string) {
	if strings.TrimSpace(rest) == "" {
		r.fault(r.line, words{"the polygon has no corners: write polygon LAT,LON LAT,LON LAT,LON", "多边形没有角点：请写 polygon 纬度,经度 纬度,经度 纬度,经度"})
		return
	}
	if corners, ok := r.positions(rest, r.line); ok {
		r.addRing(r.line, corners)
	}
}

// circleLine reads what follows "circle": a place and a radius, in kilometres where no unit says otherwise.
func (r *reader) circleLine(rest string) {
	want := words{"%q is no circle: write circle LAT,LON KM, for example circle 31.23,121.47 5", "%q 不是圆：请写 circle 纬度,经度 公里，例如 circle 31.23,121.47 5"}
	text, scale := cutUnit(fold(rest))
	cut := strings.LastIndexAny(text, " \t,;")
	if cut < 0 {
		r.fault(r.line, want, shortened(rest))
		return
	}
	km, ok := number(text[cut+1:])
	if !ok {
		r.fault(r.line, words{"the radius %q is no number: write kilometres, for example circle 31.23,121.47 5", "半径 %q 不是数字：请写公里数，例如 circle 31.23,121.47 5"}, shortened(text[cut+1:]))
		return
	}
	at, ok := r.positions(strings.TrimRight(text[:cut], " \t,;"), r.line)
	switch {
	case !ok:
	case len(at) != 1:
		r.fault(r.line, want, shortened(rest))
	case km/scale < 0 || km/scale > maxRadiusKM:
		r.fault(r.line, words{"the radius %v is not between 0 and %d kilometres: write kilometres, or m behind metres", "半径 %v 不在 0 到 %d 公里之间：请写公里数，米数后请加“米”"}, km/scale, maxRadiusKM)
	case r.onEarth(at[0]) && r.room(r.line, 1):
		r.area.Circles = append(r.area.Circles, cap.Circle{Center: at[0].Point, RadiusKM: km / scale})
	}
}

// cutUnit cuts the unit of a radius off, and says how many of it a kilometre has.
func cutUnit(text string) (rest string, scale float64) {
	text = strings.TrimRight(text, blanks)
	for _, unit := range []struct {
		word  string
		scale float64
	}{{"km", 1}, {"公里", 1}, {"千米", 1}, {"米", 1000}, {"m", 1000}} {
		if n := len(text) - len(unit.word); n >= 0 && strings.EqualFold(text[n:], unit.word) {
			return strings.TrimRight(text[:n], blanks), unit.scale
		}
	}
	return text, 1
}

// maxCode bounds a unit's code in bytes, as the import of units does.
const maxCode = 200

// unitLine reads what follows "unit": a geocode.
func (r *reader) unitLine(rest string) {
	name, value, _ := strings.Cut(rest, "=")
	name, value = strings.Join(strings.Fields(name), " "), strings.Join(strings.Fields(value), " ")
	if name == "" || value == "" || len(name)+len(value) >= maxCode {
		r.fault(r.line, words{"%q is no code of a unit: write NAME=VALUE as the imported units have it, for example unit SAME=006109",
			"%q 不是行政单元代码：请按导入的单元写 名称=代码，例如 unit SAME=006109"}, shortened(rest))
		return
	}
	if r.room(r.line, 0) {
		r.area.Geocodes = append(r.area.Geocodes, cap.Value{Name: name, Value: value})
	}
}
