package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting/template"
	"tocsin/alerting/wording"
	"tocsin/cap"
	"tocsin/cmd/tocsin/serve"
)

func templateVerb(t *terminal) *cobra.Command {
	c := &cobra.Command{Use: "template", Short: "Warnings that were written in quiet hours: list, check, show, fill, issue and update them",
		Long: "A template is a YAML file: a warning for one hazard and severity, in every language of the office, with slots for what only the hour can " +
			"tell. Filled once, it gives a whole CAP document:\n\n" +
			"  tocsin template fill flood-severe.yaml --set place=Riverside --set area=@area.geojson | tocsin issue -\n\n" +
			"Those in deploy/templates are a beginning. Only `issue` and `update` need a running office."}
	c.AddCommand(templateListVerb(t), templateCheckVerb(t), templateShowVerb(t), templateFillVerb(t), templateIssueVerb(t), templateUpdateVerb(t))
	return c
}

func templateListVerb(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "list [DIR]",
		Short: "List the templates of a folder (default: templates.dir of the configuration)",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := slices.Concat(args, []string{""})[0]
			if dir == "" {
				cfg, err := t.config()
				if err != nil {
					return err
				}
				dir = cfg.Templates.Dir
			}
			if dir == "" {
				return &exit{exitRefused, errors.New("no folder: name it, or set templates.dir in the configuration")}
			}
			good, broken, err := folder(dir)
			if err != nil {
				return &exit{exitRefused, err}
			}
			l := listing{header: []string{"id", "version", "severity", "hazard", "languages", "about"}, value: good}
			for _, one := range good {
				l.rows = append(l.rows, []string{one.ID, fmt.Sprint(one.Version), string(one.Severity), string(one.Hazard), strings.Join(one.Languages(), " "), one.About})
			}
			if err := t.show(l); err != nil {
				return err
			}
			return t.broken(broken)
		},
	}
}

// folder reads all templates of a folder.
func folder(dir string) ([]*template.Template, []*template.Broken, error) {
	shelf, err := template.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	return shelf.Read()
}

// broken says on standard error what is wrong with files.
func (t *terminal) broken(all []*template.Broken) error {
	for _, b := range all {
		_, _ = fmt.Fprintln(t.err, b)
	}
	if len(all) == 0 {
		return nil
	}
	return &exit{exitFailed, fmt.Errorf("%s cannot be used", number(int64(len(all)), "file"))}
}

func templateCheckVerb(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE|DIR…",
		Short: "Check templates: every text in every language, every slot, and what a filled one would look like",
		Long: "Check templates, and fill each with its examples, also what it has prepared for an update, an all-clear and a cancel: what a filled one " +
			"would lose or lack is shown as warnings and advice.\n" +
			"Exit code 0: all are good; 1: one has a fault; 2: a file cannot be read.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var good []*template.Template
			var bad []*template.Broken
			for _, name := range args {
				more, broken, err := templatesAt(name)
				if err != nil {
					return &exit{exitRefused, err}
				}
				good, bad = append(good, more...), append(bad, broken...)
			}
			faults := t.tryAll(good)
			if err := t.broken(bad); err != nil {
				return err
			}
			if faults > 0 {
				return &exit{exitFailed, nil}
			}
			return nil
		},
	}
}

// templatesAt reads a file, or a folder.
func templatesAt(name string) ([]*template.Template, []*template.Broken, error) {
	if about, err := os.Stat(name); err == nil && about.IsDir() {
		return folder(name)
	}
	one, err := template.Load(name)
	if b := (*template.Broken)(nil); errors.As(err, &b) {
		return nil, []*template.Broken{b}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return []*template.Template{one}, nil, nil
}

// tryAll fills templates with their examples and says what comes of it. It gives the number of those with faults.
func (t *terminal) tryAll(all []*template.Template) (faults int) {
	words := wording.New(wording.Options{})
	for _, one := range all {
		request := template.Request{Now: time.Now(), Random: still{}, Office: template.Office{Sender: "office@example.org", Name: "Warning office"}}
		filled, err := one.Trial(request)
		if err == nil {
			err = serve.CheckSiren(one, words)
		}
		if err != nil {
			faults++
			t.printf("%s: %v\n", one.ID, err)
			continue
		}
		found := cap.Merge(filled.Document, atHome(), filled.Findings, words.Remarks(issuedOf(filled.Alert)))
		for _, f := range found {
			t.printf("%s: %s: %s: %s [%s]\n", one.ID, f.Level, f.Path, f.Message, f.ID)
		}
		if err := t.tryLater(one, filled, request, words); err != nil {
			faults++
			t.printf("%s: %v\n", one.ID, err)
			continue
		}
		t.printf("%s: good: version %d, %s, %s in %s\n", one.ID, one.Version, one.Severity, number(int64(len(one.Slots)), "slot"), strings.Join(one.Languages(), ", "))
	}
	return faults
}

func templateShowVerb(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE",
		Short: "Show what a template asks for, and its texts (-o json: all of it)",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			one, err := t.loadTemplate(args[0])
			if err != nil {
				return err
			}
			if t.format == "json" {
				return t.json(one)
			}
			l := listing{header: []string{"slot", "type", "takes", "default", "about"}}
			for i := range one.Slots {
				s := &one.Slots[i]
				standard := ""
				switch {
				case s.Default != nil:
					standard = fmt.Sprint(s.Default)
				case s.Name == one.Expires:
					standard = "+" + one.Validity.String()
				}
				l.rows = append(l.rows, []string{s.Name, string(s.Type), s.Wants(), standard, s.About})
			}
			if t.format == "csv" {
				return t.show(l)
			}
			t.printf("%s, version %d: %s\n", one.ID, one.Version, one.About)
			t.printf("%s, %s, %s, %s; holds for %s; as %s\n", one.Hazard, one.Severity, one.Urgency, one.Certainty, one.Validity, wordsOf(one.Statuses))
			t.printf("channels: %s; siren: %s\n\n", orAll(wordsOf(one.Channels)), strings.TrimSpace(one.Siren.Programme+" "+orAll(strings.Join(one.Siren.Groups, ", "))))
			if err := t.show(l); err != nil {
				return err
			}
			for _, x := range one.Texts {
				t.printf("\n%s: %s\n  %s\n  %s\n  %s\n", x.Language, x.Event, x.Headline, indented(x.Description.String()), indented(x.Instruction.String()))
			}
			t.printf("\nupdate: %s; all-clear: %s; cancel: %s\n", orNone(len(one.Update)), orNone(len(one.AllClear)), orNone(len(one.Cancel)))
			return nil
		},
	}
}

func (t *terminal) loadTemplate(name string) (*template.Template, error) {
	text, err := t.readFile(name, template.MaxFile)
	if err != nil {
		return nil, &exit{exitRefused, err}
	}
	one, err := template.Parse(name, text)
	if err != nil {
		return nil, &exit{exitRefused, err}
	}
	return one, nil
}

func wordsOf[T ~string](all []T) string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = string(one)
	}
	return strings.Join(out, ", ")
}

func orAll(text string) string {
	if text == "" {
		return "all"
	}
	return text
}

func orNone(n int) string {
	if n == 0 {
		return "none"
	}
	return "prepared"
}

func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }
