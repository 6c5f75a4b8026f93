// Package cmd holds the programs; its one test is the law of the house: who may import whom.
package cmd

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "tocsin"

// file is one Go source with what the house cares about.
type file struct {
	path, dir, pkg string
	test, doc      bool
	imports        []string
}

// sources parses every Go file of the project. It reads the files itself: a test that shells out to `go list` would be
// cached while the sources change.
func sources(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != ".." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, fileOf(path, f))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("only %d Go files found: the test looks in the wrong place", len(files))
	}
	return files
}

func fileOf(path string, f *ast.File) file {
	rel, _ := filepath.Rel("..", path)
	out := file{path: rel, dir: filepath.ToSlash(filepath.Dir(rel)), pkg: f.Name.Name,
		test: strings.HasSuffix(path, "_test.go"), doc: f.Doc != nil && strings.TrimSpace(f.Doc.Text()) != ""}
	for _, spec := range f.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		out.imports = append(out.imports, p)
	}
	return out
}

// own is the folder of a package of ours; ok is false for foreign imports.
func own(importPath string) (dir string, ok bool) {
	dir, ok = strings.CutPrefix(importPath, module+"/")
	return dir, ok
}

func floor(dir string) int {
	return slices.Index([]string{"cap", "alerting", "channels", "cmd", "deploy"}, strings.SplitN(dir, "/", 2)[0])
}

func TestTopLevelIsFixed(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := os.ReadFile("../.gitignore")
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{"cmd", "alerting", "channels", "cap", "deploy", "go.mod", "go.sum", "Makefile", "README.md"}
	for _, e := range entries {
		built := strings.Contains(string(ignored), "/"+e.Name()+"/\n")
		if !strings.HasPrefix(e.Name(), ".") && !built && !slices.Contains(allowed, e.Name()) {
			t.Errorf("%s lies at the top: only %v and dotfiles may", e.Name(), allowed)
		}
	}
}

func TestNoFloorImportsAHigherOne(t *testing.T) {
	for _, f := range sources(t) {
		for _, imp := range f.imports {
			dir, ok := own(imp)
			if ok && floor(dir) > floor(f.dir) {
				t.Errorf("%s imports %s: floors are cap < alerting < channels < cmd, because data flows that way and imports point back", f.path, imp)
			}
		}
	}
}

// leaves import no sibling, and every sibling may import them: what both ends of a promise must agree about.
var leaves = []string{"alerting/seal", "alerting/approval"}

// overseers look into several siblings: that is what they are for.
var overseers = []string{"alerting/console", "alerting/public", "alerting/report", "alerting/office"}

func TestSiblingsOfAlertingDoNotImportEachOther(t *testing.T) {
	for _, f := range sources(t) {
		room := roomOf(f.dir)
		if room == "" || slices.Contains(overseers, room) {
			continue
		}
		for _, imp := range f.imports {
			dir, ok := own(imp)
			other := roomOf(dir)
			switch {
			case !ok || other == "" || other == room || slices.Contains(leaves, other) && (f.test || !strings.HasSuffix(dir, "test")):
			case f.test && (other == "alerting/embedded" || other == "alerting/store"):
			case room == "alerting/embedded" || (other == "alerting/embedded" && strings.HasSuffix(f.dir, "test")):
			default:
				t.Errorf("%s imports %s: packages of alerting meet only in cmd, so that each can be read by itself", f.path, imp)
			}
		}
	}
}

// roomOf is "alerting/NAME" for a package in or below it, else "".
func roomOf(dir string) string {
	parts := strings.Split(dir, "/")
	if len(parts) < 2 || parts[0] != "alerting" {
		return ""
	}
	return parts[0] + "/" + parts[1]
}

