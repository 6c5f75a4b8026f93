package feed_test

import (
	"fmt"
	"time"

	"tocsin/cap"
	"tocsin/cap/feed"
)

func ExampleWrite() {
	alert := &cap.Alert{Identifier: "17", Sender: "office@warnings.example", Sent: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), Status: cap.StatusActual,
		MsgType: cap.MsgAlert, Infos: []cap.Info{{Language: "en", Event: "Storm surge", Categories: []cap.Category{"Met"}}}}
	entry := feed.EntryOf(alert)
	entry.ID, entry.Key, entry.Link = "urn:uuid:6ba7b810-9dad-81d1-80b4-00c04fd430c8", "17", "https://warn.example/feeds/alerts/17.cap"
	pages, err := feed.Write(feed.Atom, feed.Feed{ID: "urn:uuid:6ba7b811-9dad-81d1-80b4-00c04fd430c8", Title: "Warnings",
		Self: "https://warn.example/feeds/atom.xml", Updated: alert.Sent}, []feed.Entry{entry}, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(string(pages[0].Body))
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <feed xmlns="http://www.w3.org/2005/Atom">
	// <id>urn:uuid:6ba7b811-9dad-81d1-80b4-00c04fd430c8</id>
	// <title>Warnings</title>
	// <updated>2026-03-01T08:00:00Z</updated>
	// <author><name>Warnings</name>
	// </author>
	// <link rel="self" type="application/atom+xml" href="https://warn.example/feeds/atom.xml"/>
	// <entry xml:lang="en">
	// <id>urn:uuid:6ba7b810-9dad-81d1-80b4-00c04fd430c8</id>
	// <title>Storm surge</title>
	// <updated>2026-03-01T08:00:00Z</updated>
	// <published>2026-03-01T08:00:00Z</published>
	// <author><name>office@warnings.example</name>
	// </author>
	// <link rel="alternate" type="application/cap+xml" href="https://warn.example/feeds/alerts/17.cap"/>
	// <category term="Met"/>
	// </entry>
	// </feed>
}

func ExampleParse() {
	document := `<rss version="2.0"><channel><title>Warnings</title>
<item><title>Flood</title><guid>17</guid><link>/alerts/17.cap</link></item></channel></rss>`
	d, err := feed.Parse([]byte(document), "https://hub.example/rss.xml", feed.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, item := range d.Items {
		fmt.Println(item.ID, item.Link)
	}
	// Output: 17 https://hub.example/alerts/17.cap
}
