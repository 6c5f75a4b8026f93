package audience

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/golang/geo/s2"
	"golang.org/x/text/language"

	"tocsin/cap"
)

// parsePlaces reads a list of places, separated by ";" or "|":
//
//	30.2741,120.1551          a point: latitude, longitude, WGS 84 degrees
//	cell:344b                 an S2 cell by its token
//	code:SAME=006109          an administrative code, as CAP's geocode has it
//
// each with an optional "@Severity" behind it: the lowest severity that its owner wants to hear of there (Minor, Moderate,
// Severe, Extreme; all when left out).
func parsePlaces(text string, into []place) ([]place, error) {
	for one := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == '|' }) {
		one = strings.TrimSpace(one)
		if one == "" {
			continue
		}
		at, err := parsePlace(one)
		if err != nil {
			return nil, fmt.Errorf("%q %w", shortened(one), err)
		}
		into = append(into, at)
	}
	return into, nil
}

func parsePlace(text string) (place, error) {
	var at place
	// The last "@": a code may hold one itself.
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		severity := cap.Severity(strings.TrimSpace(text[i+1:]))
		if severity.Rank() == 0 || severity == cap.UnknownSeverity {
			return at, amiss("import.severity", "has no severity behind the @; want Minor, Moderate, Severe or Extreme")
		}
		at.min, text = severity.Rank(), strings.TrimSpace(text[:i])
	}
	switch kind, rest, _ := strings.Cut(text, ":"); kind {
	case "cell":
		token := strings.ToLower(strings.TrimSpace(rest))
		at.cell = s2.CellIDFromToken(token)
		if !at.cell.IsValid() || at.cell.ToToken() != strings.TrimRight(token, "0") {
			return at, amiss("import.cell", "is no S2 cell token; it looks like 344b or 344b63c1")
		}
		return at, nil
	case "code":
		code, err := parseCode(rest)
		at.code = code
		return at, err
	}
	point, err := parsePoint(text)
	at.cell = point
	return at, err
}

// parseCode reads "valueName=value".
func parseCode(text string) (string, error) {
	name, value, ok := strings.Cut(text, "=")
	code := CodeOf(cap.Value{Name: name, Value: value})
	if !ok || strings.HasPrefix(code, "=") || strings.HasSuffix(code, "=") || len(code) > 200 {
		return "", amiss("import.code", "is no code; want valueName=value, e.g. SAME=006109")
	}
	return code, nil
}

func parsePoint(text string) (s2.CellID, error) {
	bad := amiss("import.place", "is no place; want latitude,longitude or cell:TOKEN or code:NAME=VALUE")
	before, after, ok := strings.Cut(text, ",")
	if !ok {
		return 0, bad
	}
	lat, err := strconv.ParseFloat(strings.TrimSpace(before), 64)
	if err != nil {
		return 0, bad
	}
	lon, err := strconv.ParseFloat(strings.TrimSpace(after), 64)
	if err != nil {
		return 0, bad
	}
	return pointCell(lat, lon)
}

// pointCell is the leaf cell of a position.
func pointCell(lat, lon float64) (s2.CellID, error) {
	if math.IsNaN(lat) || math.IsNaN(lon) || math.Abs(lat) > 90 || math.Abs(lon) > 180 {
		return 0, amiss("import.earth", "is not on the earth; latitude (-90 to 90) comes first, then longitude (-180 to 180)")
	}
	return s2.CellIDFromLatLng(s2.LatLngFromDegrees(lat, lon)), nil
}

// parseYes reads a yes or no; empty is otherwise.
func parseYes(text string, otherwise bool) (bool, error) {
	switch strings.ToLower(text) {
	case "":
		return otherwise, nil
	case "yes", "y", "true", "1":
		return true, nil
	case "no", "n", "false", "0":
		return false, nil
	}
	return false, amiss("import.yes-no", "%q is neither yes nor no", shortened(text))
}

// parseLanguage reads a language tag (RFC 5646) and returns it in its usual spelling; empty stays empty.
func parseLanguage(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	tag, err := language.Parse(text)
	if err != nil || tag == language.Und {
		return "", amiss("import.language", "%q is no language tag; it looks like zh-CN or en", shortened(text))
	}
	return tag.String(), nil
}

// shortened keeps a message short whatever the file holds.
func shortened(text string) string {
	runes := []rune(text)
	if len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}

func join[S ~string](all []S) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}
