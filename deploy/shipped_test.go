// Package deploy holds no program: it is what an office installs, and the tests that load each file of it the way its
// reader will. It stands apart from the floors, because a configuration knows the whole program. What always holds: every
// shipped configuration passes the decoder and the checks of the program; units, compose file and Prometheus name only
// roles, secrets and services that exist.
package deploy

import (
	"bufio"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"tocsin/cmd/tocsin/config"
	"tocsin/cmd/tocsin/serve"
)

// configurations are the files that `tocsin -c` reads.
var configurations = []string{"tocsin.example.yaml", "single-machine.yaml", "compose.tocsin.yaml"}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestConfigurationsAreValid(t *testing.T) {
	for _, name := range configurations {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			text := strings.NewReplacer("/etc/tocsin/", dir+"/", "/run/secrets/", dir+"/secrets/").Replace(read(t, name))
			text = writeFiles(t, dir, text)
			cfg, err := config.Parse([]byte(text), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := serve.CheckFiles(cfg); err != nil {
				t.Error(err)
			}
		})
	}
}

// writeFiles makes every file below dir that a configuration names, each of the kind that it must be. It gives the
// configuration with the public half of the VAPID key that it made.
func writeFiles(t *testing.T, dir, text string) string {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.MkdirAll(filepath.Join(dir, "secrets"), 0o700))
	pair := selfSigned(t)
	for _, name := range slices.Compact(slices.Sorted(slices.Values(regexp.MustCompile(regexp.QuoteMeta(dir)+`/[\w./-]+`).FindAllString(text, -1)))) {
		switch base := filepath.Base(name); {
		case base == "templates":
			check(os.CopyFS(name, os.DirFS("templates")))
		case base == "keyring":
			_, err := serve.MakeKeyring(name)
			check(err)
		case base == "siren_signing.pem" || base == "dkim.pem" || base == "journal.pem": // all are Ed25519 in PKCS #8
			_, err := serve.MakeSirenKey(name)
			check(err)
		case base == "signing.pem":
			certificate, err := serve.MakeSigningKey(filepath.Dir(name), "Harbour Emergency Office", time.Now())
			check(err)
			made, err := os.ReadFile(certificate)
			check(err)
			for _, copied := range []string{"signing.crt", "anchors.crt", "weather.crt", "river.crt"} {
				check(os.WriteFile(filepath.Join(dir, copied), made, 0o600))
			}
		case filepath.Ext(base) == ".crt": // came with the key
		case base == "desk_key":
			public, err := serve.MakeOperatorKey(name)
			check(err)
			text = regexp.MustCompile(`desk_key: \S+`).ReplaceAllString(text, `desk_key: "`+public+`"`)
		case base == "vapid_private":
			public, err := serve.MakeVAPID(name)
			check(err)
			text = regexp.MustCompile(`vapid_public: \S+`).ReplaceAllString(text, "vapid_public: "+public)
		case base == "kafka_client_key" || base == "api_key":
			check(os.WriteFile(name, pair.key, 0o600))
		case filepath.Ext(base) == ".pem":
			check(os.WriteFile(name, pair.certificate, 0o600))
		default:
			_, err := serve.MakeToken(name)
			check(err)
		}
	}
	return text
}

// TestTheExampleNamesEveryKey: who reads the example has seen all that can be set.
func TestTheExampleNamesEveryKey(t *testing.T) {
	text := read(t, "tocsin.example.yaml")
	source := read(t, "../cmd/tocsin/config/config.go") + read(t, "../cmd/tocsin/config/approval.go") + read(t, "../cmd/tocsin/config/inbox.go")
	keys := regexp.MustCompile("yaml:\"([a-z_]+)\"").FindAllStringSubmatch(source, -1)
	if len(keys) < 80 {
		t.Fatalf("only %d keys found: the test looks in the wrong place", len(keys))
	}
	for _, k := range keys {
		if !regexp.MustCompile(`(?m)^[\s#-]*` + k[1] + `:`).MatchString(text) {
			t.Errorf("tocsin.example.yaml does not show the key %s", k[1])
		}
	}
}

