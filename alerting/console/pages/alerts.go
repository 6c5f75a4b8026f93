package pages

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/alerting/report"
	"tocsin/cap"
)

func (p *Pages) alertRoutes() []route {
	return []route{
		{pattern: "GET /{world}/alerts", answer: archive},
		{pattern: "GET /{world}/alerts/{id}", answer: alertPage},
		{pattern: "GET /{world}/alerts/{id}/delivery", answer: deliveryPart},
		{pattern: "GET /{world}/alerts/{id}/stream", answer: deliveryStream},
		{pattern: "GET /{world}/alerts/{id}/shapes", answer: alertShapes},
		{pattern: "GET /{world}/alerts/{id}/failures", answer: failures},
		{pattern: "GET /{world}/alerts/{id}/who", answer: whoPage},
		{pattern: "GET /{world}/alerts/{id}/timeline", answer: timelinePage},
		{pattern: "GET /{world}/alerts/{id}/report", answer: downloadReport},
		{pattern: "GET /{world}/alerts/{id}/document", answer: downloadDocument},
		{pattern: "GET /{world}/alerts/{id}/stop", answer: stopPage},
		{pattern: "POST /{world}/alerts/{id}/stop", answer: stopAlert},
		{pattern: "GET /{world}/alerts/{id}/all-clear", answer: clearPage},
		{pattern: "POST /{world}/alerts/{id}/all-clear", answer: clearAlert},
		{pattern: "GET /{world}/alerts/{id}/extend", answer: extendPage},
		{pattern: "POST /{world}/alerts/{id}/extend", answer: extendAlert},
		{pattern: "GET /{world}/alerts/{id}/lapse", answer: lapsePage},
		{pattern: "POST /{world}/alerts/{id}/lapse", answer: lapseAlert},
		{pattern: "GET /{world}/alerts/{id}/proceed", answer: proceedPage},
		{pattern: "POST /{world}/alerts/{id}/proceed", answer: proceedAlert},
	}
}

// alertShown is an alert as its pages show it.
type alertShown struct {
	ID string
	// Title, Area and Severity are those of the reader's language.
	Title, Area, Severity string
	Status                report.Status
	// Document is what was issued; nil when this office did not issue it.
	Document *cap.Alert
	Delivery *delivery
	// Earlier are the messages that it updates or cancels; Later is the one that took its place, empty for none.
	Earlier []linked
	Later   string
	// Origin are who wrote, signed and issued it.
	Origin []report.Moment
	Map    mapShown
}

// linked is another message of the same chain. ID is empty where it cannot be told.
type linked struct{ ID, Label string }

// id is the alert of the address.
func (q *request) id() string { return q.r.PathValue("id") }

// alert reads what every page of an alert shows.
func (q *request) alert() (*alertShown, error) {
	a := &alertShown{ID: q.id()}
	if err := q.get(q.api("alerts", a.ID), &a.Status); err != nil {
		return nil, err
	}
	if a.Status.Window != "" {
		q.kind = desk.KindPublicTest // it reaches people, and nobody may think that it does not
	}
	var document []byte
	err := q.get(q.api("alerts", a.ID, "document"), &document)
	var problem *Problem
	switch {
	case err == nil:
		if a.Document, err = cap.Parse(document, cap.Options{MaxBytes: len(document)}); err != nil {
			return nil, err
		}
	case errors.As(err, &problem) && (problem.Status == http.StatusNotFound || problem.Status == http.StatusConflict):
		// Another office's, or one that is being issued this moment: its figures are shown all the same.
	default:
		return nil, err
	}
	a.name(q.Lang)
	a.Later = a.Status.StoppedBy
	return a, nil
}

// name chooses what an alert is called for its reader.
func (a *alertShown) name(lang string) {
	a.Title = a.ID
	if a.Document == nil || len(a.Document.Infos) == 0 {
		return
	}
	info := &a.Document.Infos[0]
	for i := range a.Document.Infos {
		if speaks(a.Document.Infos[i].Language, lang) {
			info = &a.Document.Infos[i]
			break
		}
	}
	a.Title = info.Headline
	if a.Title == "" {
		a.Title = info.Event
	}
	a.Area, a.Severity = areasOf(info), string(highest(a.Document.Infos))
}

// speaks reports whether text in a language tag is for a reader of a language; no tag is English (CAP 1.2 §3.2.2 language).
func speaks(tag, lang string) bool {
	if tag == "" {
		tag = "en"
	}
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return base == lang
}

func areasOf(info *cap.Info) string {
	var names []string
	for i := range info.Areas {
		if d := info.Areas[i].Description; d != "" && !slices.Contains(names, d) {
			names = append(names, d)
		}
	}
	if speaks(info.Language, "zh") {
		return strings.Join(names, "、")
	}
	return strings.Join(names, ", ")
}

// highest is the gravest severity of all infos.
func highest(infos []cap.Info) cap.Severity {
	order := []cap.Severity{"", cap.UnknownSeverity, cap.Minor, cap.Moderate, cap.Severe, cap.Extreme}
	out := 0
	for i := range infos {
		out = max(out, slices.Index(order, infos[i].Severity))
	}
	return order[out]
}

// titleIn is what an alert of a list is called for a reader.
func titleIn(titles []desk.Title, lang string) desk.Title {
	for _, t := range titles {
		if speaks(t.Language, lang) {
			return t
		}
	}
	if len(titles) > 0 {
		return titles[0]
	}
	return desk.Title{}
}

// alertPage shows an alert: what it says, where it is from, and how its delivery stands.
func alertPage(q *request) error {
	a, err := q.alert()
	if err != nil {
		return err
	}
	a.Delivery = q.deliveryOf(a.ID, &a.Status, nil)
	if a.Document != nil {
		for _, r := range a.Document.References {
			a.Earlier = append(a.Earlier, linked{alerting.IDOfReference(r).String(), r.Identifier})
		}
		a.Map = q.mapOf(a)
	}
	var moments []report.Moment
	if err := q.get(q.api("alerts", a.ID, "timeline"), &moments); err != nil {
		return err
	}
	for _, m := range moments {
		switch m.Act {
		case "draft.entered", "draft.submitted", "draft.signed", "alert.countersigned", "alert.entered":
			a.Origin = append(a.Origin, m)
		}
	}
	return q.show("alerts/alert", a.Title, a)
}

// Live reports whether something can still be done about an alert.
func (a *alertShown) Live() bool {
	return a.Later == "" && !slices.Contains([]string{"expired", "sealed", "cancelled"}, a.Status.Status) && !a.IsCancel()
}

// Stoppable: what is over can be cancelled for a while, for who was told must hear that it was false.
func (a *alertShown) Stoppable() bool {
	return a.Later == "" && !a.IsCancel() && a.Status.Status != "sealed"
}

// IsCancel reports whether it is itself a cancel.
func (a *alertShown) IsCancel() bool { return a.Document != nil && a.Document.MsgType == cap.MsgCancel }

// Held: fan-out holds it back.
func (a *alertShown) Held() bool { return a.Status.Status == "held" }

// Sent is when the document says that it was issued.
func (a *alertShown) Sent() time.Time {
	if a.Document != nil {
		return a.Document.Sent
	}
	return a.Status.Issued
}
