package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/console"
	"tocsin/alerting/template"
	"tocsin/cap"
	"tocsin/cmd/tocsin/serve"
)

// maxValues bounds a file of values, or of one area.
const maxValues = 8 << 20

// still is a source of randomness for what is only tried.
type still struct{}

func (still) Read(p []byte) (int, error) { return len(p), nil }

// issuedOf is an alert as the writer of messages wants it.
func issuedOf(a *cap.Alert) *alerting.Issued {
	return &alerting.Issued{ID: alerting.IDOf(a), Alert: a}
}

// valueHelp says how values are given.
const valueHelp = "  --set place=Riverside              one name for all languages\n" +
	"  --set place.zh-CN=河滨区            one language; then every language needs its own\n" +
	"  --set until=18:00                  also +3h, or 2026-05-01T18:00:00+02:00\n" +
	"  --set area=@area.geojson           a file: GeoJSON, WKT, a polygon, a circle or codes\n" +
	"  --set 'area=30.25,120.16 5'        5 km around a position\n" +
	"  --values FILE                      all of them as one JSON object (- reads standard input)\n\n"

// fillOptions are the flags of fill.
type fillOptions struct {
	set                                []string
	values, status, note, zone, output string
	sender, name                       string
}

func templateFillVerb(t *terminal) *cobra.Command {
	var o fillOptions
	c := &cobra.Command{
		Use:   "fill FILE --set SLOT=VALUE…",
		Short: "Fill a template and write the CAP document (FILE - reads standard input)",
		Long: "Fill a template. The document goes to standard output, ready for `tocsin issue -`; by which channels the template wants it to go, and what " +
			"could be better, to standard error. Nothing is issued. Keep the document: should the answer of `issue` be lost, that file may be issued " +
			"again, while filling the template again makes another alert.\n\n" +
			valueHelp +
			"Who warns comes from the configuration (office.sender, office.name, templates.zone), or from the flags.\n" +
			"Exit code 0: written; 2: a value is wrong, or the document would break a rule.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if o.output != "cap" && o.output != "json" {
				return &exit{exitRefused, fmt.Errorf("--output %q: want cap or json", o.output)}
			}
			filled, err := t.fillTemplate(args[0], o)
			if err != nil {
				return err
			}
			return t.showFilled(filled, o.output)
		},
	}
	o.flags(c)
	c.Flags().StringVarP(&o.output, "output", "o", "cap", "cap, or json: the document with channels, groups, findings, and what to remember of it")
	return c
}

// flags are those that say what to fill in.
func (o *fillOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&o.set, "set", nil, "SLOT=VALUE, SLOT.LANGUAGE=VALUE or SLOT=@FILE")
	f.StringVar(&o.values, "values", "", "file with the values as one JSON object")
	f.StringVar(&o.status, "status", "", "Actual, Exercise or Test, as far as the template allows it")
	f.StringVar(&o.note, "note", "", "the CAP note, such as the name of an exercise")
	f.StringVar(&o.sender, "sender", "", "the CAP sender (default: office.sender of the configuration)")
	f.StringVar(&o.name, "sender-name", "", "what people call the office (default: office.name of the configuration)")
	f.StringVar(&o.zone, "zone", "", "the zone of times of day, such as Asia/Shanghai (default: templates.zone of the configuration, else that of the machine)")
}

// fillTemplate fills the template of a file.
func (t *terminal) fillTemplate(name string, o fillOptions) (*template.Filled, error) {
	one, err := t.loadTemplate(name)
	if err != nil {
		return nil, err
	}
	request, err := t.request(o)
	if err != nil {
		return nil, err
	}
	filled, err := one.Fill(request)
	if err != nil {
		return nil, &exit{exitRefused, err}
	}
	return filled, nil
}

// request gathers what a template is filled with.
func (t *terminal) request(o fillOptions) (template.Request, error) {
	var r template.Request
	cfg, err := t.config()
	if err != nil {
		return r, err
	}
	if o.zone != "" {
		cfg.Templates.Zone = o.zone
	}
	zone, err := cfg.Templates.Location()
	if err != nil {
		return r, &exit{exitRefused, fmt.Errorf("--zone %w", err)}
	}
	profile, err := cap.ProfileByID(cfg.Alerts.Profile)
	if err != nil {
		return r, &exit{exitRefused, err}
	}
	values, err := t.values(o)
	if err != nil {
		return r, &exit{exitRefused, err}
	}
	office := serve.Office(cfg)
	office.Sender, office.Name = cmp.Or(o.sender, office.Sender), cmp.Or(o.name, office.Name)
	return template.Request{Values: values, Status: cap.Status(o.status), Note: o.note, Now: time.Now().In(zone), Office: office, Random: rand.Reader,
		Options: cap.Options{MaxBytes: cfg.Alerts.MaxBytes, Profile: profile}}, nil
}

// values reads --values and --set; the latter goes before.
func (t *terminal) values(o fillOptions) (map[string]any, error) {
	values := map[string]any{}
	if o.values != "" {
		text, err := t.readFile(o.values, maxValues)
		if err != nil {
			return nil, err
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&values); err != nil || d.More() {
			return nil, fmt.Errorf("%s: want one JSON object: {\"SLOT\": VALUE, …}: %w", o.values, cmp.Or(err, errors.New("something follows it")))
		}
	}
	given := map[string]bool{}
	for _, one := range o.set {
		key, value, found := strings.Cut(one, "=")
		if !found || key == "" {
			return nil, fmt.Errorf("--set %q: want SLOT=VALUE", one)
		}
		if given[key] {
			return nil, fmt.Errorf("--set %s stands twice: give each slot one value", key)
		}
		given[key] = true
		if file, isFile := strings.CutPrefix(value, "@"); isFile {
			text, err := t.readFile(file, maxValues)
			if err != nil {
				return nil, fmt.Errorf("--set %s: %w", key, err)
			}
			value = strings.TrimSpace(string(text))
		}
		slot, language, each := strings.Cut(key, ".")
		if !each {
			values[slot] = value
			continue
		}
		byLanguage, ok := values[slot].(map[string]any)
		if !ok {
			byLanguage = map[string]any{}
		}
		byLanguage[language] = value
		values[slot] = byLanguage
	}
	return values, mixed(given)
}

// mixed refuses a slot that is given as a whole and for a language.
func mixed(given map[string]bool) error {
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if slot, language, each := strings.Cut(key, "."); each && given[slot] {
			return fmt.Errorf("--set %s and %s.%s: give one name for all languages, or one for each", slot, slot, language)
		}
	}
	return nil
}

func (t *terminal) showFilled(f *template.Filled, output string) error {
	if output == "json" {
		return t.json(console.AnswerOf(f))
	}
	for _, finding := range f.Findings {
		_, _ = fmt.Fprintln(t.err, finding)
	}
	flags := ""
	if len(f.Order.Channels) > 0 {
		flags += " --channel " + strings.ReplaceAll(wordsOf(f.Order.Channels), ", ", ",")
	}
	if len(f.Order.Groups) > 0 {
		flags += " --group " + strings.Join(f.Order.Groups, ",")
	}
	if flags != "" {
		_, _ = fmt.Fprintf(t.err, "the template wants: tocsin issue -%s\n", flags)
	}
	_, err := t.out.Write(f.Document)
	return err
}
