package pages

import (
	"html/template"
	"net/http"
	"strconv"

	"tocsin/alerting"
	"tocsin/alerting/console/pages/svgmap"
	"tocsin/cap"
)

// mapShown is a map of a page: the drawing, and where the interactive one finds the same shapes. An empty one has nothing to show.
type mapShown struct {
	SVG       template.HTML
	ShapesURL string
	Tiles     string
}

// pictureOf is what an alert covers.
func (q *request) pictureOf(title string, a *cap.Alert, label string) []svgmap.Alert {
	if len(a.Infos) == 0 {
		return nil
	}
	one := svgmap.Alert{Title: title, Label: label, Severity: highest(a.Infos), World: alerting.World(q.World)}
	// The infos say the same in several languages; areas that differ are drawn once each.
	seen := map[string]bool{}
	for i := range a.Infos {
		for k := range a.Infos[i].Areas {
			area := &a.Infos[i].Areas[k]
			for _, p := range area.Polygons {
				if key := polygonKey(p); !seen[key] {
					seen[key] = true
					one.Polygons = append(one.Polygons, p)
				}
			}
			for _, c := range area.Circles {
				if key := polygonKey(cap.Polygon{c.Center, {Lat: c.RadiusKM}}); !seen[key] {
					seen[key] = true
					one.Circles = append(one.Circles, c)
				}
			}
		}
	}
	if len(one.Polygons)+len(one.Circles) == 0 {
		return nil
	}
	return []svgmap.Alert{one}
}

// polygonKey tells polygons apart.
func polygonKey(p cap.Polygon) string {
	key := make([]byte, 0, len(p)*16)
	for _, at := range p {
		key = appendFloat(appendFloat(key, at.Lat), at.Lon)
	}
	return string(key)
}

// picture is a map of some alerts.
func (q *request) picture(alerts []svgmap.Alert) *svgmap.Picture {
	return &svgmap.Picture{Title: q.T("alerts.map"), Description: q.T("alerts.map.about"), North: q.T("alerts.map.north"), Alerts: alerts}
}

// mapOf is the map of one alert.
func (q *request) mapOf(a *alertShown) mapShown {
	alerts := q.pictureOf(a.Title, a.Document, "")
	if len(alerts) == 0 {
		return mapShown{}
	}
	return mapShown{SVG: svgmap.Draw(q.picture(alerts)), ShapesURL: q.At("alerts", a.ID, "shapes"), Tiles: q.p.Tiles}
}

// alertShapes are the shapes of an alert for the interactive map.
func alertShapes(q *request) error {
	a, err := q.alert()
	if err != nil {
		return err
	}
	if a.Document == nil {
		return &Problem{Status: http.StatusNotFound, Title: q.T("alerts.foreign")}
	}
	return q.geoJSON(q.pictureOf(a.Title, a.Document, ""))
}

func (q *request) geoJSON(alerts []svgmap.Alert) error {
	text, err := svgmap.GeoJSON(q.picture(alerts))
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "application/geo+json")
	_, _ = q.w.Write(text) // the reader may be gone
	return nil
}

func appendFloat(b []byte, f float64) []byte {
	return strconv.AppendFloat(append(b, ' '), f, 'g', -1, 64)
}
