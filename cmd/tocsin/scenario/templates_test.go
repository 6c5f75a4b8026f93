package scenario

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
)

// fromATemplate: a template that was put into the folder while the office runs is filled over the API, with the name of an
// administrative unit, and what it gives is issued as it is. A broken file beside it hides nothing.
func fromATemplate(t *testing.T, o *Office) {
	p, ada := o.Plot(), Person{Ref: "template-ada", Language: "zh-CN", SMS: o.Number()}
	ada.Places = []string{p.Inside(1)}
	o.Import(ada)
	o.ImportCSV("units", "code,name\nTEST=template,Riverside\n")
	text, err := os.ReadFile("../../../deploy/templates/flood-severe.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"flood.yaml": string(text), "broken.yaml": "id: broken\n"} {
		if err := os.WriteFile(filepath.Join(o.Dir, "templates", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status, body := o.getAs("reader", "/api/templates")
	for _, want := range []string{`"id":"flood-severe"`, `"file":"broken.yaml"`, `"where":"languages"`} {
		if status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("the list: %d %s; want %s", status, body, want)
		}
	}
	if status, body = o.getAs("reader", "/api/templates/flood-severe"); status != http.StatusOK || !strings.Contains(body, `"validity":"12h"`) {
		t.Errorf("the template: %d %s", status, body)
	}
	if status, body = o.getAs("reader", "/api/templates/broken"); status != http.StatusNotFound || !strings.Contains(body, "broken.yaml") {
		t.Errorf("a template that is broken: %d %s", status, body)
	}
	values := map[string]any{"place": "code:TEST=template", "river": map[string]any{"en": "Clear River", "zh-CN": "清溪"}, "level": 6.2, "until": "+2h",
		"area": map[string]any{"polygon": polygonText(p.Ring())}}
	status, body = o.fill(t, "flood-severe", map[string]any{"values": values})
	var filled struct {
		Document string `json:"document"`
		Order    struct{ Channels, Groups []string }
		Findings cap.Findings
	}
	if err := json.Unmarshal([]byte(body), &filled); status != http.StatusOK || err != nil {
		t.Fatalf("fill: %d %s", status, body)
	}
	if !strings.Contains(filled.Document, "<areaDesc>Riverside, along the Clear River</areaDesc>") || len(filled.Findings) > 0 ||
		!slices.Equal(filled.Order.Channels, []string{"sms", "push", "mail", "siren"}) {
		t.Errorf("filled: %+v", filled)
	}
	id := o.IssueDocument([]byte(filled.Document), client.Order{Channels: filled.Order.Channels, Groups: filled.Order.Groups}).Alert
	o.Became(id, "template-ada", "sms delivered")
	if texts := o.Texts(id, ada.SMS); len(texts) != 1 || !strings.HasPrefix(texts[0], "洪水 - Riverside，清溪沿岸：立即离开低洼地带，转移到高处。") {
		t.Errorf("she read %q", texts)
	}
	delete(values, "level")
	values["until"] = "late"
	for what, row := range map[string]struct {
		body any
		want string
	}{
		"values that are wrong":  {map[string]any{"values": values}, "slot level: got nothing: want a number from 0 to 60"},
		"a status that is none":  {map[string]any{"values": map[string]any{}, "status": "Draft"}, "want one of Actual, Exercise, Test"},
		"a key that there isn't": {map[string]any{"value": values}, `unknown field`},
	} {
		if status, body := o.fill(t, "flood-severe", row.body); status != http.StatusBadRequest || !strings.Contains(body, row.want) {
			t.Errorf("%s: %d %s; want %q", what, status, body, row.want)
		}
	}
}

// polygonText is a ring as CAP writes it.
func polygonText(ring cap.Polygon) string {
	var points []string
	for _, p := range ring {
		points = append(points, Place(p.Lat, p.Lon))
	}
	return strings.Join(points, " ")
}

// fill asks the API to fill a template.
func (o *Office) fill(t *testing.T, id string, body any) (status int, answer string) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return o.post(o.URL()+"/api/templates/"+id+"/fill", o.secret("reader"), "application/json", string(text))
}

// secret is what a token file holds.
func (o *Office) secret(token string) string {
	o.tb.Helper()
	text, err := os.ReadFile(o.TokenFile(token))
	if err != nil {
		o.tb.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// getAs reads a path of the API with one of the office's tokens.
func (o *Office) getAs(token, path string) (status int, body string) {
	o.tb.Helper()
	ctx, cancel := call()
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.URL()+path, nil)
	if err != nil {
		o.tb.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+o.secret(token))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		o.tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		o.tb.Fatal(err)
	}
	return resp.StatusCode, string(text)
}
