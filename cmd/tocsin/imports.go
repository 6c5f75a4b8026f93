package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"tocsin/alerting/audience"
)

// importVerb is `tocsin people import FILE` and its siblings.
func importVerb(t *terminal, what, short, columns string) *cobra.Command {
	parent := &cobra.Command{Use: what, Short: "Import " + short}
	var s signing
	child := &cobra.Command{
		Use:   "import FILE",
		Short: "Import " + short + " from CSV (- reads standard input)",
		Long: "Import " + short + " from CSV. A line that cannot be used is reported with its number, and the rest is imported. " +
			"Exit code 0: all lines were used; 2: some were not.\n\nThe file is UTF-8, separated by commas, semicolons or tabs; the first " +
			"line names the columns, in any order, and every other line has as many fields.\n\n" + columns,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			in, size, err := t.openFile(args[0])
			if err != nil {
				return &exit{exitRefused, err}
			}
			defer func() { _ = in.Close() }()
			bar := t.bar(size, what)
			result, change, err := importFile(cmd.Context(), api, what, args[0], in, func(p audience.Progress) { _ = bar.Set64(p.Bytes) })
			_ = bar.Finish()
			if err != nil {
				return t.refused(err)
			}
			if change != nil {
				return t.proposed(cmd, api, *change, result, s)
			}
			return t.showImport(result)
		},
	}
	if what == "sirens" {
		s.changeFlags(child)
		parent.AddCommand(sirenOrderVerb(t), sirensListVerb(t))
	}
	parent.AddCommand(child)
	return parent
}

// The columns of each import, as package audience reads them.
const (
	peopleColumns = `  person     needed: the reference by which the office knows the person; unique
  language   language tag, e.g. zh-CN
  wants      CAP categories and hazards, separated by |, e.g. Fire|flood|tsunami; empty: all. An event that no table knows is
             filtered out for nobody
  sms        phone number; without a country code it is one of office.region
  push       push subscription, the JSON that the browser gives
  mail       e-mail address
  verified   yes: the owner confirmed the addresses; otherwise they are kept and not used
  places     see below; place, place1, place2, … are read alike, and all are added up

Places are separated by ; or |, and each is one of

  30.2741,120.1551    a point: latitude,longitude in degrees (WGS 84)
  cell:344b           an S2 cell by its token
  code:SAME=006109    an administrative code, as the geocodes of a warning have it

with an optional @Minor, @Moderate, @Severe or @Extreme behind it: the lowest severity that its owner wants to hear of
there. A field that holds the separator of the file stands in quotes: "30.2741,120.1551@Minor;cell:344b".`
	sirenColumns = `  ref          needed: the siren's own name; unique
  lat, lon     needed: where it stands, in degrees (WGS 84)
  protocol     needed: http, mqtt or modbus
  gateway      needed: the gateway of the configuration that it hangs on
  name         what people call it
  group        the group by which officers name it
  programmes   what the device calls the programmes: alert=3|all-clear=5, or a JSON object
  max_seconds  its longest run
  enabled      no: it is not sounded
  url          base address of an HTTP siren
  topic        base topic of an MQTT siren; empty: the gateway's prefix and ref
  host         host and port of a Modbus siren, with unit (its unit id) and register_map
  key          the public key, in base 64, that the device signs its replies with`
	unitColumns = `  code     needed: NAME=VALUE, as the geocodes of a warning have it, e.g. SAME=006109
  parent   the code of the unit that it lies in; empty: the top
  name     what people call it

A file whose name ends in .geojson or .json is a GeoJSON FeatureCollection: each feature has the properties code, parent and
name, and a Polygon or MultiPolygon as its geometry, in degrees of WGS 84. Whoever acts for a unit (api.tokens[].unit) warns
inside its outline and by its codes and those of the units below it. A unit without an outline has those of the units below it,
but an area that reaches over the border of two of them then lies outside.`
)

func (t *terminal) openFile(name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(t.in), -1, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// bar shows bytes on a terminal, and nothing elsewhere.
func (t *terminal) bar(size int64, what string) *progressbar.ProgressBar {
	if !t.isTerminal() {
		return progressbar.DefaultBytesSilent(size, what)
	}
	return progressbar.NewOptions64(size, progressbar.OptionSetDescription(what), progressbar.OptionShowBytes(true),
		progressbar.OptionSetWriter(t.err), progressbar.OptionClearOnFinish())
}

// lineOf says where a problem is.
func lineOf(p audience.Problem) string {
	if p.Where != "" {
		return p.Where
	}
	return strconv.Itoa(p.Line)
}

func (t *terminal) showImport(r audience.Result) error {
	l := listing{value: r, header: []string{"line", "column", "problem"}}
	for _, p := range r.Problems {
		l.rows = append(l.rows, []string{lineOf(p), p.Column, p.What})
	}
	for _, w := range r.Warnings {
		l.rows = append(l.rows, []string{lineOf(w), w.Column, "warning: " + w.What})
	}
	if t.format != "table" {
		if err := t.show(l); err != nil {
			return err
		}
	} else {
		t.printf("%d lines: %d new, %d replaced, %d skipped; %d addresses, of which %d are not verified and %d opted out; %d places\n",
			r.Lines, r.New, r.Replaced, r.Skipped, r.Addresses, r.Unverified, r.OptedOut, r.Places)
		if len(l.rows) > 0 {
			if err := t.show(l); err != nil {
				return err
			}
		}
		if more := r.ProblemCount - len(r.Problems); more > 0 {
			t.printf("and %d more problems\n", more)
		}
		if more := r.WarningCount - len(r.Warnings); more > 0 {
			t.printf("and %d more warnings\n", more)
		}
	}
	if r.ProblemCount > 0 {
		return &exit{exitRefused, fmt.Errorf("%s in the file; what could be used was imported", number(int64(r.ProblemCount), "problem"))}
	}
	return nil
}
