package console

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/alerting/audience"
	"tocsin/cap"
)

// TestTheOutlinesOfUnits: they come as GeoJSON, to the metre, page by page, and what is no box is refused.
func TestTheOutlinesOfUnits(t *testing.T) {
	var asked audience.ShapeQuery
	c := &Console{Tokens: []Token{NewToken("map", "secret", []Right{MayRead})}, Log: slog.New(slog.DiscardHandler),
		UnitShapes: func(_ context.Context, q audience.ShapeQuery) ([]audience.UnitShape, error) {
			asked = q
			ring := cap.Polygon{{Lat: 1, Lon: 2.1234567}, {Lat: 1, Lon: 3}, {Lat: 2, Lon: 3}, {Lat: 1, Lon: 2.1234567}}
			return []audience.UnitShape{{Code: "N=1", Name: "one", Polygons: [][]cap.Polygon{{ring, ring}, {ring}}}}, nil
		}}
	handler := c.Handler()
	ask := func(query string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/api/units/outlines?"+query, http.NoBody)
		r.Header.Set("Authorization", "Bearer secret")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	w := ask("limit=1&box=170,-5,-170,5&parent=N%3D0")
	var got unitCollection
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || w.Header().Get("Content-Type") != "application/geo+json" {
		t.Fatalf("%d %s %v", w.Code, w.Body, err)
	}
	if b := asked.Box; b == nil || *b != (audience.Box{West: 170, South: -5, East: -170, North: 5}) || asked.Parent != "N=0" || asked.Limit != 1 {
		t.Errorf("asked for %+v in %+v", asked, b)
	}
	if len(got.Features) != 1 || got.Features[0].Properties.Code != "N=1" || len(got.Features[0].Geometry.Coordinates) != 2 || got.Features[0].Geometry.Coordinates[0][1][0] != [2]float64{2.12346, 1} {
		t.Errorf("%s", w.Body)
	}
	link := w.Header().Get("Link")
	if !strings.Contains(link, "after=") || !strings.Contains(link, "box=") {
		t.Errorf("the next page is %q", link)
	}
	for name, query := range map[string]string{"three numbers": "box=1,2,3", "no number": "box=1,2,3,x", "not finite": "box=1,2,3,NaN", "beyond the pole": "box=0,0,1,91",
		"upside down": "box=0,5,1,4", "five numbers": "box=1,2,3,4,5", "a long parent": "parent=" + strings.Repeat("x", longestUnit+1)} {
		if w := ask(query); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}
