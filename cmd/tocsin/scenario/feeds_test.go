package scenario

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/cap"
	"tocsin/cap/dsig"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

// publicFeeds: an alert is in the feeds a moment after it was issued, with its document byte for byte, signed, and stays there when
// it is cancelled; an exercise is not.
func publicFeeds(t *testing.T, o *Office) {
	p := o.Plot()
	warning := o.Alert(Info(p.Area()))
	document := o.Document(warning)
	id := o.IssueDocument(document, client.Order{}).Alert
	drill := o.Alert(Info(p.Area()))
	drill.Status, drill.Note = cap.StatusExercise, "drill"
	exercise := o.Issue(drill, client.Order{})
	base := "http://" + o.Addresses.Feeds.String()
	shown := func(path, text string) bool {
		deadline := time.Now().Add(20 * time.Second)
		for time.Now().Before(deadline) {
			if status, body := o.Get(base + path); status == http.StatusOK && strings.Contains(body, text) {
				return true
			}
			time.Sleep(50 * time.Millisecond)
		}
		return false
	}
	for _, path := range []string{"/feeds/atom.xml", "/feeds/rss.xml", "/feeds/geojson"} {
		if !shown(path, id.String()) {
			t.Errorf("%s does not have the alert", path)
		}
		if _, body := o.Get(base + path); strings.Contains(body, exercise.String()) {
			t.Errorf("%s has an exercise", path)
		}
	}
	status, body := o.Get(base + "/feeds/alerts/" + id.String() + ".cap")
	if status != http.StatusOK || string(dsig.Strip([]byte(body))) != string(document) {
		t.Errorf("the document: %d, %.80q", status, body)
	}
	// Whoever knows the certificate that the office publishes can verify what it finds in the feed.
	anchors, err := serve.Certificates(filepath.Join(o.Dir, "signing.crt"))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := dsig.Verify([]byte(body), dsig.Trust{Anchors: anchors, At: time.Now()}); err != nil || !r.Trusted() {
		t.Errorf("it is not signed: %+v %v", r, err)
	}
	if status, _ := o.Get(base + "/feeds/alerts/" + exercise.String() + ".cap"); status != http.StatusNotFound {
		t.Errorf("the document of an exercise: %d", status)
	}
	cancel := o.Cancel(id)
	if !shown("/feeds/atom.xml", cancel.String()) || !shown("/feeds/atom.xml", id.String()) {
		t.Error("a cancel, or what it cancels, is not in the feed")
	}
}
