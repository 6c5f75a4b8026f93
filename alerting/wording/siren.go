package wording

import (
	"bytes"
	_ "embed" // the table of programmes
	"encoding/json"
	"fmt"
	"slices"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/event"
)

// sirenFile is the table that chooses a programme.
//
//go:embed sirens.json
var sirenFile []byte

// SirenProgramme is the Body of a message to a siren: JSON with these four fields. A programme that starts ends the one
// that sounds.
type SirenProgramme struct {
	// Programme is one of Programmes. Where a siren has no tone for "alarm-water" or "alarm-chemical", it sounds "alarm".
	Programme string `json:"programme"`
	// Seconds is how long it sounds; 0 for "stop".
	Seconds int `json:"seconds"`
	// Test is true in the exercise and the test world: only an installation set up for it may then sound.
	Test bool `json:"test"`
	// Stop is true when all sound is to end at once; Programme is then "stop".
	Stop bool `json:"stop"`
}

// The programmes.
const (
	ProgrammeStop      = "stop"           // silence at once: a Cancel
	ProgrammeAllClear  = "all-clear"      // the danger has passed
	ProgrammeAlarm     = "alarm"          // grave danger: take shelter, listen
	ProgrammeWater     = "alarm-water"    // tsunami, dam failure, flood: leave the low ground
	ProgrammeChemical  = "alarm-chemical" // airborne poison or radiation: go inside, close windows
	ProgrammeAttention = "attention"      // listen to the news
	ProgrammeSilent    = "test-silent"    // run the self-test without sound
)

// Programmes lists all programmes that Render chooses from.
func Programmes() []string {
	return []string{ProgrammeStop, ProgrammeAllClear, ProgrammeAlarm, ProgrammeWater, ProgrammeChemical,
		ProgrammeAttention, ProgrammeSilent}
}

// sirenTable is data: the first rule that fits the hazards and the severity names the programme.
type sirenTable struct {
	Rules []struct {
		// Hazards that the rule is for; empty fits all.
		Hazards []event.Hazard `json:"hazards"`
		// Severities that the rule is for; empty fits all.
		Severities []cap.Severity `json:"severities"`
		Programme  string         `json:"programme"`
		Seconds    int            `json:"seconds"`
	} `json:"rules"`
	AllClearSeconds int `json:"all_clear_seconds"`
	SilentSeconds   int `json:"silent_seconds"`
}

func readSirens() (*sirenTable, error) {
	t := &sirenTable{}
	dec := json.NewDecoder(bytes.NewReader(sirenFile))
	dec.DisallowUnknownFields()
	if err := dec.Decode(t); err != nil {
		return nil, fmt.Errorf("siren table: %w", err)
	}
	return t, nil
}

// siren words the programme: a Cancel stops, an all-clear sounds as such, the test world runs silently, and else hazard
// and severity decide. An exercise sounds what the real warning would, marked as a test.
func (w *Writer) siren(d *draft) (string, error) {
	body, err := encode(w.sirens.choose(d, w.hazardsOf(d)))
	return string(body), err
}

// hazardsOf are the hazards of a draft: those of its event, and what its categories hint at.
func (w *Writer) hazardsOf(d *draft) []event.Hazard {
	if d.info == nil {
		return nil
	}
	found := w.events.Find(d.info)
	return append(found.Hazards, w.events.Hints(d.info.Categories)...)
}

func (t *sirenTable) choose(d *draft, hazards []event.Hazard) SirenProgramme {
	p := SirenProgramme{Test: d.world != alerting.Actual}
	switch {
	case d.cancel:
		p.Programme, p.Stop = ProgrammeStop, true
		return p
	case d.world == alerting.Test && d.window != nil && d.window.Programme != "" && d.window.Programme != ProgrammeSilent:
		// Two people have signed that it sounds: nothing else of a test does.
		p.Programme, p.Seconds, p.Test = d.window.Programme, d.window.Seconds, false
		return p
	case d.world == alerting.Test:
		p.Programme, p.Seconds = ProgrammeSilent, t.SilentSeconds
		return p
	case d.allClear:
		p.Programme, p.Seconds = ProgrammeAllClear, t.AllClearSeconds
		return p
	}
	for _, r := range t.Rules {
		fits := len(r.Hazards) == 0 || slices.ContainsFunc(r.Hazards, func(h event.Hazard) bool { return slices.Contains(hazards, h) })
		if fits && (len(r.Severities) == 0 || slices.Contains(r.Severities, d.severity)) {
			p.Programme, p.Seconds = r.Programme, r.Seconds
			return p
		}
	}
	p.Programme, p.Seconds = ProgrammeAttention, t.AllClearSeconds
	return p
}
