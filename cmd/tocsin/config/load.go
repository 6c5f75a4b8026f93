package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/goccy/go-yaml"

	"tocsin/alerting/template"
	"tocsin/cap"
)

// EnvPrefix begins the name of every variable that overrides the file: TOCSIN_SQL_URL overrides sql.url.
const EnvPrefix = "TOCSIN_"

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// Load reads a file, overrides it from environ (as os.Environ gives it), fills in the defaults and checks the result.
// An empty path means no file: defaults and environment alone.
func Load(path string, environ []string) (*Config, error) {
	var text []byte
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("read the configuration: %w", err)
		}
	}
	c, err := Parse(text, environ)
	if err != nil {
		if path == "" {
			path = "environment"
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse is Load without the file.
func Parse(text []byte, environ []string) (*Config, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("larger than %d bytes", maxFile)
	}
	c := new(Config)
	if len(bytes.TrimSpace(text)) > 0 {
		if err := yaml.UnmarshalWithOptions(text, c, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("%s", strings.TrimSpace(yaml.FormatError(err, false, true)))
		}
	}
	if err := override(c, environ); err != nil {
		return nil, err
	}
	zeros := c.zeros(text, environ)
	c.defaults()
	if err := c.check(text, zeros); err != nil {
		return nil, err
	}
	return c, nil
}

// override sets what the environment names. Variables of the test suites share the prefix and are passed over.
func override(c *Config, environ []string) error {
	known := make(map[string]string)
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, EnvPrefix) && !strings.HasPrefix(name, EnvPrefix+"TEST_") {
			known[name] = value
		}
	}
	params, err := env.GetFieldParamsWithOptions(c, env.Options{Prefix: EnvPrefix, Environment: known})
	if err != nil {
		return fmt.Errorf("environment: %w", err)
	}
	names := map[string]bool{EnvPrefix + "CONFIG": true}
	for _, p := range params {
		names[p.Key] = true
	}
	for name := range known {
		if !names[name] {
			return fmt.Errorf("environment: %s overrides nothing: no such key", name)
		}
	}
	if err := env.ParseWithOptions(c, env.Options{Prefix: EnvPrefix, Environment: known}); err != nil {
		return fmt.Errorf("environment: %w", err)
	}
	return nil
}

func (c *Config) defaults() {
	// Paths are hung below both, and the signature of a gateway's report covers every byte.
	c.Office.PublicURL = strings.TrimRight(c.Office.PublicURL, "/")
	c.Feeds.PublicURL = strings.TrimRight(c.Feeds.PublicURL, "/")
	c.Callbacks.PublicURL = strings.TrimRight(c.Callbacks.PublicURL, "/")
	set(&c.DataDir, ".data")
	kafkaIn, _ := c.InProcess()
	if kafkaIn {
		set(&c.Kafka.Partitions, 2)
	}
	set(&c.Kafka.Partitions, 6)
	set(&c.Kafka.Replication, 1)
	set(&c.SQL.URL, "sqlite:"+filepath.Join(c.DataDir, "tocsin.db"))
	set(&c.SQL.Slow, time.Second)
	set(&c.Keyring.Dir, filepath.Join(c.DataDir, "keyring"))
	set(&c.Alerts.Lifetime, 24*time.Hour)
	set(&c.Alerts.MaxValidity, 7*24*time.Hour)
	set(&c.Alerts.MaxBytes, 256<<10)
	set(&c.Alerts.SMSParts, 3)
	set(&c.Alerts.AskBefore, 30*time.Minute)
	set(&c.Alerts.Profile, cap.Core().ID)
	set(&c.Approval.Fuse.Factor, 1.5)
	set(&c.Approval.Fuse.More, 1000)
	set(&c.Approval.Fuse.Sirens, 10)
	set(&c.Templates.Identifier, template.DefaultIdentifier)
	set(&c.Templates.Zone, "Local")
	set(&c.API.Listen, "127.0.0.1:8080")
	set(&c.Callbacks.Listen, "127.0.0.1:8081")
	set(&c.Callbacks.AskAfter, 10*time.Minute)
	set(&c.Callbacks.AskEvery, 10*time.Minute)
	set(&c.Callbacks.AskRate, 10)
	set(&c.Feeds.Title, c.Office.Name)
	set(&c.Feeds.Title, "Warnings")
	set(&c.Feeds.PageBytes, 900_000)
	set(&c.Metrics.Listen, "127.0.0.1:9180")
	set(&c.Heartbeat.Every, time.Minute)
	if kafkaIn {
		set(&c.Journal.KeyFile, filepath.Join(c.DataDir, "journal.pem"))
		set(&c.Journal.HeadsFile, filepath.Join(c.DataDir, "journal.heads"))
	}
	set(&c.Journal.Every, 5*time.Minute)
	set(&c.Log.Level, "info")
	set(&c.Log.Format, "text")
	set(&c.Client.URL, "http://"+c.API.Listen)
	c.inboxDefaults()
	c.loginDefaults()
	for i := range c.Gateways {
		g := &c.Gateways[i]
		set(&g.Slots, 64)
		if g.Siren != nil {
			set(&g.Siren.MaxRun, 3*time.Minute)
		}
		if g.SMTP != nil {
			set(&g.SMTP.Security, "starttls")
		}
	}
}

// set fills in a default.
func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Secret reads a secret from its file, without the line end. Empty path: empty secret.
func Secret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read a secret: %w", err)
	}
	s := strings.TrimRight(string(b), "\r\n")
	if s == "" {
		return "", fmt.Errorf("read a secret: %s is empty", path)
	}
	return s, nil
}

// ReadYAML reads a file of its own (register maps) as strictly as the configuration.
func ReadYAML(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if len(text) > maxFile {
		return fmt.Errorf("%s is larger than %d bytes", file, maxFile)
	}
	if err := yaml.UnmarshalWithOptions(text, into, yaml.Strict()); err != nil {
		return fmt.Errorf("%s: %s", file, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	return nil
}
