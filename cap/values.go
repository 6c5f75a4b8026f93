package cap

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// parseDecimal reads an xs:decimal: an optional sign, digits, an optional point; no exponent.
//
// Up to 15 digits are an integer that a float64 holds, and so is the power of ten to divide it by: one division then
// rounds once, as it must. That is what coordinates have, and much faster than the general way.
func parseDecimal(text string) (float64, error) {
	digits, point := 0, false
	mantissa, power := int64(0), 1.0
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			if digits++; digits <= 15 {
				mantissa = mantissa*10 + int64(c-'0')
				if point {
					power *= 10
				}
			}
		case c == '.' && !point:
			point = true
		case (c == '-' || c == '+') && i == 0:
		default:
			return 0, fmt.Errorf("%q is not a decimal number", clip(text))
		}
	}
	switch {
	case digits == 0:
		return 0, fmt.Errorf("%q is not a decimal number", clip(text))
	case digits <= 15 && text[0] == '-':
		return -(float64(mantissa) / power), nil
	case digits <= 15:
		return float64(mantissa) / power, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is too large", clip(text))
	}
	return v, nil
}

// appendDecimal writes the shortest xs:decimal that reads as the same number again.
func appendDecimal(out []byte, v float64) []byte { return strconv.AppendFloat(out, v, 'f', -1, 64) }

const pairForm = `write "latitude,longitude" in decimal degrees without blanks`

// parsePoint reads "lat,lon" (§3.3.1). Ranges are left to the rules.
func parsePoint(text string) (Point, error) {
	lat, lon, ok := strings.Cut(text, ",")
	if !ok {
		return Point{}, fmt.Errorf("%q is not a pair of coordinates: %s", clip(text), pairForm)
	}
	var p Point
	var err error
	if p.Lat, err = parseDecimal(lat); err == nil {
		p.Lon, err = parseDecimal(lon)
	}
	if err != nil {
		return Point{}, fmt.Errorf("%w: %s", err, pairForm)
	}
	return p, nil
}

// nextWord cuts the first run of non-blanks off a text.
func nextWord(text string) (word, rest string) {
	start := 0
	for start < len(text) && isSpace(text[start]) {
		start++
	}
	end := start
	for end < len(text) && !isSpace(text[end]) {
		end++
	}
	return text[start:end], text[end:]
}

// trim cuts the white space of XML off both ends, as XML Schema does for types that collapse it.
func trim(text string) string { return strings.Trim(text, " \t\r\n") }

// errTooMany is what the list parsers return when a limit is passed.
var errTooMany = errors.New("the element holds more items than are allowed here: shorten or split it")

// parsePolygon reads blank-separated pairs (§3.2.4 polygon), at most limit of them.
func parsePolygon(text string, limit int) (Polygon, error) {
	// A pair with two decimals and a blank takes about 12 bytes: a guess that seldom has to grow.
	polygon := make(Polygon, 0, min(len(text)/12+1, limit))
	for {
		word, rest := nextWord(text)
		if word == "" {
			return polygon, nil
		}
		if len(polygon) == limit {
			return nil, errTooMany
		}
		p, err := parsePoint(word)
		if err != nil {
			return nil, fmt.Errorf("point %d: %w", len(polygon)+1, err)
		}
		polygon = append(polygon, p)
		text = rest
	}
}

// parseCircle reads "lat,lon radius" (§3.2.4 circle); the radius is in kilometres.
func parseCircle(text string) (Circle, error) {
	center, rest := nextWord(text)
	radius, rest := nextWord(rest)
	if radius == "" || !blank(rest) {
		return Circle{}, fmt.Errorf(`%q is not a circle: write "latitude,longitude radius" with one blank, the radius in kilometres`, clip(text))
	}
	p, err := parsePoint(center)
	if err != nil {
		return Circle{}, err
	}
	km, err := parseDecimal(radius)
	if err != nil {
		return Circle{}, fmt.Errorf("the radius %w: write it in kilometres", err)
	}
	return Circle{p, km}, nil
}

