// Package web_test tries the modules of the pages in a real browser, on a page that has nothing else.
package web_test

import (
	"encoding/json"
	"html"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/alerting/approval/browsertest"
	"tocsin/alerting/console/pages/areatext"
	"tocsin/alerting/console/pages/svgmap"
	"tocsin/cap"
)

// policy is that of the pages.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'"

// probe notes what the policy forbids and what is fired, before any module runs.
const probe = `window.forbidden = []; window.inputs = 0
addEventListener("securitypolicyviolation", e => forbidden.push(e.violatedDirective + " " + e.blockedURI + " " + e.sourceFile))
addEventListener("error", e => forbidden.push(String(e.message)))
addEventListener("input", () => inputs++)`

const units = `{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"SAME=006109","name":"East"},"geometry":{"type":"Polygon","coordinates":[[[121.40,31.10],[121.75,31.10],[121.75,31.30],[121.40,31.30],[121.40,31.10]]]}},
{"type":"Feature","properties":{"code":"SAME=006110","name":"West"},"geometry":{"type":"Polygon","coordinates":[[[121.10,31.10],[121.40,31.10],[121.40,31.30],[121.10,31.30],[121.10,31.10]]]}}]}`

// server serves one page with the editor.
func server(t *testing.T, language string) *httptest.Server {
	t.Helper()
	words, err := json.Marshal(areatext.EditorWords(language))
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, `<form action="/" method="post">
<fieldset data-area-editor data-words="`+html.EscapeString(string(words))+`" data-read-url="/read" data-units-url="/units" data-view="31.2,121.5,11">
<legend>Area</legend><label for="area">Area</label><textarea id="area" name="area" rows="4" cols="80"></textarea>
<label for="unit">Unit</label><select id="unit" data-area-unit><option value=""></option><option value="SAME=006109">East</option><option value="SAME=006110">West</option></select>
<div data-area-map></div></fieldset></form>`, language, `{}`)
}

// serve serves the bundles, and a page with a body, under the policy of the pages.
func serve(t *testing.T, body, language, shapes string) *httptest.Server {
	t.Helper()
	page := `<!doctype html><html lang="` + language + `"><head><meta charset="utf-8"><title>Area</title><link rel="stylesheet" href="/page.css">
<script src="/probe.js"></script><script type="module" src="/static/app.js"></script></head><body>` + body + `</body></html>`
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServer(http.Dir("../static"))))
	mux.HandleFunc("POST /read", func(w http.ResponseWriter, r *http.Request) { areatext.Answer(w, r, language) })
	for path, file := range map[string][2]string{"/{$}": {"text/html", page}, "/probe.js": {"text/javascript", probe}, "/units": {"application/geo+json", units},
		"/shapes": {"application/geo+json", shapes}, "/page.css": {"text/css", "body{font:16px sans-serif}textarea{width:95%}"}} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", file[0])
			_, _ = w.Write([]byte(file[1]))
		})
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// editor is the page in a browser.
type editor struct {
	*browsertest.Browser
	t *testing.T
}

func open(t *testing.T, language string) *editor {
	b := browsertest.Start(t)
	e := &editor{b, t}
	b.Size(1000, 900)
	b.Open(server(t, language).URL)
	b.Await(`!!document.querySelector(".area-bar button")`, "document.body.innerHTML")
	return e
}

func (e *editor) text() string {
	e.t.Helper()
	var text string
	if err := json.Unmarshal(e.Eval(`document.querySelector("textarea").value`), &text); err != nil {
		e.t.Fatal(err)
	}
	return text
}

// area is what the server reads in the text.
func (e *editor) area() cap.Area {
	e.t.Helper()
	area, faults := areatext.Read(e.text())
	if len(faults) > 0 {
		e.t.Fatalf("%q: %s", e.text(), faults[0].In("en"))
	}
	return area
}

// press gives a button the focus and presses Enter, as who has no mouse does.
func (e *editor) press(selector string) {
	e.t.Helper()
	e.Await(`!!document.querySelector(`+quoted(selector)+`)`, "document.body.innerText")
	e.Eval(`document.querySelector(` + quoted(selector) + `).focus()`)
	e.Press("Enter")
}

