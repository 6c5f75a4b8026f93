package alerting

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tocsin/cap"
)

var anyVerb = regexp.MustCompile(`%[-+# 0]*\d*(?:\.\d+)?(?:\[\d+\])?[a-zA-Z]`)

// TestTheOfficesOwnFindingsSpeakChinese: each finding that a package of the office makes has its own Chinese message, which fills in
// the same values.
func TestTheOfficesOwnFindingsSpeakChinese(t *testing.T) {
	table, err := inChinese()
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, f := range findingsOf(t, "..") {
		looked++
		// Values that no sentence holds by chance.
		english := anyVerb.ReplaceAllString(f.Message, "@@")
		text, known := table.Of(cap.Finding{ID: f.ID, Message: english})
		if !known {
			t.Errorf("%s says nothing in Chinese for %q", f.ID, f.Message)
		} else if strings.Count(text, "@@") != strings.Count(english, "@@") {
			t.Errorf("%s says %q for %q: values are missing", f.ID, text, f.Message)
		}
	}
	if looked < 25 {
		t.Errorf("only %d findings: the test looks in the wrong place", looked)
	}
}

// findingsOf are the findings that the packages in and below a folder make, with the verbs of package fmt for values.
func findingsOf(t *testing.T, root string) cap.Findings {
	t.Helper()
	var out cap.Findings
	add := func(id string, message ast.Expr) {
		if call, ok := message.(*ast.CallExpr); ok && calledName(call) == "Sprintf" {
			message = call.Args[0]
		}
		if text, ok := withValues(message); ok && id != "" {
			out = append(out, cap.Finding{ID: id, Message: text})
		}
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, filepath.Join("..", "cap")) {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				first := ""
				if len(n.Args) > 1 {
					first, _ = literal(n.Args[0])
				}
				switch calledName(n) {
				case "finding":
					add(first, n.Args[len(n.Args)-1])
				case "advise":
					add(first, n.Args[1])
				case "remark":
					if first != "" {
						add("reach."+first, n.Args[2])
					}
				}
			case *ast.CompositeLit:
				id, message := "", ast.Expr(nil)
				for _, e := range n.Elts {
					pair, ok := e.(*ast.KeyValueExpr)
					if key, named := keyOf(pair, ok); named && key == "ID" {
						id, _ = literal(pair.Value)
					} else if named && key == "Message" {
						message = pair.Value
					}
				}
				if message != nil && strings.Contains(id, ".") {
					add(id, message)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func keyOf(pair *ast.KeyValueExpr, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	id, ok := pair.Key.(*ast.Ident)
	if !ok {
		return "", false
	}
	return id.Name, true
}

// withValues is literal with %s for whatever is not written out.
func withValues(e ast.Expr) (string, bool) {
	if sum, ok := e.(*ast.BinaryExpr); ok {
		a, one := withValues(sum.X)
		b, two := withValues(sum.Y)
		if !one && !two {
			return "", false
		}
		if !one {
			a = "%s"
		}
		if !two {
			b = "%s"
		}
		return a + b, true
	}
	return literal(e)
}
