package public

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/cap"
	"tocsin/cap/convert"
	"tocsin/cap/feed"
)

// snapshot is all answers as they are at one moment. It never changes.
type snapshot struct {
	edition desk.Edition
	// until is when the passing of time alone changes an answer.
	until time.Time
	// modified is when the answers changed last: with the last alert that was issued, or that ended.
	modified time.Time
	// keys are the places of the alerts, in their order.
	keys      []place
	feeds     map[feed.Format]paged
	geojson   body
	documents map[alerting.AlertID][]byte
}

// place is where an alert stands in the list.
type place struct {
	issued time.Time
	id     alerting.AlertID
}

// String is the place as addresses of pages have it.
func (p place) String() string { return fmt.Sprintf("%d-%s", p.issued.UnixMilli(), p.id) }

func parsePlace(text string) (place, error) {
	ms, name, ok := strings.Cut(text, "-")
	at, err := strconv.ParseInt(ms, 10, 64)
	if !ok || err != nil {
		return place{}, fmt.Errorf("%w: %.60q names no place", alerting.ErrInvalid, text)
	}
	id, err := alerting.ParseAlertID(name)
	return place{time.UnixMilli(at).UTC(), id}, err
}

// paged is a feed in pages: from the first entry of each follows which page has an entry.
type paged struct {
	pages  []body
	starts []int
}

// after is how many alerts stand at a place or in front of it. That alert may be over by now.
func (s *snapshot) after(key string) (int, error) {
	p, err := parsePlace(key)
	if err != nil {
		return 0, err
	}
	n, found := slices.BinarySearchFunc(s.keys, p, func(a, b place) int { return desk.ComparePosted(a.issued, a.id, b.issued, b.id) })
	if found {
		n++
	}
	return n, nil
}

// page is the page that has an entry. It may begin with entries that the caller has seen, and leaves none out.
func (s *snapshot) page(format feed.Format, entry int) body {
	f := s.feeds[format]
	at := len(f.starts) - 1
	for f.starts[at] > entry {
		at--
	}
	return f.pages[at]
}

// shows decides what the public may see.
func (f *Feeds) shows(world alerting.World, a *cap.Alert) bool {
	return a.Scope == cap.ScopePublic && (world == alerting.Actual || world == alerting.Test && !f.HideTests)
}

// shown is an alert in a snapshot.
type shown struct {
	place
	alert *cap.Alert
	url   string
}

// snapshot makes all answers. One alert that cannot be read fails the whole: without it the feeds would be a lie.
func (f *Feeds) snapshot(posted []desk.Posted, edition desk.Edition, at time.Time) (*snapshot, error) {
	s := &snapshot{edition: edition, until: at.Add(365 * 24 * time.Hour), feeds: map[feed.Format]paged{},
		modified: time.UnixMilli(max(edition.Issued, edition.Over)).UTC(), documents: map[alerting.AlertID][]byte{}}
	var all []shown
	for _, p := range posted {
		a, err := cap.Parse(p.Document, cap.Options{MaxBytes: len(p.Document)})
		if err != nil {
			return nil, fmt.Errorf("read alert %s again: %w", p.ID, err)
		}
		if !f.shows(p.World, a) {
			continue
		}
		one := shown{place{p.Issued, p.ID}, a, f.PublicURL + alertsPath + p.ID.String() + ".cap"}
		all = append(all, one)
		s.keys, s.documents[p.ID] = append(s.keys, one.place), p.Document
		for i := range a.Infos {
			for _, change := range []time.Time{a.Infos[i].Effective, a.Infos[i].Expires, a.Sent} {
				if change.After(at) && change.Before(s.until) {
					s.until = change
				}
			}
		}
	}
	for format, path := range map[feed.Format]string{feed.Atom: AtomPath, feed.RSS: RSSPath} {
		pages, err := f.write(format, path, all, s.modified)
		if err != nil {
			return nil, err
		}
		s.feeds[format] = pages
	}
	var err error
	s.geojson, err = drawn(all, at)
	return s, err
}

// write gives a feed of alerts.
func (f *Feeds) write(format feed.Format, path string, all []shown, modified time.Time) (paged, error) {
	entries := make([]feed.Entry, len(all))
	for i, one := range all {
		e := feed.EntryOf(one.alert)
		e.ID, e.Key, e.Link, e.Updated = urn(one.id[:]), one.place.String(), one.url, one.issued
		entries[i] = e
	}
	self := f.PublicURL + path
	name := sha256.Sum256([]byte(self))
	pages, err := feed.Write(format, feed.Feed{ID: urn(name[:]), Title: f.Title, Self: self, Home: f.PublicURL + "/", Author: f.Author,
		Language: f.Language, Updated: modified}, entries, f.PageBytes)
	if err != nil {
		return paged{}, err
	}
	var out paged
	start := 0
	for _, p := range pages {
		out.pages, out.starts = append(out.pages, bodyOf(p.Body)), append(out.starts, start)
		start += p.Entries
	}
	return out, nil
}

// urn makes an identifier of at least 16 bytes that are already a hash: a UUID of version 8 (RFC 9562 §5.8).
func urn(hash []byte) string {
	var u [16]byte
	copy(u[:], hash)
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// drawn gives alerts as GeoJSON, each with where its document is and how it stands.
func drawn(all []shown, at time.Time) (body, error) {
	alerts := make([]*cap.Alert, len(all))
	for i, one := range all {
		alerts[i] = one.alert
	}
	states := map[*cap.Alert]cap.State{}
	for _, standing := range cap.Chain(alerts, at) {
		states[standing.Alert] = standing.State
	}
	c := convert.GeoJSON()
	for _, one := range all {
		for _, feature := range convert.GeoJSON(one.alert).Features {
			feature.Properties.Alert, feature.Properties.State = one.url, states[one.alert]
			c.Features = append(c.Features, feature)
		}
	}
	data, err := json.Marshal(c)
	return bodyOf(data), err
}
