package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"tocsin/alerting/console/pages/svgmap"
	"tocsin/alerting/desk"
	"tocsin/cap"
)

// draftsVersionRoutes are older versions of a draft, and the shapes of its map.
func (p *Pages) draftsVersionRoutes() []route {
	return []route{
		{pattern: "GET /{world}/drafts/{id}/versions/{version}", answer: versionDocument},
		{pattern: "GET /{world}/drafts/{id}/shapes", answer: draftShapes},
	}
}

// history is what became of a draft so far.
type history struct {
	Versions []desk.Version
	// Changes are in what the present version differs from the one that From names; From 0 is the last that was submitted, or the first.
	Changes []cap.Change
	From    int64
	// Unread says why they cannot be compared.
	Unread string
}

// history asks for the versions of a draft and, where there are several, for what has changed.
func (q *request) history(d *draft) (*history, error) {
	h := &history{}
	if err := q.get(q.api("drafts", d.ID, "versions")+"?limit="+strconv.Itoa(queueLength), &h.Versions); err != nil {
		return nil, err
	}
	if d.Version < 2 || len(h.Versions) < 2 {
		return h, nil
	}
	path := q.api("drafts", d.ID, "changes")
	if from, err := strconv.ParseInt(q.Query("from"), 10, 64); err == nil && from > 0 {
		h.From = from
		path += "?" + url.Values{"from": {strconv.FormatInt(from, 10)}}.Encode()
	}
	if err := q.get(path, &h.Changes); err != nil {
		refused, _, err := q.refused(err, "", d)
		if err != nil {
			return nil, err
		}
		h.Unread = refused.Detail
	}
	return h, nil
}

// versionDocument gives the document of one version, byte for byte.
func versionDocument(q *request) error {
	id, version := q.r.PathValue("id"), q.r.PathValue("version")
	var document []byte
	if _, err := q.ask(call{method: http.MethodGet, path: q.api("drafts", id, "versions", version)}, &document); err != nil {
		return err
	}
	q.giveDocument(document, fmt.Sprintf("draft-%.40s-%.20s.xml", id, version))
	return nil
}

// giveDocument has the browser save a CAP document.
func (q *request) giveDocument(document []byte, name string) {
	h := q.w.Header()
	h.Set("Content-Type", "application/cap+xml; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	q.w.WriteHeader(http.StatusOK)
	_, _ = q.w.Write(document) // the reader may be gone
}

// mapOfDraft is the map of what a draft covers.
func (q *request) mapOfDraft(d *draft) mapShown {
	if d.Alert == nil {
		return mapShown{}
	}
	alerts := q.pictureOf(d.heading(q), d.Alert, "")
	if len(alerts) == 0 {
		return mapShown{}
	}
	return mapShown{SVG: svgmap.Draw(q.picture(alerts)), ShapesURL: q.At("drafts", d.ID, "shapes"), Tiles: q.p.Tiles}
}

// draftShapes are the same shapes for the interactive map.
func draftShapes(q *request) error {
	d, err := q.draftAt()
	if err != nil {
		return err
	}
	if d.Alert == nil {
		return &Problem{Status: http.StatusNotFound, Title: q.T("drafts.unreadable")}
	}
	return q.geoJSON(q.pictureOf(d.heading(q), d.Alert, ""))
}