// composition is what matters of a compose file. Any other key of a service is taken as it is.
type composition struct {
	Services map[string]struct {
		Image      string   `yaml:"image"`
		Entrypoint []string `yaml:"entrypoint"`
		Command    []string `yaml:"command"`
		Ports      []string `yaml:"ports"`
		Secrets    []string `yaml:"secrets"`
		Networks   []string `yaml:"networks"`
		Volumes    []string `yaml:"volumes"`
		Health     struct {
			Test []string `yaml:"test"`
		} `yaml:"healthcheck"`
		DependsOn map[string]struct {
			Condition string `yaml:"condition"`
		} `yaml:"depends_on"`
	} `yaml:"services"`
	Networks map[string]any `yaml:"networks"`
	Volumes  map[string]any `yaml:"volumes"`
	Secrets  map[string]struct {
		File string `yaml:"file"`
	} `yaml:"secrets"`
}

func compose(t *testing.T, name string) composition {
	t.Helper()
	var c composition
	if err := yaml.Unmarshal([]byte(read(t, name)), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestComposeNamesWhatExists(t *testing.T) {
	for _, name := range []string{"compose.yaml", "compose.test.yaml"} {
		t.Run(name, func(t *testing.T) { namesWhatExists(t, compose(t, name)) })
	}
}

func namesWhatExists(t *testing.T, c composition) {
	if len(c.Services) == 0 {
		t.Fatal("no services")
	}
	pinned := regexp.MustCompile(`:v?\d+\.\d+(\.\d+)?(-\w+)?$|^tocsin:local$`)
	for name, s := range c.Services {
		if !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %q is not pinned to a version", name, s.Image)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: port %s is published beyond loopback", name, p)
			}
		}
		for _, secret := range s.Secrets {
			if c.Secrets[secret].File == "" {
				t.Errorf("%s: there is no secret %s", name, secret)
			}
		}
		for _, n := range s.Networks {
			if _, ok := c.Networks[n]; !ok {
				t.Errorf("%s: there is no network %s", name, n)
			}
		}
		for other, d := range s.DependsOn {
			if len(c.Services[other].Health.Test) == 0 || d.Condition != "service_healthy" {
				t.Errorf("%s: waits for %s, which does not say whether it is healthy", name, other)
			}
		}
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			_, named := c.Volumes[source]
			if _, err := os.Stat(source); !named && err != nil && !strings.HasPrefix(source, "./secrets/") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestComposePlaysEveryRole(t *testing.T) {
	c := compose(t, "compose.yaml")
	needed := secretsOf(read(t, "compose.tocsin.yaml"))
	given := make(map[string]bool)
	for _, role := range serve.Roles() {
		s := c.Services[role]
		if !slices.Equal(s.Command, []string{"serve", role}) || len(s.Health.Test) == 0 {
			t.Errorf("role %s: command %v, health check %v", role, s.Command, s.Health.Test)
		}
		for _, secret := range s.Secrets {
			given[secret] = true
		}
	}
	for secret := range needed {
		if !given[secret] {
			t.Errorf("no role is given the secret %s that compose.tocsin.yaml names", secret)
		}
	}
	prepared := read(t, "prepare")
	for secret := range c.Secrets {
		if !strings.Contains(prepared, secret) {
			t.Errorf("prepare does not make the secret %s", secret)
		}
	}
}

// secretsOf are the files below /run/secrets that a text names.
func secretsOf(text string) map[string]bool {
	out := make(map[string]bool)
	for _, m := range regexp.MustCompile(`/run/secrets/([\w.-]+)`).FindAllStringSubmatch(text, -1) {
		out[m[1]] = true
	}
	return out
}

func TestPrometheusScrapesEveryRole(t *testing.T) {
	var p struct {
		Global map[string]string `yaml:"global"`
		Rules  []string          `yaml:"rule_files"`
		Scrape []struct {
			Job    string `yaml:"job_name"`
			Static []struct {
				Targets []string          `yaml:"targets"`
				Labels  map[string]string `yaml:"labels"`
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(read(t, "prometheus/prometheus.yml")), &p, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Rules, []string{"rules.yml"}) {
		t.Errorf("the rules are %v", p.Rules)
	}
	var scraped []string
	for _, job := range p.Scrape {
		for _, s := range job.Static {
			if job.Job == "tocsin" && (len(s.Targets) != 1 || s.Targets[0] != s.Labels["role"]+":9180") {
				t.Errorf("targets %v with the labels %v", s.Targets, s.Labels)
			}
			if job.Job == "tocsin" {
				scraped = append(scraped, s.Labels["role"])
			}
		}
	}
	if !slices.Equal(slices.Sorted(slices.Values(scraped)), slices.Sorted(slices.Values(serve.Roles()))) {
		t.Errorf("scraped are %v, roles are %v", scraped, serve.Roles())
	}
}

// settings reads a unit file: the values of each key, section and key joined by a dot.
func settings(t *testing.T, name string) map[string][]string {
	t.Helper()
	out, section := make(map[string][]string), ""
	for lines := bufio.NewScanner(strings.NewReader(read(t, name))); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		key, value, ok := strings.Cut(line, "=")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			section = strings.Trim(line, "[]")
		case !ok || section == "":
			t.Errorf("%s: %q is no setting", name, line)
		default:
			out[section+"."+key] = append(out[section+"."+key], value)
		}
	}
	return out
}

func TestUnitsNameRolesThatExist(t *testing.T) {
	known := append(serve.Roles(), "all", "%i")
	for _, name := range []string{"systemd/tocsin.service", "systemd/tocsin@.service"} {
		start := settings(t, name)["Service.ExecStart"]
		if len(start) != 1 {
			t.Fatalf("%s: ExecStart is %v", name, start)
		}
		words := strings.Fields(start[0])
		if len(words) != 5 || words[1] != "serve" || !slices.Contains(known, words[2]) || words[4] != "/etc/tocsin/tocsin.yaml" {
			t.Errorf("%s: ExecStart %q", name, start[0])
		}
	}
	folders, err := filepath.Glob("systemd/tocsin@*.service.d")
	if err != nil {
		t.Fatal(err)
	}
	var roles, listeners []string
	for _, f := range folders {
		role, _ := strings.CutPrefix(strings.TrimSuffix(filepath.Base(f), ".service.d"), "tocsin@")
		roles = append(roles, role)
		listeners = append(listeners, settings(t, f+"/role.conf")["Service.Environment"]...)
	}
	if !slices.Equal(roles, slices.Sorted(slices.Values(serve.Roles()))) {
		t.Errorf("there are settings for the roles %v, want %v", roles, serve.Roles())
	}
	if slices.Sort(listeners); len(slices.Compact(listeners)) != len(roles) {
		t.Errorf("the roles of one machine must not share a metrics listener: %v", listeners)
	}
	if _, err := config.Parse(nil, listeners); err != nil {
		t.Errorf("the variables of the units: %v", err)
	}
}

func TestUnitsHandOverTheSecrets(t *testing.T) {
	folders, err := filepath.Glob("systemd/tocsin@*.service.d/role.conf")
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		configuration string
		units         []string
	}{
		{"single-machine.yaml", []string{"systemd/tocsin.service"}},
		{"tocsin.example.yaml", append(folders, "systemd/tocsin@.service")},
	}
	for _, row := range rows {
		t.Run(row.configuration, func(t *testing.T) {
			given := make(map[string]bool)
			for _, u := range row.units {
				for _, c := range settings(t, u)["Service.LoadCredential"] {
					name, path, _ := strings.Cut(c, ":")
					given[name] = true
					if path != "/etc/tocsin/secrets/"+name {
						t.Errorf("%s: the credential %s comes from %s", u, name, path)
					}
				}
			}
			if needed := secretsOf(read(t, row.configuration)); !maps.Equal(needed, given) {
				t.Errorf("named are %v, handed over %v", slices.Sorted(maps.Keys(needed)), slices.Sorted(maps.Keys(given)))
			}
		})
	}
}

