package areatext

import (
	"encoding/json"
	"net/http"
)

// Reading is what the area editor of a page gets for a text: its lines, or what is wrong with it.
type Reading struct {
	Text   string         `json:"text"`
	Faults []ReadingFault `json:"faults"`
}

// ReadingFault is a fault in one language, with its line in the text too.
type ReadingFault struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

// Answer reads the text of a form's field "area" and answers with a Reading as JSON, whose faults are in a language ("en" or "zh"). Who
// may ask is the business of the page. A form that is too large is answered with 413.
func Answer(w http.ResponseWriter, r *http.Request, language string) {
	r.Body = http.MaxBytesReader(w, r.Body, 4*MaxBytes) // a form writes some bytes as three
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read: send area=… of at most 1 MiB", http.StatusRequestEntityTooLarge)
		return
	}
	area, faults := Read(r.PostFormValue("area"))
	answer := Reading{Faults: []ReadingFault{}}
	for _, f := range faults {
		answer.Faults = append(answer.Faults, ReadingFault{f.Line, f.In(language)})
	}
	if len(faults) == 0 {
		answer.Text = Write(area)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(answer) // whoever does not wait for it does not miss it
}
