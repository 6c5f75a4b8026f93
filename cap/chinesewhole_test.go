package cap

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// noMessages are the files and beginnings of texts with values that no finding says.
var (
	noMessageFiles = []string{"chinese.go", "compare.go", "findings.go", "region.go"}
	noMessages     = []string{"unit %s: ", "reference %s: %s", "the element is missing: %s", "CAP 1.0 %s", "there is no profile", "<?xml"}
)

// TestEveryValueIsSaidInChinese: a message of this package that fills in values has a Chinese one that does.
func TestEveryValueIsSaidInChinese(t *testing.T) {
	var rows []string
	for _, line := range strings.Split(chineseTable, "\n") {
		if cells := strings.Split(line, "\t"); len(cells) == 3 && cells[1] != "" {
			rows = append(rows, cells[1])
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || slices.Contains(noMessageFiles, file) {
			continue
		}
		for _, text := range textsOf(t, file) {
			if !strings.Contains(text, "%s") || strings.HasSuffix(text, ".") || strings.Contains(text, "§") || strings.Count(text, " ") < 2 ||
				slices.ContainsFunc(noMessages, func(s string) bool { return strings.HasPrefix(text, s) }) {
				continue
			}
			looked++
			// What stands for a value here may stand written out in the table.
			form := regexp.MustCompile("(?s)" + strings.ReplaceAll(regexp.QuoteMeta(text), "%s", ".+") + ".*$")
			if !slices.ContainsFunc(rows, form.MatchString) {
				t.Errorf("%s: nothing in chinese.tsv says %q", file, text)
			}
		}
	}
	if looked < 80 {
		t.Errorf("only %d messages: the test looks in the wrong place", looked)
	}
}

// textsOf are the texts of a file, in one piece even if they are put together, with %s for each value.
func textsOf(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		text, ok := flattened(e)
		if ok {
			out = append(out, text)
		}
		return !ok
	})
	return out
}

var messageVerb = regexp.MustCompile(`%[-+# 0]*\d*(?:\.\d+)?(?:\[\d+\])?[a-zA-Z]`)

func flattened(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return messageVerb.ReplaceAllString(text, "%s"), err == nil && e.Kind == gotoken.STRING
	case *ast.BinaryExpr:
		a, one := flattened(e.X)
		b, two := flattened(e.Y)
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
	return "", false
}

// TestNoRuleSaysTwoThingsWithOneSentence: where a rule has several messages, each has its own in Chinese.
func TestNoRuleSaysTwoThingsWithOneSentence(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	english := make(map[[2]string]string)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		document := text[strings.Index(string(text), "<"):]
		for _, p := range Profiles() {
			_, found := Read(document, Options{Profile: p})
			_, strict := ParseAll(document, Options{Profile: p})
			for _, f := range append(found, strict...) {
				said := [2]string{f.ID, f.In("zh")}
				if have, ok := english[said]; ok && have != f.Message {
					t.Errorf("%s says %q in Chinese for %q and for %q", f.ID, said[1], have, f.Message)
				}
				english[said] = f.Message
			}
		}
	}
	if n := len(slices.Collect(maps.Keys(english))); n < 50 {
		t.Errorf("only %d messages", n)
	}
}