// TestRedisMayDoWhatIsAskedOfIt reads the scripts and the calls of the client: a command that they send and the ACL forbids would stop the
// ledger, or let nobody log in.
func TestRedisMayDoWhatIsAskedOfIt(t *testing.T) {
	acl := strings.Fields(read(t, "redis/users.acl.template"))
	called := regexp.MustCompile(`redis\.p?call\(\s*['"](\w+)['"]|\b(?:rdb|Redis|pipe)\.([A-Z]\w*)\((?:ctx|context)\b`)
	// What a method of the client sends under another name; "" is nothing of its own.
	sends := map[string]string{"setnx": "set", "exec": ""}
	seen := 0
	for _, pattern := range []string{"../alerting/ledger/lua/*.lua", "../alerting/ledger/*.go", "../alerting/login/*.go",
		"../channels/pace/*.lua", "../channels/pace/*.go", "../cmd/tocsin/serve/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, m := range called.FindAllStringSubmatch(read(t, name), -1) {
				seen++
				command := strings.ToLower(m[1] + m[2])
				if other, known := sends[command]; known {
					command = other
				}
				if command != "" && !slices.Contains(acl, "+"+command) {
					t.Errorf("%s calls %s, which redis/users.acl.template forbids", name, command)
				}
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d calls found: the test looks in the wrong place", seen)
	}
}
