package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/alerting/audience"
	"tocsin/alerting/desk"
	"tocsin/cmd/tocsin/client"
)

// unitsVerb is `tocsin units`: its import takes outlines too.
func unitsVerb(t *terminal) *cobra.Command {
	c := importVerb(t, "units", "administrative units, their parents and their outlines", unitColumns)
	c.AddCommand(unitsListVerb(t), unitsOutlinesVerb(t))
	return c
}

// isOutlines reports whether a file of units holds GeoJSON, by its name.
func isOutlines(what, file string) bool {
	end := strings.ToLower(filepath.Ext(file))
	return what == "units" && (end == ".geojson" || end == ".json")
}

// importFile sends a file in the form that it has.
func importFile(ctx context.Context, api *client.Client, what, name string, in io.Reader, report func(audience.Progress)) (audience.Result, *desk.Proposed, error) {
	if isOutlines(what, name) {
		r, err := api.ImportOutlines(ctx, in, report)
		return r, nil, err
	}
	return api.ImportOrPropose(ctx, what, in, report)
}

func unitsListVerb(t *terminal) *cobra.Command {
	var below string
	c := &cobra.Command{Use: "list", Short: "The administrative units, and which of them have an outline", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			l := listing{header: []string{"code", "name", "parent", "outline"}}
			all, err := api.Units(cmd.Context(), below)
			if err != nil {
				return t.refused(err)
			}
			for _, u := range all {
				outline := ""
				if u.Outline {
					outline = fmt.Sprintf("%s, %.4f,%.4f to %.4f,%.4f", number(u.Points, "point"), u.Bounds[1], u.Bounds[0], u.Bounds[3], u.Bounds[2])
				}
				l.rows = append(l.rows, []string{u.Code, u.Name, u.Parent, outline})
			}
			l.value = all
			return t.show(l)
		}}
	c.Flags().StringVar(&below, "below", "", "only the units whose parent has this code")
	return c
}

func unitsOutlinesVerb(t *terminal) *cobra.Command {
	var q client.OutlineQuery
	c := &cobra.Command{Use: "outlines", Short: "The outlines of administrative units for a map, with few points, as GeoJSON", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			text, err := api.UnitOutlines(cmd.Context(), q)
			if err != nil {
				return t.refused(err)
			}
			_, err = t.out.Write(text)
			return err
		}}
	f := c.Flags()
	f.StringVar(&q.Parent, "below", "", "only the units whose parent has this code")
	f.StringVar(&q.Box, "box", "", "only those that touch WEST,SOUTH,EAST,NORTH, in degrees")
	f.IntVar(&q.Limit, "limit", 0, "how many; left out: the first 1000")
	return c
}
