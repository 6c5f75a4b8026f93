package template

import (
	"errors"
	"slices"
	"strconv"

	"tocsin/alerting"
)

// Type says what a slot takes.
type Type string

// The types of slots, and what is written for them (see Request.Values).
const (
	// TypeText is a line of text, one for all languages or one each.
	TypeText Type = "text"
	// TypePlace is the name of a place, one for all languages or one each, or the code of an administrative unit.
	TypePlace Type = "place"
	// TypeTime is a moment: 18:00, +3h, or 2026-05-01T18:00:00+02:00.
	TypeTime Type = "time"
	// TypeNumber is a number, with a unit.
	TypeNumber Type = "number"
	// TypeChoice is one of a few prepared words.
	TypeChoice Type = "choice"
	// TypeArea is where the warning holds: a polygon, a circle, administrative codes, GeoJSON or WKT.
	TypeArea Type = "area"
)

// Types lists the types of slots.
func Types() []Type { return []Type{TypeText, TypePlace, TypeTime, TypeNumber, TypeChoice, TypeArea} }

// Slot is a blank in a template.
type Slot struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
	// About says what to fill in, and AboutIn in each language, as those of a Template do.
	About   string            `json:"about,omitempty"`
	AboutIn map[string]string `json:"about_in,omitempty"`
	// Length is how many characters a text or the name of a place may have.
	Length int `json:"length,omitempty"`
	// Min and Max bound a number; nil is no bound.
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
	// Unit stands behind a number, by language; empty is none.
	Unit map[string]string `json:"unit,omitempty"`
	// Options are what may be chosen.
	Options []Option `json:"options,omitempty"`
	// Default is taken when nothing is filled in; nil: the slot must be filled. Example is only shown, and tried.
	Default any `json:"default,omitempty"`
	Example any `json:"example,omitempty"`

	line int
}

// Option is a word that may be chosen.
type Option struct {
	Key string `json:"key"`
	// Words are what the texts say, by language.
	Words map[string]string `json:"words"`
}

// Option finds an option by its key; nil when there is none.
func (s *Slot) Option(key string) *Option {
	at := slices.IndexFunc(s.Options, func(o Option) bool { return o.Key == key })
	if at < 0 {
		return nil
	}
	return &s.Options[at]
}

// keys are the names of the options.
func (s *Slot) keys() []string {
	out := make([]string, len(s.Options))
	for i, o := range s.Options {
		out[i] = o.Key
	}
	return out
}

// Wants says in words what a slot takes.
func (s *Slot) Wants() string { return s.wants().Error() }

// wants is what a slot takes, in the languages that refusals are said in.
func (s *Slot) wants() error {
	switch s.Type {
	case TypeText:
		return alerting.Refuse(nil, "slot.wants-text", "one line of at most %s, for all languages or for each", characters(s.Length))
	case TypePlace:
		return alerting.Refuse(nil, "slot.wants-place", "a name of at most %s, for all languages or for each, or code:NAME=VALUE of an administrative unit", characters(s.Length))
	case TypeTime:
		return alerting.Refuse(nil, "slot.wants-time", "a time such as 18:00, +3h or 2026-05-01T18:00:00+02:00")
	case TypeNumber:
		return s.wantsNumber()
	case TypeChoice:
		return alerting.Refuse(nil, "slot.wants-choice", "one of %s", listed(s.keys()))
	case TypeArea:
		return alerting.Refuse(nil, "slot.wants-area", "one of: a polygon (lat,lon lat,lon …), a circle (lat,lon km), codes (NAME=VALUE; …), GeoJSON, WKT")
	}
	return errors.New(string(s.Type))
}

// characters is so many characters.
type characters int

func (n characters) String() string { return count(int(n), "character") }

// Chinese makes it a value of a Chinese sentence.
func (n characters) Chinese() string { return strconv.Itoa(int(n)) + " 个字" }

// sample is what to try a slot with.
func (s *Slot) sample() any {
	switch {
	case s.Example != nil:
		return s.Example
	case s.Default != nil:
		return s.Default
	}
	switch s.Type {
	case TypePlace:
		return "Riverside"
	case TypeTime:
		return "+1h"
	case TypeNumber:
		return s.middle()
	case TypeChoice:
		return s.Options[0].Key
	case TypeArea:
		return "30.25,120.16 1"
	}
	return "A"
}
