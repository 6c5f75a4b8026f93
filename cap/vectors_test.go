package cap

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vectorFiles lists the documents of testdata. Each begins with lines "key: value" up to a blank line; the document
// follows. The keys are:
//
//	expect: accept | refuse
//	finding: ID path line    (for every finding of level error or warning, in order)
//	comment: what the vector is about
func vectorFiles(t testing.TB) []string {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors in testdata: %v", err)
	}
	return files
}

func TestVectors(t *testing.T) {
	for _, file := range vectorFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			header, doc, ok := bytes.Cut(data, []byte("\n\n"))
			if !ok {
				t.Fatal("no blank line after the header")
			}
			expect, wanted := "", []string{}
			for line := range strings.SplitSeq(string(header), "\n") {
				key, value, _ := strings.Cut(line, ": ")
				switch key {
				case "expect":
					expect = value
				case "finding":
					wanted = append(wanted, value)
				case "comment":
				default:
					t.Fatalf("unknown key in the header: %q", line)
				}
			}
			a, findings := ParseAll(doc, Options{})
			if (expect == "accept") != (a != nil) || (expect != "accept" && expect != "refuse") {
				t.Errorf("expected %s, got %v", expect, findings)
			}
			got := []string{}
			for _, f := range findings {
				if f.Level != LevelAdvice {
					got = append(got, fmt.Sprintf("%s %s %d", f.ID, f.Path, f.Line))
				}
			}
			if strings.Join(got, "\n") != strings.Join(wanted, "\n") {
				t.Errorf("got findings\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(wanted, "\n"))
			}
		})
	}
}