// parseSize reads an xs:integer that fits 64 bits.
func parseSize(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of bytes: write whole decimal digits", clip(text))
	}
	return n, nil
}

// parseNames reads blank-separated names; one that holds blanks stands in double quotes (§3.2.1 addresses, incidents).
func parseNames(text string, limit int) ([]string, error) {
	var names []string
	for {
		word, rest := nextWord(text)
		if word == "" {
			return names, nil
		}
		if word[0] == '"' {
			text = text[strings.IndexByte(text, '"')+1:]
			end := strings.IndexByte(text, '"')
			if end < 0 {
				return nil, errors.New(`a double quote is not closed: put " before and after a name that holds blanks`)
			}
			word, rest = text[:end], text[end+1:]
			if blank(word) || rest != "" && !isSpace(rest[0]) {
				return nil, errors.New("a quoted name is blank, or something follows its closing quote without a blank")
			}
		} else if strings.Contains(word, `"`) {
			return nil, errors.New("a double quote stands inside a name: quote the whole name or leave the quote out")
		}
		if len(names) == limit {
			return nil, errTooMany
		}
		names = append(names, word)
		text = rest
	}
}

// appendNames writes names so that parseNames reads them again.
func appendNames(out []byte, names []string) []byte {
	for i, name := range names {
		if i > 0 {
			out = append(out, ' ')
		}
		if strings.ContainsAny(name, " \t\r\n") {
			out = append(append(append(out, '"'), name...), '"')
		} else {
			out = append(out, name...)
		}
	}
	return out
}

// reference reads sender,identifier,sent.
func (r timeReader) reference(parts []string) (Reference, timeSlip, error) {
	sent, err := r.parse(parts[2])
	if err != nil {
		return Reference{}, 0, err
	}
	if parts[0] == "" || parts[1] == "" {
		return Reference{}, 0, errors.New("there is no sender or no identifier: write sender,identifier,sent")
	}
	return Reference{parts[0], parts[1], sent.at}, sent.slips, nil
}

// references reads blank-separated triples (§3.2.1 references). Triples joined by a comma instead of a blank can mean
// nothing else, so they are read too; joined says so.
func (r timeReader) references(text string, limit int) (refs []Reference, joined bool, slips timeSlip, err error) {
	for {
		word, rest := nextWord(text)
		if word == "" {
			return refs, joined, slips, nil
		}
		parts := strings.Split(word, ",")
		if len(parts)%3 != 0 {
			return nil, false, 0, fmt.Errorf("%q is not a reference: write sender,identifier,sent without blanks", clip(word))
		}
		joined = joined || len(parts) > 3
		for ; len(parts) > 0; parts = parts[3:] {
			if len(refs) == limit {
				return nil, false, 0, errTooMany
			}
			one, slip, err := r.reference(parts[:3])
			if err != nil {
				return nil, false, 0, fmt.Errorf("reference %d: %w", len(refs)+1, err)
			}
			refs, slips = append(refs, one), slips|slip
		}
		text = rest
	}
}

// respaceReferences puts references with blanks around their commas into the form of the standard, if there is only one
// way to read them: every third part is a time, and no other is. It gives the text back as it is otherwise.
func respaceReferences(r timeReader, text string) string {
	parts := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c < 0x80 && isSpace(byte(c)) })
	if len(parts) == 0 || len(parts)%3 != 0 || strings.Count(text, ",") < len(parts)/3*2 {
		return text
	}
	out := make([]byte, 0, len(text))
	for i, part := range parts {
		if _, err := r.parse(part); (err == nil) != (i%3 == 2) {
			return text
		}
		if out = append(out, part...); i%3 == 2 {
			out = append(out, ' ')
		} else {
			out = append(out, ',')
		}
	}
	return string(out)
}

// respacePairs takes the blanks around commas away: no pair can end or begin there.
func respacePairs(text string) string {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ',':
			for len(out) > 0 && isSpace(out[len(out)-1]) {
				out = out[:len(out)-1]
			}
			out = append(out, c)
		case isSpace(c) && len(out) > 0 && out[len(out)-1] == ',':
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
