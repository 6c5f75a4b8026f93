package cap

import (
	"os"
	"path/filepath"
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

// TestCorpusFeeds: no feed is taken for an alert at either door, and none takes long. The alerts are TestConformance's.
func TestCorpusFeeds(t *testing.T) {
	for _, file := range corpusFiles(t, "feeds") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		start := processorTime()
		a, _ := Read(data, Options{})
		strict, _ := Parse(data, Options{})
		if took := processorTime() - start; took > 2*hostileLimit && !raceEnabled {
			t.Errorf("%s took %v", file, took)
		}
		if a != nil || strict != nil {
			t.Errorf("the feed %s is taken for an alert", file)
		}
	}
}