// near allows for whole pixels.
func near(a, b float64) bool { return math.Abs(a-b) < 0.001 }

func (e *editor) awaitStatus(part string) {
	e.t.Helper()
	e.Await(`document.querySelector("[role=status]").textContent.includes(`+quoted(part)+`)`, `document.querySelector("[role=status]").textContent`)
}

// middle is the middle of the map in the window.
func (e *editor) middle() (x, y float64) {
	e.t.Helper()
	e.Eval(`document.querySelector(".map").scrollIntoView({block: "center"})`)
	var at struct{ X, Y float64 }
	if err := json.Unmarshal(e.Eval(`(r => ({x: r.x + r.width / 2, y: r.y + r.height / 2}))(document.querySelector(".map").getBoundingClientRect())`), &at); err != nil {
		e.t.Fatal(err)
	}
	return at.X, at.Y
}

// shot keeps a picture of the window where TOCSIN_TEST_SHOTS names a folder.
func (e *editor) shot(name string) {
	e.t.Helper()
	if folder := os.Getenv("TOCSIN_TEST_SHOTS"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, name+".png"), e.Screenshot(), 0o600); err != nil {
			e.t.Fatal(err)
		}
	}
}

// clean demands that the policy forbade nothing and nothing was thrown.
func (e *editor) clean() {
	e.t.Helper()
	if found := string(e.Eval("forbidden")); found != "[]" {
		e.t.Errorf("the page did what its policy forbids, or threw: %s", found)
	}
}

func quoted(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}

// drawing is whether terra-draw has the mouse: it changes the cursor.
const drawing = `document.querySelector(".map").style.cursor === "crosshair"`

func TestAPolygonIsDrawnWithTheMouse(t *testing.T) {
	e := open(t, "en")
	e.press("[data-act=polygon]")
	e.awaitStatus("Drawing a polygon")
	x, y := e.middle()
	e.Drag(x-5, y-5, x-5, y-5) // the cursor is set when the mouse is over the map
	e.Press("Escape")
	e.awaitStatus("cancelled")
	e.press("[data-act=polygon]")
	e.Await(`!document.querySelector(".area-drawing").hidden`, "document.body.innerText")
	x, y = e.middle()
	for _, at := range [][2]float64{{x - 100, y - 60}, {x + 100, y - 60}, {x + 100, y + 60}, {x - 100, y + 60}} {
		e.Click(at[0], at[1])
	}
	e.shot("mouse-drawing")
	e.Click(x-100, y+60) // the last corner again ends it
	e.awaitStatus("Added: polygon with 4 corners")
	area := e.area()
	if len(area.Polygons) != 1 || len(area.Polygons[0]) != 5 {
		t.Fatalf("the text is %q, want one polygon of four corners", e.text())
	}
	region, err := cap.NewRegion([]cap.Area{area})
	if err != nil || !region.Contains(31.2, 121.5) {
		t.Errorf("%q does not hold the middle of the map (%v)", e.text(), err)
	}
	if n := string(e.Eval("inputs")); n != "1" {
		t.Errorf("input was fired %s times, want once", n)
	}
	e.shot("mouse-drawn")

	before := e.text()
	e.press("[data-act=edit]")
	e.awaitStatus("Drag corners")
	x, y = e.middle()
	e.Click(x, y) // choose it
	e.shot("editing")
	e.Drag(x+100, y+60, x+140, y+90)
	e.Await(`document.querySelector("textarea").value !== `+quoted(before), `document.querySelector("textarea").value`)
	e.shot("edited")
	e.press(".area-drawing button")
	if area := e.area(); len(area.Polygons) != 1 || len(area.Polygons[0]) != 5 {
		t.Errorf("after a corner was dragged the text is %q", e.text())
	}
	e.press("[data-act=undo]")
	if e.text() != before {
		t.Errorf("after undo the text is %q, want %q", e.text(), before)
	}
	e.press("[data-act=undo]")
	if e.text() != "" {
		t.Errorf("after undo the text is %q, want nothing", e.text())
	}
	e.press("[data-act=undo]")
	e.awaitStatus("nothing to undo")
	e.clean()
}

