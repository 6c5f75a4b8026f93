package template

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"tocsin/alerting"
)

// maxDecimals is how many decimals a number in a warning may have.
const maxDecimals = 3

// maxNumber is more than anything that is counted in a warning.
const maxNumber = 1e12

// wantsNumber says what bounds a number.
func (s *Slot) wantsNumber() error {
	switch {
	case s.Min != nil && s.Max != nil:
		return alerting.Refuse(nil, "slot.wants-between", "a number from %s to %s", digits(*s.Min), digits(*s.Max))
	case s.Min != nil:
		return alerting.Refuse(nil, "slot.wants-least", "a number of at least %s", digits(*s.Min))
	case s.Max != nil:
		return alerting.Refuse(nil, "slot.wants-most", "a number of at most %s", digits(*s.Max))
	}
	return alerting.Refuse(nil, "slot.wants-number", "a number")
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
		return nil, alerting.Refuse(nil, "slot.got", "got %s: want %v", shown(raw), s.wants())
	}
	if _, decimals, _ := strings.Cut(digits(v), "."); len(decimals) > maxDecimals {
		return nil, alerting.Refuse(nil, "slot.decimals", "got %s: want at most %d decimals", shown(raw), maxDecimals)
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
