package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/scenario"
)

// alarm is one rule of prometheus/rules.yml.
type alarm struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alarms(t *testing.T) []alarm {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string  `yaml:"name"`
			Rules []alarm `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(read(t, "prometheus/rules.yml")), &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	var all []alarm
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) < 10 {
		t.Fatalf("only %d rules found: the test looks in the wrong place", len(all))
	}
	return all
}

// TestEveryAlarmHasItsParagraph: who is woken finds what it means, what to look at and what to type; and no paragraph
// speaks of an alarm that there is not. Each alarm was seen to fire by a test of its own.
func TestEveryAlarmHasItsParagraph(t *testing.T) {
	runbook := read(t, "runbook.md")
	tests := read(t, "prometheus/rules.test.yml")
	paragraphs := make(map[string]bool)
	for _, part := range strings.Split(runbook, "\n## ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		paragraphs[name] = true
		if len(text) < 200 || !strings.Contains(text, "Look at: ") || !regexp.MustCompile(`(?m)^    \S`).MatchString(text) {
			t.Errorf("the paragraph %s does not say what it means, what to look at and what to type", name)
		}
	}
	named := make(map[string]bool)
	for _, a := range alarms(t) {
		named[a.Alert] = true
		if !slices.Contains([]string{"critical", "warning", "none"}, a.Labels["severity"]) {
			t.Errorf("%s: severity %q", a.Alert, a.Labels["severity"])
		}
		if a.Annotations["summary"] == "" || a.Annotations["description"] == "" || a.Annotations["runbook"] != "deploy/runbook.md#"+strings.ToLower(a.Alert) {
			t.Errorf("%s: annotations %q", a.Alert, a.Annotations)
		}
		if !strings.Contains(runbook, a.Annotations["summary"]) {
			t.Errorf("%s: its paragraph does not begin with %q", a.Alert, a.Annotations["summary"])
		}
		if !strings.Contains(tests, `alertname="`+a.Alert+`"`) {
			t.Errorf("%s: prometheus/rules.test.yml does not let it fire", a.Alert)
		}
	}
	if !maps.Equal(paragraphs, named) {
		t.Errorf("alarms are %v, paragraphs %v", slices.Sorted(maps.Keys(named)), slices.Sorted(maps.Keys(paragraphs)))
	}
}

// metricNames are the metrics that an expression reads: what is left when strings, label matchers, ranges, lists of
// labels, functions and words of the language are taken out.
func metricNames(expr string) []string {
	for _, cut := range []string{`"[^"]*"`, `\{[^}]*\}`, `\[[^\]]*\]`, `\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`, `\b\w+\s*\(`} {
		expr = regexp.MustCompile(cut).ReplaceAllString(expr, " ")
	}
	var names []string
	for _, word := range regexp.MustCompile(`[a-zA-Z_:][\w:]*`).FindAllString(expr, -1) {
		if !slices.Contains([]string{"and", "or", "unless", "bool", "offset"}, word) {
			names = append(names, word)
		}
	}
	return names
}

func TestMetricNames(t *testing.T) {
	for expr, want := range map[string]string{
		`up{job="tocsin"} == 0`: "up", `vector(1)`: "", `a_total > 0.2 * sum by (x, y) (increase(b_total{c="d e"}[5m])) > 1e3`: "a_total b_total",
		`time() - max by (gateway) (seen > 0) or vector(0)`: "seen", `histogram_quantile(0.95, sum by (le) (rate(h_bucket[1m])))`: "h_bucket",
	} {
		if got := strings.Join(slices.DeleteFunc(metricNames(expr), func(w string) bool { return w == "e3" }), " "); got != want {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

// expressions are those of the rules and of the dashboard, each with where it stands.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for _, a := range alarms(t) {
		out["rule "+a.Alert] = a.Expr
	}
	var board struct {
		Panels []struct {
			Title   string `json:"title"`
			Type    string `json:"type"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
		Templating struct {
			List []struct {
				Name       string `json:"name"`
				Definition string `json:"definition"`
			} `json:"list"`
		} `json:"templating"`
	}
	if err := json.Unmarshal([]byte(read(t, "grafana/tocsin.json")), &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		if (len(p.Targets) == 0) != (p.Type == "row") {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for i, target := range p.Targets {
			out[fmt.Sprintf("panel %s, %d", p.Title, i+1)] = target.Expr
		}
	}
	for _, v := range board.Templating.List {
		if m := regexp.MustCompile(`^label_values\((\w+), \w+\)$`).FindStringSubmatch(v.Definition); m != nil {
			out["variable "+v.Name] = m[1]
		}
	}
	if len(out) < 40 {
		t.Fatalf("only %d expressions found: the test looks in the wrong place", len(out))
	}
	return out
}

// TestNoMetricIsNamedThatIsNotExposed runs the whole engine, lets it issue an alert, and reads what it exposes.
func TestNoMetricIsNamedThatIsNotExposed(t *testing.T) {
	t.Parallel()
	beats := make(chan struct{}, 1)
	listener := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case beats <- struct{}{}:
		default:
		}
	}))
	defer listener.Close()
	office := scenario.Open(t, scenario.Options{Heartbeat: listener.URL})
	p := office.Plot()
	office.Import(scenario.Person{Ref: "counted", SMS: office.Number(), Places: []string{p.Inside(1)}})
	lat, lon, _ := strings.Cut(p.Inside(2), ",")
	office.ImportCSV("sirens", "ref,lat,lon,protocol,gateway,url\nS01,"+lat+","+lon+",http,siren,"+office.Gateways.URL("siren-http")+"/sirens/S01\n")
	office.Settled(office.Issue(office.Alert(scenario.Info(p.Area())), client.Order{}))
	select {
	case <-beats:
	case <-time.After(20 * time.Second):
		t.Error("no heartbeat came")
	}
	exposed := map[string]bool{"up": true, "ALERTS": true} // Prometheus makes these itself.
	wanted := expressions(t)
	scenario.Until(t, 30*time.Second, "all metrics are exposed", func() error {
		_, text := office.Get("http://" + office.Addresses.Metrics.String() + "/metrics")
		for _, m := range regexp.MustCompile(`(?m)^([a-zA-Z_:][\w:]*)[{ ]`).FindAllStringSubmatch(text, -1) {
			exposed[m[1]] = true
		}
		var missing []string
		for where, expr := range wanted {
			for _, name := range metricNames(expr) {
				if !exposed[name] {
					missing = append(missing, where+" names "+name)
				}
			}
		}
		if slices.Sort(missing); len(missing) > 0 {
			return fmt.Errorf("%s, which the program does not expose", strings.Join(missing, "; "))
		}
		return nil
	})
}
