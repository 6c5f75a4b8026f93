package feed

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/cap"
)

var noon = time.Date(2026, 5, 24, 12, 0, 0, 0, time.FixedZone("", 2*3600))

func office() Feed {
	return Feed{ID: "urn:uuid:1", Title: "Warnings of the harbour & the city", Self: "https://warn.example/feeds/atom.xml", Home: "https://warn.example/",
		Author: "Harbour Office", Language: "en", Updated: noon}
}

func some(n int) []Entry {
	var out []Entry
	for i := range n {
		out = append(out, Entry{ID: fmt.Sprintf("urn:uuid:a%d", i), Key: fmt.Sprintf("k%d", i), Title: fmt.Sprintf("Flood <%d>", i),
			Summary: strings.Repeat("Water is rising. ", 20), Link: fmt.Sprintf("https://warn.example/feeds/alerts/%d.cap", i), Updated: noon,
			Author: "Harbour Office", Language: "en", Categories: []cap.Category{"Met"}})
	}
	return out
}

// atomShape and rssShape are what the standards and the hubs demand.
type atomShape struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Author  string   `xml:"author>name"`
	Links   []struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	} `xml:"link"`
	Entries []struct {
		ID      string `xml:"id"`
		Title   string `xml:"title"`
		Updated string `xml:"updated"`
		Summary string `xml:"summary"`
		Link    struct {
			Rel  string `xml:"rel,attr"`
			Type string `xml:"type,attr"`
			Href string `xml:"href,attr"`
		} `xml:"link"`
	} `xml:"entry"`
}

type rssShape struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Channel struct {
		Title       string `xml:"title"`
		Description string `xml:"description"`
		PubDate     string `xml:"pubDate"`
		Items       []struct {
			Title   string `xml:"title"`
			Link    string `xml:"link"`
			PubDate string `xml:"pubDate"`
			GUID    struct {
				PermaLink string `xml:"isPermaLink,attr"`
				Text      string `xml:",chardata"`
			} `xml:"guid"`
		} `xml:"item"`
	} `xml:"channel"`
}

func TestAtomHasWhatIsMandatory(t *testing.T) {
	pages, err := Write(Atom, office(), some(3), 0)
	if err != nil || len(pages) != 1 {
		t.Fatal(len(pages), err)
	}
	var f atomShape
	if err := xml.Unmarshal(pages[0].Body, &f); err != nil {
		t.Fatal(err)
	}
	if f.ID != "urn:uuid:1" || f.Title != "Warnings of the harbour & the city" || f.Updated != "2026-05-24T12:00:00+02:00" || f.Author == "" ||
		f.Links[0].Rel != "self" || f.Links[0].Href != office().Self || len(f.Entries) != 3 {
		t.Errorf("%+v", f)
	}
	e := f.Entries[1]
	if e.ID != "urn:uuid:a1" || e.Title != "Flood <1>" || e.Updated == "" || e.Link.Rel != "alternate" || e.Link.Type != "application/cap+xml" ||
		e.Link.Href != "https://warn.example/feeds/alerts/1.cap" || e.Summary == "" {
		t.Errorf("%+v", e)
	}
	wellFormed(t, pages)
}

func TestRSSHasWhatIsMandatory(t *testing.T) {
	pages, err := Write(RSS, office(), some(2), 0)
	if err != nil {
		t.Fatal(err)
	}
	var f rssShape
	if err := xml.Unmarshal(pages[0].Body, &f); err != nil {
		t.Fatal(err)
	}
	c := f.Channel
	if f.Version != "2.0" || c.Title == "" || c.Description == "" || c.PubDate != "Sun, 24 May 2026 12:00:00 +0200" || len(c.Items) != 2 {
		t.Errorf("%+v", f)
	}
	if i := c.Items[0]; i.Link != "https://warn.example/feeds/alerts/0.cap" || i.GUID.PermaLink != "false" || i.GUID.Text != "urn:uuid:a0" ||
		i.PubDate == "" || i.Title != "Flood <0>" {
		t.Errorf("%+v", i)
	}
	if !bytes.Contains(pages[0].Body, []byte("<link>https://warn.example/</link>")) {
		t.Error("the channel has no link")
	}
	wellFormed(t, pages)
}

// wellFormed asks xmllint, where there is one: a second opinion.
func wellFormed(t *testing.T, pages []Page) {
	t.Helper()
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		return
	}
	for _, p := range pages {
		cmd := exec.CommandContext(t.Context(), lint, "--noout", "-")
		cmd.Stdin = bytes.NewReader(p.Body)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("xmllint: %v: %s", err, out)
		}
	}
}

