package wording

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"tocsin/alerting"
	"tocsin/cap"
)

// TestRealAlerts words every document of the corpus that reads as an alert to the public.
func TestRealAlerts(t *testing.T) {
	corpus := os.Getenv("CAP_CORPUS")
	if corpus == "" {
		t.Skip("CAP_CORPUS names no folder of real alerts")
	}
	w := New(Options{PublicURL: "https://warn.example/alerts", Sender: "Office"})
	worded, verbose := 0, os.Getenv("TOCSIN_SHOW_WORDING") != ""
	err := filepath.WalkDir(filepath.Join(corpus, "valid"), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		a, err := cap.Parse(data, cap.Options{})
		if err != nil {
			return nil // not every file of the corpus is a CAP 1.2 alert
		}
		issued := &alerting.Issued{ID: alerting.IDOf(a), Alert: a}
		if check(issued) != nil {
			return nil
		}
		for i := range a.Infos {
			worded++
			for _, ch := range alerting.Channels() {
				m, err := w.Render(issued, i, ch)
				if err != nil {
					t.Errorf("%s: info %d: %s: %v", name, i, ch, err)
					continue
				}
				if r, bad := unsafeRune(m.Subject + m.Body + m.HTML); bad || !utf8.ValidString(m.Body) {
					t.Errorf("%s: info %d: %s holds %U", name, i, ch, r)
				}
				if ch == alerting.Push && len(m.Body) > MaxPush || m.Cost < 1 || m.Cost > MaxSMSParts {
					t.Errorf("%s: info %d: %s: %d bytes, cost %d", name, i, ch, len(m.Body), m.Cost)
				}
				if verbose && ch == alerting.SMS {
					t.Logf("%s\n%s\n%q", filepath.Base(name), m.Body, w.Advice(issued, i))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if worded == 0 {
		t.Fatal("no alert of the corpus was worded")
	}
	t.Logf("worded %d infos", worded)
}
