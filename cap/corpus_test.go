package cap

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// corpus is the folder of real alerts, named by the environment variable CAP_CORPUS.
func corpus(t testing.TB) string {
	dir := os.Getenv("CAP_CORPUS")
	if dir == "" {
		t.Skip("CAP_CORPUS is not set: name the folder of real alerts to test with them")
	}
	return dir
}

// corpusFiles lists the documents of one part of the corpus.
func corpusFiles(t testing.TB, part string) []string {
	files, err := filepath.Glob(filepath.Join(corpus(t), part, "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of %s in the corpus: %v", part, err)
	}
	return files
}

// TestCorpusValid: every conforming document is accepted (§4.4), and means the same after it was written anew. What is
// refused on purpose are processing instructions and encodings other than UTF-8.
func TestCorpusValid(t *testing.T) {
	// notConforming are documents that the corpus calls valid because it judges them by a profile; they break the standard
	// itself.
	notConforming := map[string]string{
		"AustralianProfileTest.testValidate_errors-71a04794.cap": "core.references.form",   // <references>a,b,c</references>
		"AustralianProfileTest.testValidate_errors-c1892371.cap": "core.category.required", // an info without category
		"GoogleProfileTest.testValidate_errors-2c0059a2.cap":     "core.time.form",         // <effective>not-a-date</effective>
		"GoogleProfileTest.testValidate_errors-5c4404a9.cap":     "core.urgency.value",     // an info without urgency
	}
	accepted := 0
	for _, file := range corpusFiles(t, "valid") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		a, findings := ParseAll(data, Options{MaxBytes: 2 << 20})
		if a == nil {
			_, instruction := find(findings, "xml.instruction")
			_, encoding := find(findings, "xml.encoding")
			_, known := find(findings, notConforming[filepath.Base(file)])
			if !instruction && !encoding && !known {
				t.Errorf("%s is refused: %v", file, findings.Err())
			}
			continue
		}
		accepted++
		if a.Version == "1.0" || slices.ContainsFunc(a.Infos, func(i Info) bool {
			return slices.ContainsFunc(i.Resources, func(r Resource) bool { return r.MIMEType == "" })
		}) {
			continue
		}
		doc, err := Write(a)
		if err != nil {
			t.Errorf("%s cannot be written: %v", file, err)
			continue
		}
		again, err := Parse(doc, Options{MaxBytes: 4 << 20})
		if err != nil {
			t.Errorf("%s cannot be read again: %v", file, err)
			continue
		}
		again.Version = a.Version
		if !reflect.DeepEqual(a, again) {
			t.Errorf("%s changed its meaning when written", file)
		}
	}
	if accepted < 140 {
		t.Errorf("only %d documents were accepted", accepted)
	}
}

// TestCorpusInvalid: what is invalid is refused, fast, and nothing crashes.
func TestCorpusInvalid(t *testing.T) {
	// rightlyAccepted are documents that the corpus calls invalid for reasons that are not of the standard: they are read,
	// some with a warning.
	rightlyAccepted := []string{
		"CapValidatorTest.testAlertParseErrors-e6ddce23.cap", // an earlier message with the same identifier
		"INVALID_AREA_WITH_DUPLICATED_VERTEX.cap",            // a rule of one office
		"INVALID_AREA_WITH_HOLE.cap",                         // a rule of one office
		"INVALID_AREA_WITH_INTERSECTIONS.cap",                // a polygon that crosses itself
		"canada_errors.cap-2d1c2e0a.cap",                     // an update with empty references
		"ipaws-5e6ddbad023f1930ef6c1a5a.xml-08d45c9c.cap",    // an empty web
		"sample_cap_xml_documents.py-2e86100d.cap",           // an earlier message with the same identifier
	}
	for _, part := range []string{"invalid", "feeds", "signed"} {
		for _, file := range corpusFiles(t, part) {
			data, err := os.ReadFile(file)
			if err != nil {
				continue // a folder
			}
			start := processorTime()
			_, err = Parse(data, Options{})
			if took := processorTime() - start; took > hostileLimit && !raceEnabled {
				t.Errorf("%s took %v", file, took)
			}
			if part == "invalid" && err == nil && !slices.Contains(rightlyAccepted, filepath.Base(file)) {
				t.Errorf("%s is accepted", file)
			}
			if part == "feeds" && err == nil {
				t.Errorf("the feed %s is taken for an alert", file)
			}
		}
	}
}