func TestACircleIsDrawnWithTheMouse(t *testing.T) {
	e := open(t, "en")
	e.press("[data-act=circle]")
	e.awaitStatus("Drawing a circle")
	x, y := e.middle()
	e.Await(`performance.getEntriesByType("resource").some(r => r.name.includes("/draw-"))`, "document.body.innerText")
	e.Click(x, y)
	e.Click(x+80, y)
	e.awaitStatus("Added: circle")
	area := e.area()
	// A pixel at zoom 11 and 31° N is 65 metres.
	if len(area.Circles) != 1 || area.Circles[0].RadiusKM < 4.5 || area.Circles[0].RadiusKM > 6 {
		t.Fatalf("the text is %q, want a circle of about 5.2 km", e.text())
	}
	if c := area.Circles[0].Center; c.Lat < 31.19 || c.Lat > 31.21 || c.Lon < 121.49 || c.Lon > 121.51 {
		t.Errorf("the circle is around %v, want the middle of the map", c)
	}
	e.shot("circle")
	e.press("[data-act=edit]")
	e.awaitStatus("Drag corners")
	x, y = e.middle()
	e.Click(x, y)
	e.Drag(x, y, x+60, y+30)
	e.Await(`!document.querySelector("textarea").value.includes("31.2,121.5 ")`, `document.querySelector("textarea").value`)
	moved := e.area()
	if c := moved.Circles[0]; c.Center.Lat > 31.19 || c.Center.Lon < 121.53 || math.Abs(c.RadiusKM-area.Circles[0].RadiusKM) > 0.05 {
		t.Errorf("the circle %v became %v, want the same further to the south-east", area.Circles[0], c)
	}
	e.Await(`document.querySelectorAll(".map .leaflet-pane path").length > 8`, `document.querySelector(".map").innerHTML`) // its handles are still there
	e.shot("circle-edited")
	e.clean()
}

func TestShapesAreDrawnWithTheKeyboardAlone(t *testing.T) {
	e := open(t, "en")
	e.press("[data-act=polygon]")
	e.Await(`document.activeElement.getAttribute("role") === "application"`, "document.activeElement.outerHTML")
	e.Press("c")
	e.awaitStatus("A polygon needs at least 3 corners; there are 0.")
	e.Press("Enter")
	e.awaitStatus("Corner 1 at 31.2,121.5")
	e.Press("ArrowRight", "ArrowRight", "Enter", "ArrowDown", "ArrowDown", "Enter", "ArrowLeft", "ArrowLeft", "Enter", "ArrowUp")
	e.awaitStatus("Cross at")
	e.shot("keyboard-drawing")
	e.Press("Enter", "Backspace")
	e.awaitStatus("4 corners left")
	e.Press("c")
	e.awaitStatus("Added: polygon with 4 corners near 31.2,121.5")
	area := e.area()
	if len(area.Polygons) != 1 || len(area.Polygons[0]) != 5 {
		t.Fatalf("the text is %q, want one polygon of four corners", e.text())
	}
	if p := area.Polygons[0]; !near(p[1].Lat, p[0].Lat) || p[1].Lon < p[0].Lon+0.05 || p[2].Lat > p[1].Lat-0.05 || !near(p[3].Lon, p[0].Lon) {
		t.Errorf("the corners are %v, want east, south, west", p)
	}
	if act := string(e.Eval(`document.activeElement.dataset.act`)); act != `"polygon"` {
		t.Errorf("the focus is on %s, want the button that began", act)
	}

	e.press("[data-act=circle]")
	e.Await(`!!document.querySelector(".area-drawing input")`, "document.body.innerText")
	e.Eval(`document.querySelector(".area-drawing input").select()`)
	e.Eval(`document.querySelector(".area-drawing input").focus()`)
	e.Insert("2.5")
	e.Press("Enter") // it places the circle, and does not send the form
	e.awaitStatus("Added: circle of 2.5 km")
	if area := e.area(); len(area.Polygons) != 1 || len(area.Circles) != 1 || area.Circles[0].RadiusKM != 2.5 {
		t.Errorf("the text is %q, want a circle behind the polygon", e.text())
	}
	e.shot("keyboard-drawn")

	e.press("[aria-label^='Remove: polygon']")
	e.awaitStatus("Removed: polygon")
	if area := e.area(); len(area.Polygons) != 0 || len(area.Circles) != 1 {
		t.Errorf("the text is %q, want the circle alone", e.text())
	}
	e.press("[data-act=undo]")
	e.awaitStatus("Undone. polygon with 4 corners near 31.2,121.5, circle")
	e.clean()
}