// drivers are libraries with few named importers, each with the reason.
var drivers = []struct {
	library string
	rooms   []string
	why     string
}{
	{"github.com/segmentio/kafka-go", []string{"alerting/stream"}, "everybody else speaks in batches and receipts"},
	{"github.com/twmb/franz-go", []string{"alerting/embedded"}, "it only plays the broker"},
	{"github.com/alicebob/miniredis", []string{"alerting/embedded"}, "it only plays the server"},
	{"github.com/redis/go-redis", []string{"alerting/ledger", "alerting/login", "channels/pace", "alerting/embedded", "cmd/tocsin"}, "receipts, sessions and pace are all that lives in Redis"},
	{"modernc.org/sqlite", []string{"alerting/store"}, "only store opens databases"},
	{"github.com/jackc/pgx", []string{"alerting/store"}, "only store opens databases"},
	{"github.com/pressly/goose", []string{"alerting/store"}, "only store migrates"},
	{"github.com/uptrace/bun", []string{"alerting/store", "alerting/audience", "alerting/fanout", "alerting/desk", "alerting/journal", "alerting/inbox", "alerting/login", "cmd/tocsin"}, "owners of tables"},
	{"github.com/twilio/twilio-go", []string{"channels/sms", "cmd/gatewaysim"}, "one adapter per gateway"},
	{"github.com/SherClockHolmes/webpush-go", []string{"channels/push", "cmd/gatewaysim"}, "one adapter per gateway"},
	{"github.com/eclipse/paho.golang", []string{"channels/siren", "cmd/gatewaysim"}, "one adapter per gateway"},
	{"github.com/mochi-mqtt/server", []string{"channels/siren", "cmd/gatewaysim"}, "it only plays the broker"},
	{"github.com/emersion/go-smtp", []string{"channels/mail", "cmd/gatewaysim"}, "one adapter per gateway"},
	{"github.com/wneessen/go-mail", []string{"channels/mail"}, "one adapter per gateway"},
	{"github.com/nyaruka/phonenumbers", []string{"alerting/audience"}, "numbers are checked where they come in"},
	{"github.com/russellhaering/goxmldsig", []string{"cap/dsig"}, "whoever needs a signature asks dsig"},
	{"github.com/beevik/etree", []string{"cap/dsig"}, "whoever needs a signature asks dsig"},
	{"github.com/xuri/excelize", []string{"alerting/report"}, "workbooks are one format of a report"},
	{"github.com/danielgtaylor/huma", []string{"alerting/console"}, "it only describes the API"},
	{"github.com/coreos/go-oidc", []string{"alerting/login"}, "who somebody is, is asked in one place"},
	{"github.com/spf13/cobra", []string{"cmd/tocsin", "cmd/gatewaysim"}, "command lines"},
}

func TestDriversHaveTheirNamedImporters(t *testing.T) {
	for _, f := range sources(t) {
		if f.test {
			continue // Tests run the real parts.
		}
		for _, imp := range f.imports {
			for _, d := range drivers {
				if imp != d.library && !strings.HasPrefix(imp, d.library+"/") {
					continue
				}
				if !slices.ContainsFunc(d.rooms, func(r string) bool { return f.dir == r || strings.HasPrefix(f.dir, r+"/") }) {
					t.Errorf("%s imports %s: only %v may (%s)", f.path, imp, d.rooms, d.why)
				}
			}
		}
	}
}

func TestEveryPackageHasOneComment(t *testing.T) {
	docs, seen := map[string]int{}, map[string]bool{}
	for _, f := range sources(t) {
		if f.test && f.dir != "cmd" {
			continue
		}
		seen[f.dir] = true
		if f.doc {
			docs[f.dir]++
		}
	}
	for dir := range seen {
		if docs[dir] != 1 {
			t.Errorf("%s has %d package comments, want exactly one: what it is, why it stands apart, what always holds", dir, docs[dir])
		}
	}
}

func TestNoPackageIsNamedAfterNothing(t *testing.T) {
	empty := []string{"util", "utils", "common", "helpers", "helper", "models", "types", "base", "misc", "shared"}
	for _, f := range sources(t) {
		if slices.Contains(empty, f.pkg) {
			t.Errorf("%s: package %s says nothing about what it holds", f.path, f.pkg)
		}
	}
}
