package pages

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
)

// sources are the templates: shared ones at the top of the folder, and one per page below, each in the folder of its area.
//
//go:embed templates
var sources embed.FS

// readTemplates parses each page together with what all share. A page is named AREA/NAME, or NAME where it has no area.
func readTemplates() (map[string]*template.Template, error) {
	shared, err := template.New("shared").Option("missingkey=error").Funcs(functions()).ParseFS(sources, "templates/shared/*.html")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	out := make(map[string]*template.Template)
	err = fs.WalkDir(sources, "templates", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(file) != ".html" || strings.HasPrefix(file, "templates/shared/") {
			return err
		}
		page, err := shared.Clone()
		if err == nil {
			page, err = page.ParseFS(sources, file)
		}
		if err != nil {
			return fmt.Errorf("template %s: %w", file, err)
		}
		out[strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")] = page
		return nil
	})
	return out, err
}

// functions are those that templates need besides the methods of what they show.
func functions() template.FuncMap {
	return template.FuncMap{"part": part, "count": func(n int) int64 { return int64(n) }}
}

// part joins the request with the data of a part: {{template "field" (part $ .Thing)}}.
func part(v any, data any) (view, error) {
	switch v := v.(type) {
	case view:
		return view{request: v.request, Title: v.Title, Data: data}, nil
	case *view:
		return view{request: v.request, Title: v.Title, Data: data}, nil
	}
	return view{}, fmt.Errorf("part: want the page's view first ($), have %T", v)
}