func TestWhatIsPastedAndTypedIsDrawn(t *testing.T) {
	e := open(t, "en")
	e.press("[data-act=open]")
	e.Await(`!!document.querySelector(".map .map-unit")`, "document.body.innerText")
	e.Eval(`document.querySelector("textarea").focus()`)
	// Inserting is no paste for the page, so it is told that it was one.
	e.Insert("POLYGON ((121.4 31.15, 121.6 31.15, 121.6 31.25, 121.4 31.15))")
	e.Eval(`document.querySelector("textarea").dispatchEvent(new ClipboardEvent("paste", {bubbles: true}))`)
	want := "polygon 31.15,121.4 31.15,121.6 31.25,121.6 31.15,121.4\n"
	e.Await(`document.querySelector("textarea").value === `+quoted(want), `document.querySelector("textarea").value`)
	e.awaitStatus("What was pasted is now written as lines")
	e.Await(`document.querySelectorAll(".map .map-drawn").length === 1`, "document.body.innerText")
	e.shot("pasted")

	e.press("[data-act=undo]")
	if !strings.HasPrefix(e.text(), "POLYGON ((") {
		t.Errorf("after undo the text is %q, want what was pasted", e.text())
	}
	e.press("[data-act=undo]")
	if e.text() != "" {
		t.Errorf("after the second undo the text is %q", e.text())
	}

	e.Eval(`document.querySelector("textarea").focus()`)
	e.Insert("circle 31.2,121.5 3\nfoo")
	e.awaitStatus(`line 2: "foo" is not understood`)
	if e.text() != "circle 31.2,121.5 3\nfoo" {
		t.Errorf("what was typed became %q", e.text())
	}
	e.Press("Backspace", "Backspace", "Backspace")
	e.Await(`document.querySelectorAll(".area-shapes li").length === 1`, "document.body.innerText")

	e.Eval(`(s => { s.value = "SAME=006110"; s.dispatchEvent(new Event("change", {bubbles: true})) })(document.querySelector("select"))`)
	e.Await(`!!document.querySelector(".map-pointed")`, "document.body.innerText")
	e.press("[data-act=addUnit]")
	e.awaitStatus("Added: unit SAME=006110")
	if want := "circle 31.2,121.5 3\nunit SAME=006110\n"; e.text() != want {
		t.Errorf("the text is %q, want %q", e.text(), want)
	}
	e.Await(`!!document.querySelector(".map-chosen")`, "document.body.innerText")
	e.shot("units")
	e.clean()
}

// TestAUnitIsPickedOnTheMap: a click takes the smallest unit that is there into the area, and another click out of it; while something is
// drawn, the hand draws.
func TestAUnitIsPickedOnTheMap(t *testing.T) {
	e := open(t, "en")
	e.press("[data-act=open]")
	e.Await(`document.querySelectorAll(".map .map-unit").length === 2`, "document.body.innerText")
	const click = `document.querySelectorAll(".map .map-unit")[0].dispatchEvent(new MouseEvent("click", {bubbles: true}))`
	e.Eval(click)
	e.awaitStatus("Added: unit SAME=")
	if len(e.area().Geocodes) != 1 {
		t.Errorf("the text is %q", e.text())
	}
	e.Await(`document.querySelectorAll(".map-chosen").length === 1`, "document.body.innerText")
	e.Eval(click)
	e.awaitStatus("Removed: unit SAME=")
	if e.text() != "" {
		t.Errorf("the text is %q", e.text())
	}
	e.press("[data-act=polygon]")
	e.Await(`!!document.querySelector(".map.map-drawing") && getComputedStyle(document.querySelector(".map .map-unit")).pointerEvents === "none"`, "document.body.innerText")
	e.Eval(click)
	if e.text() != "" {
		t.Errorf("while a polygon is drawn the text became %q", e.text())
	}
	e.press("[data-act=cancel]")
	e.clean()
}

