package scenario

import (
	"encoding/xml"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// judgedAlert is a CAP document as plainly as it can be read: not by the engine's own reader.
type judgedAlert struct {
	Infos []judgedInfo `xml:"info"`
}

type judgedInfo struct {
	Language   string   `xml:"language"`
	Categories []string `xml:"category"`
	Severity   string   `xml:"severity"`
	Areas      []struct {
		Polygons []string `xml:"polygon"`
		Circles  []string `xml:"circle"`
		Geocodes []struct {
			Name  string `xml:"valueName"`
			Value string `xml:"value"`
		} `xml:"geocode"`
	} `xml:"area"`
}

// judgePlainly is testdata/judge.py without shapely: whom an alert is for, and in which language.
func judgePlainly(t *testing.T, file, people string) map[string]string {
	t.Helper()
	document, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var alert judgedAlert
	if err := xml.Unmarshal(document, &alert); err != nil {
		t.Fatal(err)
	}
	chosen := map[string]string{}
	for _, p := range readPeople(t, people) {
		if info := alert.choose(&p); info != nil {
			chosen[p.Ref] = info.Language
		}
	}
	return chosen
}

func (a *judgedAlert) choose(p *Person) *judgedInfo {
	var best *judgedInfo
	tongue, _, _ := strings.Cut(p.Language, "-")
	for i := range a.Infos {
		info := &a.Infos[i]
		wanted := p.Wants == "" || slices.ContainsFunc(strings.Split(p.Wants, "|"), func(w string) bool { return slices.Contains(info.Categories, w) })
		if !wanted || !slices.ContainsFunc(p.Places, info.holds) {
			continue
		}
		mine := tongue != "" && strings.HasPrefix(info.Language, tongue+"-")
		switch {
		case best == nil, rank(info.Severity) > rank(best.Severity), rank(info.Severity) == rank(best.Severity) && mine:
			best = info
		}
	}
	return best
}

func rank(severity string) int {
	return slices.Index([]string{"Unknown", "Minor", "Moderate", "Severe", "Extreme"}, severity)
}

func (i *judgedInfo) holds(place string) bool {
	where, least, limited := strings.Cut(place, "@")
	if limited && rank(least) > rank(i.Severity) {
		return false
	}
	code, isCode := strings.CutPrefix(where, "code:")
	lat, lon := pair(where)
	for _, a := range i.Areas {
		for _, g := range a.Geocodes {
			if isCode && g.Name+"="+g.Value == code {
				return true
			}
		}
		if isCode {
			continue
		}
		for _, c := range a.Circles {
			center, radius, _ := strings.Cut(c, " ")
			lat0, lon0 := pair(center)
			var km float64
			_, _ = fmt.Sscan(radius, &km)
			if distanceKM(lat, lon, lat0, lon0) <= km+1e-5 {
				return true
			}
		}
		if slices.ContainsFunc(a.Polygons, func(ring string) bool { return inRing(ring, lat, lon) }) {
			return true
		}
	}
	return false
}

// pair reads "latitude,longitude"; what is none is nowhere.
func pair(text string) (lat, lon float64) {
	if _, err := fmt.Sscanf(text, "%g,%g", &lat, &lon); err != nil {
		return 1000, 1000
	}
	return lat, lon
}

// inRing is even-odd by a ray to the east.
func inRing(ring string, lat, lon float64) bool {
	corners := strings.Fields(ring)
	in := false
	for i := 1; i < len(corners); i++ {
		y1, x1 := pair(corners[i-1])
		y2, x2 := pair(corners[i])
		if (y1 > lat) != (y2 > lat) && lon < (x2-x1)*(lat-y1)/(y2-y1)+x1 {
			in = !in
		}
	}
	return in
}

// earthKM is the mean radius of the earth.
const earthKM = 6371.0088

// distanceKM is the way between two positions along a great circle (haversine).
func distanceKM(lat1, lon1, lat2, lon2 float64) float64 {
	const degree = math.Pi / 180
	a, b := math.Sin((lat2-lat1)*degree/2), math.Sin((lon2-lon1)*degree/2)
	return 2 * earthKM * math.Asin(math.Sqrt(a*a+math.Cos(lat1*degree)*math.Cos(lat2*degree)*b*b))
}