func TestNothingIsWrittenThatLacksSomething(t *testing.T) {
	for name, change := range map[string]func(*Feed, *Entry){
		"feed id":    func(f *Feed, _ *Entry) { f.ID = "" },
		"feed title": func(f *Feed, _ *Entry) { f.Title = "" },
		"self":       func(f *Feed, _ *Entry) { f.Self = "" },
		"updated":    func(f *Feed, _ *Entry) { f.Updated = time.Time{} },
		"id":         func(_ *Feed, e *Entry) { e.ID = "" },
		"title":      func(_ *Feed, e *Entry) { e.Title = "" },
		"link":       func(_ *Feed, e *Entry) { e.Link = "" },
		"time":       func(_ *Feed, e *Entry) { e.Updated = time.Time{} },
		"key":        func(_ *Feed, e *Entry) { e.Key = "" },
		"long link":  func(_ *Feed, e *Entry) { e.Link = strings.Repeat("x", 5000) },
	} {
		f, entries := office(), some(2)
		change(&f, &entries[1])
		if pages, err := Write(Atom, f, entries, 0); err == nil {
			t.Errorf("%s: %d pages are written", name, len(pages))
		}
	}
	if _, err := Write(RSS, office(), nil, 100); err == nil {
		t.Error("a limit of 100 bytes is taken")
	}
	if _, err := Write(0, office(), nil, 0); err == nil {
		t.Error("no format is taken")
	}
}

// TestPagesHoldEveryEntry: whatever the number and the length of entries, no page is too long, and who follows next from the
// first page finds each entry once.
func TestPagesHoldEveryEntry(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		entries := some(rapid.IntRange(0, 200).Draw(r, "entries"))
		for i := range entries {
			entries[i].Title = "x" + rapid.StringN(0, 400, -1).Draw(r, "title")
			entries[i].Summary = strings.Repeat("&", rapid.IntRange(0, 1500).Draw(r, "summary"))
		}
		format := rapid.SampledFrom([]Format{Atom, RSS}).Draw(r, "format")
		limit := rapid.SampledFrom([]int{least, 40_000, 0}).Draw(r, "limit")
		pages, err := Write(format, office(), entries, limit)
		if err != nil {
			r.Fatal(err)
		}
		byURL := map[string]Page{}
		for _, p := range pages {
			if limit == 0 {
				limit = DefaultLimit
			}
			if len(p.Body) > limit {
				r.Fatalf("a page has %d bytes, more than %d", len(p.Body), limit)
			}
			byURL[office().pageURL(p)] = p
		}
		var found []string
		for next := office().Self; next != ""; {
			d, err := Parse(byURL[next].Body, next, Options{})
			if err != nil {
				r.Fatal(err)
			}
			if len(d.Problems) > 0 || d.Format != format || len(d.Items) != byURL[next].Entries {
				r.Fatalf("%+v", d)
			}
			for _, i := range d.Items {
				found = append(found, i.ID+" "+i.Link)
			}
			next = d.Next
		}
		if len(found) != len(entries) {
			r.Fatalf("%d of %d entries", len(found), len(entries))
		}
		for i, e := range entries {
			if found[i] != e.ID+" "+e.Link {
				r.Fatalf("entry %d is %s", i, found[i])
			}
		}
	})
}

func TestEntryOf(t *testing.T) {
	a := &cap.Alert{Identifier: "17", Sender: "office", Sent: noon, Status: cap.StatusActual, MsgType: cap.MsgAlert,
		Infos: []cap.Info{{Event: "Flood", Headline: " Flood\nat the river ", Description: "Rising.", Instruction: "Go uphill.", SenderName: "Harbour Office"}}}
	if e := EntryOf(a); e.Title != "Flood at the river" || e.Summary != "Rising.\nGo uphill." || e.Author != "Harbour Office" || e.Language != "en-US" {
		t.Errorf("%+v", e)
	}
	a.Status, a.MsgType, a.Infos, a.Note = cap.StatusTest, cap.MsgCancel, nil, "over"
	if e := EntryOf(a); e.Title != "TEST: Cancel: 17" || e.Summary != "over" || e.Author != "office" {
		t.Errorf("%+v", e)
	}
}

const atomHead = `<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id><title>t</title><updated>2026-05-24T12:00:00Z</updated>`

