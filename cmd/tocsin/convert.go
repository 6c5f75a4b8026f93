package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"tocsin/cap"
	"tocsin/cap/convert"
)

// conversions are the forms that convert writes.
func conversions() map[string]func(*cap.Alert) ([]byte, error) {
	return map[string]func(*cap.Alert) ([]byte, error){
		"cap":  cap.Write,
		"json": convert.JSON,
		"geojson": func(a *cap.Alert) ([]byte, error) {
			data, err := json.MarshalIndent(convert.GeoJSON(a), "", "  ")
			return append(data, '\n'), err
		},
		"text": func(a *cap.Alert) ([]byte, error) { return []byte(convert.Text(a)), nil },
	}
}

func convertVerb(t *terminal) *cobra.Command {
	var to string
	var tolerant bool
	c := &cobra.Command{
		Use:   "convert [FILE]",
		Short: "Write an alert as CAP 1.2, JSON, GeoJSON or text (without FILE: from standard input)",
		Long: "Convert an alert. It is read as CAP 1.2, 1.1 or 1.0, or as the JSON that convert writes, and written to standard output:\n\n" +
			"  cap      CAP 1.2, in the form that tocsin writes\n" +
			"  json     all of it, with the names of CAP's elements; reading it again gives the same alert\n" +
			"  geojson  one feature for each area, for maps\n" +
			"  text     a bulletin for people, in the language of each info\n\n" +
			"What was passed over or is doubtful goes to standard error. Exit code 0: written; 2: it cannot be read, or breaks a rule.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			write := conversions()[to]
			if write == nil {
				return &exit{exitRefused, fmt.Errorf("--to %q: want cap, json, geojson or text", to)}
			}
			document, err := t.readFile(slices.Concat(args, []string{"-"})[0], maxDocument)
			if err != nil {
				return &exit{exitRefused, err}
			}
			alert, err := t.readAny(document, tolerant)
			if err != nil {
				return &exit{exitRefused, err}
			}
			out, err := write(alert)
			if err != nil {
				return &exit{exitRefused, err}
			}
			_, err = t.out.Write(out)
			return err
		},
	}
	c.Flags().StringVar(&to, "to", "cap", "cap, json, geojson or text")
	c.Flags().BoolVar(&tolerant, "read", false, "read tolerantly what authorities really send; what is passed over is said")
	return c
}

// readAny reads CAP, or the JSON of convert, and says on standard error what is doubtful.
func (t *terminal) readAny(document []byte, tolerant bool) (*cap.Alert, error) {
	if bytes.HasPrefix(bytes.TrimSpace(document), []byte("{")) {
		return convert.FromJSON(document)
	}
	alert, findings := readAlert(document, tolerant)
	if err := findings.Err(); err != nil {
		return nil, err
	}
	for _, f := range findings {
		_, _ = fmt.Fprintln(t.err, f)
	}
	return alert, nil
}
