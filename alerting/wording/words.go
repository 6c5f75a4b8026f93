package wording

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"golang.org/x/text/language"

	"tocsin/alerting"
	"tocsin/cap"
)

// localeFiles hold the fixed words, one file per language, named by its tag.
//
//go:embed locales/*.json
var localeFiles embed.FS

// words are the fixed words of one language.
type words struct {
	Exercise  string `json:"exercise"`
	Test      string `json:"test"`
	Update    string `json:"update"`
	Cancelled string `json:"cancelled"`
	AllClear  string `json:"all_clear"`
	// Warning stands in for an event that has no name.
	Warning string `json:"warning"`
	// Ended is the sentence that a cancelled warning is over.
	Ended string `json:"ended"`
	// Elsewhere is the sentence that a warning no longer applies to the place where its reader is registered.
	Elsewhere string `json:"elsewhere"`
	// Until says when the warning ends; it holds {time}.
	Until string `json:"until"`
	// Colon and Stop are the punctuation with its blanks.
	Colon        string `json:"colon"`
	Stop         string `json:"stop"`
	ExerciseNote string `json:"exercise_note"`
	TestNote     string `json:"test_note"`

	WhatToDo   string `json:"what_to_do"`
	Details    string `json:"details"`
	Area       string `json:"area"`
	Starts     string `json:"starts"`
	Ends       string `json:"ends"`
	Issued     string `json:"issued"`
	Severity   string `json:"severity"`
	Sender     string `json:"sender"`
	Contact    string `json:"contact"`
	More       string `json:"more"`
	Identifier string `json:"identifier"`
	Note       string `json:"note"`

	Extreme  string `json:"extreme"`
	Severe   string `json:"severe"`
	Moderate string `json:"moderate"`
	Minor    string `json:"minor"`
	Unknown  string `json:"unknown"`

	Shelter  string `json:"shelter"`
	Evacuate string `json:"evacuate"`
	Prepare  string `json:"prepare"`
	Execute  string `json:"execute"`
	Avoid    string `json:"avoid"`
	Monitor  string `json:"monitor"`
}

// lexicon finds the words for a language.
type lexicon struct {
	locales []*words
	english *words
	matcher language.Matcher
}

// readLexicon decodes the embedded locales. English comes first: it is what every unknown language gets.
func readLexicon() (*lexicon, error) {
	entries, err := localeFiles.ReadDir("locales")
	if err != nil {
		return nil, fmt.Errorf("list locales: %w", err)
	}
	lex := &lexicon{}
	var tags []language.Tag
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".json")
		tag, err := language.Parse(name)
		if err != nil {
			return nil, fmt.Errorf("locale %s: %w", name, err)
		}
		data, err := localeFiles.ReadFile(path.Join("locales", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("locale %s: %w", name, err)
		}
		w := &words{}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		if err := dec.Decode(w); err != nil {
			return nil, fmt.Errorf("locale %s: %w", name, err)
		}
		if name == "en" {
			lex.english = w
			tags = append([]language.Tag{tag}, tags...)
			lex.locales = append([]*words{w}, lex.locales...)
			continue
		}
		tags, lex.locales = append(tags, tag), append(lex.locales, w)
	}
	if lex.english == nil {
		return nil, fmt.Errorf("locales: no en.json")
	}
	lex.matcher = language.NewMatcher(tags)
	return lex, nil
}

// find gives the words that suit a language best (RFC 4647 lookup with the distances of CLDR), else the English ones.
func (l *lexicon) find(tag language.Tag) *words {
	_, i, confidence := l.matcher.Match(tag)
	if confidence == language.No {
		return l.english
	}
	return l.locales[i]
}

// world is the word that marks all but real warnings; empty for those.
func (w *words) world(world alerting.World) string {
	switch world {
	case alerting.Exercise:
		return w.Exercise
	case alerting.Test:
		return w.Test
	}
	return ""
}

// response names what a response type asks for; empty where it asks for nothing.
func (w *words) response(r cap.ResponseType) string {
	switch r {
	case "Shelter":
		return w.Shelter
	case "Evacuate":
		return w.Evacuate
	case "Prepare":
		return w.Prepare
	case "Execute":
		return w.Execute
	case "Avoid":
		return w.Avoid
	case "Monitor":
		return w.Monitor
	}
	return ""
}

func (w *words) severity(s cap.Severity) string {
	switch s {
	case cap.Extreme:
		return w.Extreme
	case cap.Severe:
		return w.Severe
	case cap.Moderate:
		return w.Moderate
	case cap.Minor:
		return w.Minor
	}
	return w.Unknown
}
