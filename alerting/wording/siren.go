package wording

import (
	"bytes"
	_ "embed" // the table of programmes
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tocsin/alerting"
	"tocsin/cap"
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

// sirenTable is data: hazards are recognised by CAP category, event code or a word of the event; the first rule that
// fits hazard and severity names the programme.
type sirenTable struct {
	Hazards []sirenHazard `json:"hazards"`
	Rules   []struct {
		// Hazard is a name of Hazards; empty fits all.
		Hazard string `json:"hazard"`
		// Severities that the rule is for; empty fits all.
		Severities []cap.Severity `json:"severities"`
		Programme  string         `json:"programme"`
		Seconds    int            `json:"seconds"`
	} `json:"rules"`
	AllClearSeconds int `json:"all_clear_seconds"`
	SilentSeconds   int `json:"silent_seconds"`
}

// sirenHazard says how a hazard is recognised.
type sirenHazard struct {
	Name       string         `json:"name"`
	Categories []cap.Category `json:"categories"`
	// Codes are values of eventCode, such as the SAME codes of 47 CFR §11.31(e).
	Codes []string `json:"codes"`
	// Words are looked for in the event, both in lower case.
	Words []string `json:"words"`
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
	p := w.sirens.choose(d)
	body, err := encode(p)
	return string(body), err
}

func (t *sirenTable) choose(d *draft) SirenProgramme {
	p := SirenProgramme{Test: d.world != alerting.Actual}
	switch {
	case d.cancel:
		p.Programme, p.Stop = ProgrammeStop, true
		return p
	case d.world == alerting.Test:
		p.Programme, p.Seconds = ProgrammeSilent, t.SilentSeconds
		return p
	case d.allClear:
		p.Programme, p.Seconds = ProgrammeAllClear, t.AllClearSeconds
		return p
	}
	hazards := t.hazardsOf(d)
	for _, r := range t.Rules {
		if (r.Hazard == "" || slices.Contains(hazards, r.Hazard)) &&
			(len(r.Severities) == 0 || slices.Contains(r.Severities, d.severity)) {
			p.Programme, p.Seconds = r.Programme, r.Seconds
			return p
		}
	}
	p.Programme, p.Seconds = ProgrammeAttention, t.AllClearSeconds
	return p
}

func (t *sirenTable) hazardsOf(d *draft) []string {
	if d.info == nil {
		return nil
	}
	event := strings.ToLower(d.event)
	var found []string
	for _, h := range t.Hazards {
		fits := slices.ContainsFunc(d.info.Categories, func(c cap.Category) bool { return slices.Contains(h.Categories, c) }) ||
			slices.ContainsFunc(d.info.EventCodes, func(v cap.Value) bool { return slices.Contains(h.Codes, v.Value) }) ||
			slices.ContainsFunc(h.Words, func(word string) bool { return strings.Contains(event, word) })
		if fits {
			found = append(found, h.Name)
		}
	}
	return found
}
