package areatext

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// object is any object of GeoJSON (RFC 7946 §3), read as far as its type is sure.
type object struct {
	Type        string          `json:"type"`
	Features    []object        `json:"features"`
	Geometry    *object         `json:"geometry"`
	Geometries  []object        `json:"geometries"`
	Coordinates json.RawMessage `json:"coordinates"`
	CRS         *struct {
		Properties struct {
			Name string `json:"name"`
		} `json:"properties"`
	} `json:"crs"`
}

// geoJSON reads one object, longitude first.
func (r *reader) geoJSON() {
	if r.text[r.at] == '[' {
		r.fault(r.line, words{`a list in brackets does not say whether latitude or longitude comes first: paste the whole GeoJSON, which begins with {"type":, or lines of LAT,LON without brackets`,
			`方括号里的列表没有说明纬度还是经度在前：请粘贴以 {"type": 开头的完整 GeoJSON，或不带括号的“纬度,经度”`})
		r.over = true
		return
	}
	rest := r.text[r.at:]
	decoder := json.NewDecoder(strings.NewReader(rest))
	var whole object
	err := decoder.Decode(&whole)
	line := r.line
	if err != nil {
		r.notJSON(rest, err)
		r.over = true
		return
	}
	r.geoObject(line, &whole, 0)
	r.advance(r.at + int(decoder.InputOffset()))
	if rest := strings.TrimLeft(r.text[r.at:], " \t"); strings.HasPrefix(rest, ",") || strings.HasPrefix(rest, ";") {
		r.advance(len(r.text) - len(rest) + 1)
	}
}

// notJSON says where JSON is broken.
func (r *reader) notJSON(rest string, err error) {
	line := r.line + strings.Count(rest, "\n")
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && syntax.Offset <= int64(len(rest)):
		line = r.line + strings.Count(rest[:syntax.Offset], "\n")
	case errors.As(err, &wrong) && wrong.Offset <= int64(len(rest)):
		line = r.line + strings.Count(rest[:wrong.Offset], "\n")
	case errors.Is(err, io.ErrUnexpectedEOF):
		r.fault(line, words{"the GeoJSON ends too early: paste the whole of it", "GeoJSON 不完整：请粘贴全部内容"})
		return
	}
	r.fault(line, words{"this is no GeoJSON (%v): paste the whole of a Polygon, MultiPolygon, Feature or FeatureCollection",
		"不是有效的 GeoJSON（%v）：请粘贴完整的 Polygon、MultiPolygon、Feature 或 FeatureCollection"}, shortened(err.Error()))
}

func (r *reader) geoObject(line int, o *object, depth int) {
	switch {
	case r.over:
	case depth > maxDepth:
		r.fault(line, words{"the GeoJSON is nested deeper than %d: paste its polygons alone", "GeoJSON 嵌套超过 %d 层：请只粘贴其中的多边形"}, maxDepth)
		r.over = true
	case o.CRS != nil && !wgs84(o.CRS.Properties.Name):
		r.fault(line, words{"the GeoJSON has the reference system %q: convert it to WGS 84 first (RFC 7946 knows no other)",
			"GeoJSON 的坐标系是 %q：请先转换为 WGS 84（RFC 7946 只允许它）"}, shortened(o.CRS.Properties.Name))
	case o.Type == "FeatureCollection" && len(o.Features) > 0:
		for i := range o.Features {
			r.feature = i + 1
			r.geoObject(line, &o.Features[i], depth+1)
		}
		r.feature = 0
	case o.Type == "Feature" && o.Geometry != nil:
		r.geoObject(line, o.Geometry, depth+1)
	case o.Type == "GeometryCollection" && len(o.Geometries) > 0:
		for i := range o.Geometries {
			r.geoObject(line, &o.Geometries[i], depth+1)
		}
	case o.Type == "Polygon" || o.Type == "MultiPolygon":
		r.geoPolygons(line, o)
	case o.Type == "FeatureCollection" || o.Type == "Feature" || o.Type == "GeometryCollection":
		r.fault(line, words{"the GeoJSON %s holds no geometry: paste one with a Polygon", "GeoJSON 的 %s 没有几何图形：请粘贴带有 Polygon 的内容"}, o.Type)
	default:
		r.fault(line, words{"the GeoJSON has a %q: only Polygon and MultiPolygon are areas; for a place write circle LAT,LON KM",
			"GeoJSON 里有 %q：只有 Polygon 和 MultiPolygon 是区域；地点请写 circle 纬度,经度 公里"}, shortened(o.Type))
	}
}

// wgs84 reports whether the name of a reference system, which older files have, is the one of RFC 7946.
func wgs84(name string) bool {
	name = strings.ToUpper(name)
	return strings.HasSuffix(name, "CRS84") || strings.HasSuffix(name, ":4326")
}

func (r *reader) geoPolygons(line int, o *object) {
	var polygons [][][][]float64
	var err error
	if o.Type == "Polygon" {
		var one [][][]float64
		err = json.Unmarshal(o.Coordinates, &one)
		polygons = append(polygons, one)
	} else {
		err = json.Unmarshal(o.Coordinates, &polygons)
	}
	if err != nil || len(polygons) == 0 {
		r.fault(line, words{"the coordinates of the %s are no rings of [longitude, latitude]: paste it whole", "%s 的坐标不是 [经度, 纬度] 组成的环：请完整粘贴"}, o.Type)
		return
	}
	for _, rings := range polygons {
		if r.over {
			return
		}
		r.geoPolygon(line, rings)
	}
}

func (r *reader) geoPolygon(line int, rings [][][]float64) {
	switch len(rings) {
	case 0:
		r.addRing(line, nil)
		return
	case 1:
	default:
		r.hole(line)
		return
	}
	corners := make([]position, len(rings[0]))
	for i, c := range rings[0] {
		if len(c) < 2 {
			r.fault(line, words{"position %d of a polygon has %d numbers: want longitude and latitude", "多边形的第 %d 个位置有 %d 个数字：应为经度和纬度"}, i+1, len(c))
			return
		}
		corners[i].line, corners[i].Lon, corners[i].Lat = line, c[0], c[1]
	}
	r.addRing(line, corners)
}