func TestDrawingLosesNothingThatIsTyped(t *testing.T) {
	e := open(t, "en")
	e.Eval(`document.querySelector("textarea").focus()`)
	e.Insert("the river bank, to be drawn")
	e.press("[data-act=polygon]")
	e.Await(`performance.getEntriesByType("resource").some(r => r.name.includes("/draw-"))`, "document.body.innerText")
	x, y := e.middle()
	e.Await(`(document.querySelector(".map").dispatchEvent(new MouseEvent("mousemove")), `+drawing+`)`, `document.querySelector(".map").style.cssText`)
	for _, at := range [][2]float64{{x - 90, y - 60}, {x + 90, y - 60}, {x + 90, y + 60}} {
		e.Click(at[0], at[1])
	}
	e.press("[data-act=close]") // the button closes what the mouse has drawn
	e.awaitStatus("Added: polygon with 3 corners")
	if !strings.HasPrefix(e.text(), "the river bank, to be drawn\npolygon 31.2") {
		t.Errorf("the text is %q, want what was typed and a line behind it", e.text())
	}
	e.press("[data-act=edit]")
	e.awaitStatus("The text cannot be read yet.")
	e.clean()
}

// The map of a page takes the place of its drawing, and shows the same.
func TestADrawingBecomesAMap(t *testing.T) {
	picture := &svgmap.Picture{Title: "Flood", Alerts: []svgmap.Alert{{Title: "Flood <b>", Severity: cap.Severe,
		Polygons: []cap.Polygon{{{Lat: 31.15, Lon: 121.4}, {Lat: 31.15, Lon: 121.6}, {Lat: 31.25, Lon: 121.6}, {Lat: 31.15, Lon: 121.4}}},
		Circles:  []cap.Circle{{Center: cap.Point{Lat: 31.2, Lon: 121.5}, RadiusKM: 3}}}},
		Sirens: []svgmap.Siren{{Title: "Harbour", At: cap.Point{Lat: 31.2, Lon: 121.5}, State: svgmap.Failed}}}
	b := browsertest.Start(t)
	e := &editor{b, t}
	b.Size(800, 700)
	shapes, err := svgmap.GeoJSON(picture)
	if err != nil {
		t.Fatal(err)
	}
	b.Open(serve(t, `<figure data-map data-shapes-url="/shapes" data-zoom-in="Zoom in" data-zoom-out="Zoom out">`+string(svgmap.Draw(picture))+
		`<button type="button" data-map-open hidden>Interactive map</button><p data-map-status role="status"></p></figure>`, "en", string(shapes)).URL)
	b.Await(`!document.querySelector("[data-map-open]").hidden`, "document.body.innerHTML")
	e.shot("drawing")
	e.press("[data-map-open]")
	b.Await(`document.querySelectorAll(".map .map-alert.map-severe").length === 2 && document.querySelectorAll(".map .map-siren.map-failed").length === 1`, "document.body.innerHTML")
	if left := string(b.Eval(`document.querySelectorAll("figure > svg, [data-map-open]").length`)); left != "0" {
		t.Errorf("%s of the drawing and its button are left", left)
	}
	if name := string(b.Eval(`document.activeElement.getAttribute("aria-label")`)); name != `"Flood"` {
		t.Errorf("the focus is on %s, want the map", name)
	}
	e.shot("map")
	e.clean()
}

func TestTheEditorSpeaksChinese(t *testing.T) {
	e := open(t, "zh")
	e.press("[data-act=circle]")
	e.awaitStatus("正在画圆")
	e.Press("Enter")
	e.awaitStatus("已添加：以 31.2,121.5 为中心、半径 5 公里的圆")
	e.shot("chinese")
	e.clean()
}