func TestParseFindsTheAlert(t *testing.T) {
	for _, row := range []struct{ name, entry, link, problem string }{
		{"a CAP link", `<id>1</id><title>x</title><link href="/a.html" type="text/html"/><link href="../a.cap" type="application/cap+xml"/>`, "https://hub.example/a.cap", ""},
		{"the older type", `<id>1</id><title>x</title><link href="/a" type="application/common-alerting-protocol+xml; charset=utf-8"/>`, "https://hub.example/a", ""},
		{"any link", `<id>1</id><title>x</title><link href="https://other.example/a"/>`, "https://other.example/a", ""},
		{"not an edit link", `<id>1</id><title>x</title><link rel="edit" href="/edit"/><link href="/a"/>`, "https://hub.example/a", ""},
		{"no id", `<title>x</title><link href="/a"/>`, "https://hub.example/a", "no id"},
		{"no title", `<id>1</id><link href="/a"/>`, "https://hub.example/a", "no title"},
		{"no link", `<id>1</id><title>x</title>`, "", "leads to no alert"},
		{"a file", `<id>1</id><title>x</title><link href="file:///etc/passwd" type="application/cap+xml"/>`, "", "leads to no alert"},
		{"a script", `<id>1</id><title>x</title><link href="javascript:alert(1)" type="application/cap+xml"/>`, "", "leads to no alert"},
		{"a password", `<id>1</id><title>x</title><link href="https://user:pass@other.example/"/>`, "", "leads to no alert"},
	} {
		d, err := Parse([]byte(atomHead+"<entry>"+row.entry+"</entry></feed>"), "https://hub.example/feeds/atom.xml", Options{})
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		link := ""
		if len(d.Items) > 0 {
			link = d.Items[0].Link
		}
		if link != row.link || !strings.Contains(strings.Join(d.Problems, "; "), row.problem) || (row.problem == "") != (len(d.Problems) == 0) {
			t.Errorf("%s: link %q, problems %q", row.name, link, d.Problems)
		}
	}
}

func TestParseTakesTheEmbeddedAlert(t *testing.T) {
	alert := `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>1</identifier><info><web>x</web></info></alert>`
	d, err := Parse([]byte(atomHead+`<entry><id>1</id><title>x</title><content type="text/xml">`+alert+`</content></entry></feed>`), "https://hub.example/", Options{})
	if err != nil || len(d.Items) != 1 || string(d.Items[0].Alert) != alert || d.Items[0].Link != "" || len(d.Problems) > 0 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestParseRefuses(t *testing.T) {
	deep := atomHead + "<entry>" + strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100) + "</entry></feed>"
	for name, text := range map[string]string{
		"nothing":      "",
		"a letter":     "The river is rising.",
		"another root": `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>`,
		"no namespace": `<feed><id>1</id></feed>`,
		"RSS 0.91":     `<rss version="0.91"><channel/></rss>`,
		"a DOCTYPE":    `<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + atomHead + `</feed>`,
		"an entity":    atomHead + `<entry><id>&x;</id></entry></feed>`,
		"cut off":      atomHead + `<entry><id>1</id>`,
		"two roots":    atomHead + `</feed>` + atomHead + `</feed>`,
		"crossed tags": atomHead + `<entry></feed></entry>`,
		"Latin-1":      atomHead + "<entry><id>\xe9</id></entry></feed>",
		"too deep":     deep,
	} {
		if d, err := Parse([]byte(text), "https://hub.example/", Options{}); err == nil {
			t.Errorf("%s is read: %+v", name, d)
		}
	}
	many := []byte(atomHead + strings.Repeat(`<entry><id>1</id><title>x</title><link href="/a"/></entry>`, 11) + "</feed>")
	if _, err := Parse(many, "https://hub.example/", Options{MaxItems: 10}); err == nil {
		t.Error("more entries than allowed are read")
	}
	if _, err := Parse(many, "https://hub.example/", Options{MaxBytes: 100}); err == nil {
		t.Error("a document that is too long is read")
	}
}

func FuzzParse(f *testing.F) {
	pages, err := Write(Atom, office(), some(2), 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pages[0].Body)
	pages, _ = Write(RSS, office(), some(1), 0)
	f.Add(pages[0].Body)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data, "https://hub.example/", Options{})
		if err != nil {
			return
		}
		for _, i := range d.Items {
			if i.Link == "" && i.Alert == nil || i.Link != "" && !strings.HasPrefix(i.Link, "http") {
				t.Errorf("%+v leads nowhere", i)
			}
		}
	})
}

// TestRealFeeds: feeds of real hubs give an item for each entry.
func TestRealFeeds(t *testing.T) {
	dir := os.Getenv("CAP_CORPUS")
	if dir == "" {
		t.Skip("CAP_CORPUS is not set: name the folder of real alerts to test with them")
	}
	files, err := filepath.Glob(filepath.Join(dir, "feeds", "*", "*.feed.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no feeds: %v", err)
	}
	read := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Parse(data, "https://hub.example/", Options{})
		if err != nil {
			t.Logf("%s: %v", filepath.Base(file), err)
			continue
		}
		read++
		entries := bytes.Count(data, []byte("<entry")) + bytes.Count(data, []byte("<item>"))
		t.Logf("%s: %d entries, %d items, %q", filepath.Base(file), entries, len(d.Items), d.Problems)
		if len(d.Items)+len(d.Problems) < entries {
			t.Errorf("%s: %d of %d entries", file, len(d.Items), entries)
		}
	}
	if read < len(files)-4 {
		t.Errorf("only %d of %d feeds were read", read, len(files))
	}
}
