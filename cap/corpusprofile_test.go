package cap

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCorpusProfiles compares the profiles with another library's: for the documents that its own tests are made of, both
// find an error of the profile, or both find none.
func TestCorpusProfiles(t *testing.T) {
	// disagreements are documents that only lists of events tell from good ones, and those are not looked up here.
	disagreements := map[string]bool{"AustralianProfileTest.testValidate_errors-f8b87505.cap": true}
	file, err := os.Open(filepath.Join(corpus(t), "MANIFEST.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table := csv.NewReader(file)
	table.Comma, table.LazyQuotes, table.FieldsPerRecord = '\t', true, -1
	rows, err := table.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	fault := regexp.MustCompile(`\bERROR [A-Z_]+`)
	compared := 0
	for _, row := range rows {
		name := filepath.Base(row[0])
		id := map[string]string{"Australian": "cap-au", "Canadian": "cap-cp", "Google": "google", "Ipaws": "ipaws"}[strings.Split(name, "ProfileTest.")[0]]
		if id == "" || !strings.HasPrefix(row[0], "valid/") || len(row) < 5 {
			continue
		}
		p, err := ProfileByID(id)
		if err != nil {
			t.Fatal(err)
		}
		document, err := os.ReadFile(filepath.Join(corpus(t), row[0]))
		if err != nil {
			t.Fatal(err)
		}
		_, findings := ParseAll(document, Options{Profile: p})
		ours := Findings{}
		for _, f := range findings {
			if f.Level == LevelError && strings.HasPrefix(f.ID, id+".") {
				ours = append(ours, f)
			}
		}
		compared++
		if theirs := fault.MatchString(row[4]); theirs != (len(ours) > 0) && !disagreements[name] {
			t.Errorf("%s: theirs %q, ours %v", name, row[4], ours)
		}
	}
	if compared < 30 {
		t.Errorf("only %d documents were compared", compared)
	}
	t.Logf("%d documents compared", compared)
}
