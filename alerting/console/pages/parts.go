package pages

func (p *Pages) partsRoutes() []route {
	return []route{{pattern: "GET /parts", answer: parts, open: true}}
}

// shownParts are examples for the page that describes the visual language.
type shownParts struct{ Text, Wrong, Area, Choice, Radio, Boxes *Field }

func parts(q *request) error {
	severities := []Option{{"Extreme", "Extreme", q.T("parts.example.meaning")}, {"Severe", "Severe", ""}}
	return q.show("parts/parts", q.T("parts.title"), shownParts{
		Text:   &Field{Name: "text", Label: q.T("parts.example"), Hint: q.T("parts.example.hint"), Meaning: q.T("parts.example.meaning")},
		Wrong:  &Field{Name: "wrong", Label: q.T("parts.example"), Value: "…", Said: []Said{{Level: "error", Text: q.T("parts.example.wrong"), Clause: "CAP 1.2 §3.2.2"}, {Level: "advice", Text: q.T("parts.example.advice")}}},
		Area:   &Field{Name: "lines", Label: q.T("parts.example"), Type: "textarea"},
		Choice: &Field{Name: "choice", Label: q.T("parts.example"), Type: "select", Options: severities, Value: "Severe"},
		Radio:  &Field{Name: "radio", Label: q.T("parts.example"), Type: "radio", Options: severities, Value: "Extreme"},
		Boxes:  &Field{Name: "boxes", Label: q.T("parts.example"), Type: "checkboxes", Options: severities, Values: []string{"Severe"}},
	})
}
