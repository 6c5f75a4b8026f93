package template

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// maxDecimals is how many decimals a number in a warning may have.
const maxDecimals = 3

// maxNumber is more than anything that is counted in a warning.
const maxNumber = 1e12

// bounds says in words what bounds a number, with a blank in front.
func (s *Slot) bounds() string {
	switch {
	case s.Min != nil && s.Max != nil:
		return " from " + digits(*s.Min) + " to " + digits(*s.Max)
	case s.Min != nil:
		return " of at least " + digits(*s.Min)
	case s.Max != nil:
		return " of at most " + digits(*s.Max)
	}
	return ""
}

// middle is a number within the bounds.
func (s *Slot) middle() any {
	switch {
	case s.Min != nil:
		return *s.Min
	case s.Max != nil:
		return *s.Max
	}
	return 1.0
}

func digits(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// inNumber reads a number and words it in each language.
func (c *filling) inNumber(s *Slot, raw any) (map[string]string, error) {
	v, ok := numberOf(raw)
	if !ok || math.Abs(v) > maxNumber || s.Min != nil && v < *s.Min || s.Max != nil && v > *s.Max {
		return nil, fmt.Errorf("got %s: want %s", shown(raw), s.Wants())
	}
	if _, decimals, _ := strings.Cut(digits(v), "."); len(decimals) > maxDecimals {
		return nil, fmt.Errorf("got %s: want at most %d decimals", shown(raw), maxDecimals)
	}
	out := map[string]string{}
	for _, name := range c.t.Languages() {
		text := message.NewPrinter(language.Make(name)).Sprint(number.Decimal(v, number.NoSeparator(), number.MaxFractionDigits(maxDecimals)))
		out[name] = text + gap(s.Unit[name]) + s.Unit[name]
	}
	return out, nil
}

// numberOf reads what JSON, YAML or a command line gives. NaN and infinities are no numbers.
func numberOf(raw any) (float64, bool) {
	var v float64
	var err error
	switch raw := raw.(type) {
	case float64:
		v = raw
	case int:
		v = float64(raw)
	case json.Number:
		v, err = strconv.ParseFloat(string(raw), 64)
	case string:
		v, err = strconv.ParseFloat(strings.TrimSpace(raw), 64)
	default:
		return 0, false
	}
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// gap is what stands between a number and its unit.
func gap(unit string) string {
	first, _ := utf8.DecodeRuneInString(unit)
	if unit == "" || first == '%' || unicode.In(first, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
		return ""
	}
	return " "
}
