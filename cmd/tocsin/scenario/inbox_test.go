package scenario

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/alerting/inbox"
	"tocsin/cap"
	"tocsin/cap/dsig"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

// signedBy signs a document with the key of a folder of the office.
func (o *Office) signedBy(folder string, document []byte) []byte {
	o.tb.Helper()
	s, err := serve.Signer(filepath.Join(o.Dir, folder, "signing.pem"), filepath.Join(o.Dir, folder, "signing.crt"), "")
	if err == nil {
		document, err = s.Sign(document)
	}
	if err != nil {
		o.tb.Fatal(err)
	}
	return document
}

// TestAPartnersAlertIsPolled: one that is signed becomes a submitted draft, which two people approve, and is delivered under the
// office's own signature; one that is not waits in quarantine and reaches nobody.
func TestAPartnersAlertIsPolled(t *testing.T) {
	t.Parallel()
	var feed atomic.Pointer[http.ServeMux]
	feed.Store(http.NewServeMux())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { feed.Load().ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	o := prepare(t, Options{Approvals: true, Inbox: fmt.Sprintf(`{name: weather, url: "%s/feed", every: 10s, allow_private: true, anchor_files: ["{{partner}}"]}`, server.URL)})
	p := o.Plot()
	storm, hoax := o.Alert(Info(p.Area())), o.Alert(Info(p.Area()))
	storm.Sender, hoax.Sender = "warnings@weather.example", "warnings@weather.example"
	hoax.Infos[0].Headline = "A hoax"
	mux, entries := http.NewServeMux(), ""
	for name, document := range map[string][]byte{"storm": o.signedBy("partner", o.Document(storm)), "hoax": o.Document(hoax)} {
		entries += fmt.Sprintf(`<item><guid>%s</guid><title>%s</title><link>%s/%s</link></item>`, name, name, server.URL, name)
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(document) })
	}
	mux.HandleFunc("/feed", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `<rss version="2.0"><channel><title>f</title>%s</channel></rss>`, entries)
	})
	feed.Store(mux)
	o.serve("all")
	number := o.Number()
	o.Import(Person{Ref: "resident", SMS: number, Places: []string{p.Inside(1)}})

	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	came := make(map[inbox.State]inbox.Letter)
	Until(t, patience, "both came", func() error {
		all, err := o.API.Inbox(ctx, nil, client.Paging{})
		if err == nil && len(all) != 2 {
			err = errors.New("not yet")
		}
		for _, l := range all {
			came[l.State] = l
		}
		return err
	})
	waits := came[inbox.Quarantined]
	if waits.Title != "A hoax" || waits.Draft != "" || !strings.Contains(waits.Reason, "no signature") {
		t.Errorf("in quarantine: %+v", waits)
	}
	draft, err := o.API.DraftAt(ctx, came[inbox.Submitted].Draft)
	if err != nil || draft.State != desk.Submitted || draft.Author != (alerting.Actor{Name: "weather", Kind: "partner"}) || !bytes.Equal(draft.Document, o.Document(storm)) {
		t.Fatalf("the draft: %+v %v", draft, err)
	}
	if draft = o.approves(draft, approval.Approve, "first"); draft.State != desk.Submitted {
		t.Fatalf("after one approval it is %s", draft.State)
	}
	draft = o.approves(draft, approval.Approve, "second")
	o.Became(draft.Alert, "resident", "sms delivered")
	if n := len(o.Arrivals()); n != 1 {
		t.Errorf("%d messages arrived, want that of the storm alone", n)
	}
	o.carriesTheOfficesSignature(draft.Alert)
}

// carriesTheOfficesSignature: whoever pins the office's certificate can verify what it issued, whoever wrote it.
func (o *Office) carriesTheOfficesSignature(id alerting.AlertID) {
	o.tb.Helper()
	_, published := o.Get("http://" + o.Addresses.Feeds.String() + "/feeds/alerts/" + id.String() + ".cap")
	anchors, err := serve.Certificates(filepath.Join(o.Dir, "signing.crt"))
	if err != nil {
		o.tb.Fatal(err)
	}
	report, err := dsig.Verify([]byte(published), dsig.Trust{Anchors: anchors, At: time.Now()})
	if err != nil || !report.Trusted() {
		o.tb.Errorf("as it was issued: %v\n%s", err, published)
		return
	}
	if a, err := cap.Parse(report.Document, cap.Options{}); err != nil || a.Sender != "warnings@weather.example" {
		o.tb.Errorf("it says %+v %v", a, err)
	}
}
