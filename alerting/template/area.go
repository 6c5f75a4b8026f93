package template

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"tocsin/alerting"
	"tocsin/cap"
)

// maxPoints bounds the points of an area: a district along a coast needs some thousand.
const maxPoints = 20_000

// maxCodes bounds the administrative codes of an area.
const maxCodes = 500

// inArea reads where a warning holds: exactly one form. The area has no description yet.
func (s *Slot) inArea(raw any) (cap.Area, error) {
	area, err := areaOf(raw)
	if err != nil {
		return area, amiss("slot.misread", "got %s, which cannot be read: %v", shown(raw), err)
	}
	points := 0
	for _, p := range area.Polygons {
		points += len(p)
	}
	switch {
	case len(area.Polygons)+len(area.Circles)+len(area.Geocodes) == 0:
		return area, alerting.Refuse(nil, "slot.no-place", "it holds no place: want %v", s.wants())
	case points > maxPoints:
		return area, alerting.Refuse(nil, "slot.points", "it has %d points, more than %d: leave out those that no map shows", points, maxPoints)
	case len(area.Geocodes) > maxCodes:
		return area, alerting.Refuse(nil, "slot.codes", "it has %d codes, more than %d: name the unit above them", len(area.Geocodes), maxCodes)
	}
	if _, err := cap.NewRegion([]cap.Area{area}); err != nil {
		return area, amiss("slot.shape", "it is no usable area: %v", alerting.Said(strings.TrimPrefix(err.Error(), "area 1: ")))
	}
	return area, nil
}

// areaOf tells the forms apart.
func areaOf(raw any) (cap.Area, error) {
	switch raw := raw.(type) {
	case string:
		return areaOfText(strings.TrimSpace(raw))
	case cap.Area: // that of a document
		raw.Description = ""
		return raw, nil
	case map[string]any:
		if raw["type"] != nil {
			return areaOfGeoJSON(raw)
		}
		return areaOfForm(raw)
	}
	return cap.Area{}, amiss("slot.area-form", "want a polygon, a circle, codes, GeoJSON or WKT")
}

// areaOfForm reads an object that says by its key which form it has.
func areaOfForm(raw map[string]any) (cap.Area, error) {
	forms := []string{"polygon", "circle", "codes", "geojson", "wkt"}
	var found string
	for key := range raw {
		if !slices.Contains(forms, key) || found != "" {
			return cap.Area{}, amiss("slot.area-one", "want exactly one of %s", listed(forms))
		}
		found = key
	}
	text, isText := raw[found].(string)
	switch {
	case found == "geojson":
		if shape, ok := raw[found].(map[string]any); ok && shape["type"] != nil {
			return areaOfGeoJSON(shape)
		}
		return cap.Area{}, amiss("slot.geojson-object", "geojson: want an object of GeoJSON with its type")
	case found == "codes" && !isText:
		return areaOfCodeList(raw[found])
	case found == "" || !isText:
		return cap.Area{}, amiss("slot.area-text", "want exactly one of %s, as text", listed(forms))
	case found == "polygon":
		return areaOfPolygon(text)
	case found == "circle":
		return areaOfCircle(text)
	case found == "codes":
		return areaOfCodes(text)
	}
	return areaOfWKT(text)
}

// areaOfText sees from a text which form it has: no two look alike.
func areaOfText(text string) (cap.Area, error) {
	words := strings.Fields(text)
	upper := strings.ToUpper(text)
	switch {
	case text == "":
		return cap.Area{}, amiss("slot.area-empty", "the area is empty")
	case text[0] == '{':
		var raw map[string]any
		if err := json.Unmarshal([]byte(text), &raw); err != nil {
			return cap.Area{}, amiss("slot.json", "this is no JSON: %v", err)
		}
		return areaOf(raw)
	case strings.HasPrefix(upper, "POLYGON"), strings.HasPrefix(upper, "MULTIPOLYGON"), strings.HasPrefix(upper, "SRID"):
		return areaOfWKT(text)
	case strings.Contains(text, "="):
		return areaOfCodes(text)
	case len(words) == 2 && strings.Contains(words[0], ",") && !strings.Contains(words[1], ","):
		return areaOfCircle(text)
	}
	return areaOfPolygon(text)
}

// areaOfPolygon reads a polygon as CAP writes it: "lat,lon lat,lon …", the last pair equal to the first.
func areaOfPolygon(text string) (cap.Area, error) {
	var ring cap.Polygon
	for word := range strings.FieldsSeq(text) {
		p, err := pointOf(word)
		if err != nil {
			return cap.Area{}, amiss("slot.point", "point %d: %v", len(ring)+1, err)
		}
		if ring = append(ring, p); len(ring) > maxPoints {
			break
		}
	}
	return cap.Area{Polygons: []cap.Polygon{ring}}, nil
}

// areaOfCircle reads a circle as CAP writes it: "lat,lon radius", in kilometres.
func areaOfCircle(text string) (cap.Area, error) {
	words := strings.Fields(text)
	if len(words) != 2 {
		return cap.Area{}, amiss("slot.circle", "want a circle as lat,lon radius: 30.25,120.16 5 for 5 kilometres")
	}
	center, err := pointOf(words[0])
	if err != nil {
		return cap.Area{}, err
	}
	radius, ok := coordinate(words[1])
	if !ok || radius <= 0 {
		return cap.Area{}, amiss("slot.radius", "the radius is %s: want kilometres, more than 0", shown(words[1]))
	}
	return cap.Area{Circles: []cap.Circle{{Center: center, RadiusKM: radius}}}, nil
}

// areaOfCodes reads NAME=VALUE, several parted by semicolons or lines.
func areaOfCodes(text string) (cap.Area, error) {
	var all []any
	for one := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == '\n' }) {
		if strings.TrimSpace(one) != "" {
			all = append(all, one)
		}
	}
	return areaOfCodeList(all)
}

func areaOfCodeList(raw any) (cap.Area, error) {
	var area cap.Area
	all, _ := raw.([]any)
	for _, one := range all {
		text, _ := one.(string)
		name, value, found := strings.Cut(strings.TrimPrefix(strings.TrimSpace(text), unitPrefix), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !found || name == "" || value == "" || len(text) > 200 || wordsFault(text, false) != "" {
			return area, amiss("slot.area-code", "the code %s: want NAME=VALUE, such as SAME=006109", shown(one))
		}
		area.Geocodes = append(area.Geocodes, cap.Value{Name: name, Value: value})
	}
	if len(area.Geocodes) == 0 {
		return area, amiss("slot.no-codes", "there are no codes: want NAME=VALUE, such as SAME=006109")
	}
	return area, nil
}

// pointOf reads lat,lon.
func pointOf(text string) (cap.Point, error) {
	first, second, found := strings.Cut(text, ",")
	lat, okLat := coordinate(first)
	lon, okLon := coordinate(second)
	if !found || !okLat || !okLon {
		return cap.Point{}, amiss("slot.position", "%s is no position: want latitude,longitude in decimal degrees", shown(text))
	}
	return cap.Point{Lat: lat, Lon: lon}, nil
}

// coordinate reads a decimal number, without exponent.
func coordinate(text string) (float64, bool) {
	if strings.Trim(text, "+-.0123456789") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}
