package cap

import (
	"fmt"
	"time"
)

// maxOffset is the greatest zone offset that XML Schema knows.
const maxOffset = 14 * time.Hour

// timeSlip is a set of departures from the form of CAP 1.2 §3.3.2 that leave no doubt about the instant.
type timeSlip uint8

const (
	// slipUTC is +00:00 where -00:00 must stand, slipMidnight the clock at 24:00:00. The schema lets both pass.
	slipUTC timeSlip = 1 << iota
	slipMidnight
	// slipFraction is a fraction of a second, slipLetter the zone designator Z. CAP 1.0 and 1.1 took any xs:dateTime.
	slipFraction
	slipLetter
	// slipForm is a blank or t for the T, or an offset such as +1:00, +01 or +0100.
	slipForm
	// slipZone is a missing offset. Only who knows the zone can pass over it.
	slipZone
)

// dateTime is a parsed date-time with what had to be passed over to read it.
type dateTime struct {
	at    time.Time
	slips timeSlip
}

// timeForm ends the reasons why a date-time is refused: it says what to write instead.
const timeForm = "write YYYY-MM-DDThh:mm:ss followed by the offset, such as 2026-05-24T16:49:00-07:00, and -00:00 for UTC"

// timeReader reads date-times.
type timeReader struct {
	// admit is the set of slips to pass over.
	admit timeSlip
	// zone is that of times without offset; needed only if slipZone is admitted.
	zone *time.Location
}

// strictTimes reads the times of a version of CAP as its schema has them.
func strictTimes(v versions) timeReader {
	if v == in12 {
		return timeReader{admit: slipUTC | slipMidnight}
	}
	return timeReader{admit: slipUTC | slipMidnight | slipFraction | slipLetter}
}

// tolerantTimes reads whatever names one instant; zone may be nil.
func tolerantTimes(zone *time.Location) timeReader {
	r := timeReader{slipUTC | slipMidnight | slipFraction | slipLetter | slipForm, zone}
	if zone != nil {
		r.admit |= slipZone
	}
	return r
}

// parse reads a date-time in the form of CAP 1.2 §3.3.2: offset required, no Z, no fraction. 24:00:00 is the start of the
// next day, as XML Schema says.
func (r timeReader) parse(text string) (dateTime, error) {
	var d dateTime
	if len(text) < 19 {
		return d, fmt.Errorf("%q is not a date and time: %s", clip(text), timeForm)
	}
	year, month, day, err := parseDate(text[:10])
	if err != nil {
		return d, err
	}
	if r.admit&slipForm != 0 && (text[10] == ' ' || text[10] == 't') {
		d.slips |= slipForm
		text = text[:10] + "T" + text[11:]
	}
	clock, plusDay, err := parseClock(text[10:19])
	if err != nil {
		return d, err
	}
	if plusDay > 0 {
		d.slips |= slipMidnight
	}
	rest := text[19:]
	if r.admit&slipFraction != 0 {
		if n := fractionLength(rest); n > 0 {
			d.slips |= slipFraction
			rest = rest[n:]
		}
	}
	zone, slips, err := r.offset(rest)
	if err != nil {
		return d, err
	}
	d.slips |= slips
	d.at = time.Date(year, month, day+plusDay, 0, 0, 0, 0, zone).Add(clock)
	return d, nil
}

// offset reads what stands after the seconds.
func (r timeReader) offset(text string) (zone *time.Location, slips timeSlip, err error) {
	switch {
	case text == "" && r.admit&slipZone != 0:
		return r.zone, slipZone, nil
	case text == "":
		return nil, 0, fmt.Errorf("the zone offset is missing, and nobody may guess it: %s", timeForm)
	case text == "Z" && r.admit&slipLetter != 0:
		return time.UTC, slipLetter, nil
	}
	if r.admit&slipForm != 0 {
		if text == "z" {
			return time.UTC, slipLetter, nil
		}
		if full := fullOffset(text); full != text {
			slips, text = slipForm, full
		}
	}
	offset, err := parseOffset(text)
	switch {
	case err != nil:
		return nil, 0, err
	case offset != 0:
		return time.FixedZone("", int(offset/time.Second)), slips, nil
	case text[0] == '+':
		slips |= slipUTC
	}
	return time.UTC, slips, nil
}

// fullOffset writes +1:00, +01 and +0100 as +01:00, and leaves all else as it is.
func fullOffset(text string) string {
	if text == "" || text[0] != '+' && text[0] != '-' {
		return text
	}
	switch digits := text[1:]; {
	case len(digits) == 2 && number(digits) >= 0:
		return text + ":00"
	case len(digits) == 4 && number(digits) >= 0:
		return text[:3] + ":" + text[3:]
	case len(digits) == 4 && digits[1] == ':':
		return text[:1] + "0" + digits
	}
	return text
}

func parseDate(text string) (year int, month time.Month, day int, err error) {
	y, m, dd := number(text[:4]), number(text[5:7]), number(text[8:10])
	if text[4] != '-' || text[7] != '-' || y < 0 || m < 0 || dd < 0 {
		return 0, 0, 0, fmt.Errorf("%q is not a date: %s", text, timeForm)
	}
	if y == 0 || m < 1 || m > 12 || dd < 1 || dd > time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
		return 0, 0, 0, fmt.Errorf("%q is not a day of the calendar: write one that is", text)
	}
	return y, time.Month(m), dd, nil
}

// parseClock reads Thh:mm:ss. 24:00:00 gives 0 and one day more.
func parseClock(text string) (clock time.Duration, plusDay int, err error) {
	h, m, s := number(text[1:3]), number(text[4:6]), number(text[7:9])
	if text[0] != 'T' || text[3] != ':' || text[6] != ':' || h < 0 || m < 0 || s < 0 {
		return 0, 0, fmt.Errorf("%q is not a time of day: %s", text, timeForm)
	}
	if h == 24 && m == 0 && s == 0 {
		return 0, 1, nil
	}
	if h > 23 || m > 59 || s > 59 {
		return 0, 0, fmt.Errorf("%q is not a time of day: hours go to 23, minutes and seconds to 59", text)
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second, 0, nil
}

// parseOffset reads +hh:mm or -hh:mm.
func parseOffset(text string) (time.Duration, error) {
	if len(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' {
		return 0, fmt.Errorf("%q is not a zone offset: %s", clip(text), timeForm)
	}
	h, m := number(text[1:3]), number(text[4:6])
	offset := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if h < 0 || m < 0 || m > 59 || offset > maxOffset {
		return 0, fmt.Errorf("%q is not a zone offset: it goes from -14:00 to +14:00", text)
	}
	if text[0] == '-' {
		offset = -offset
	}
	return offset, nil
}

// number is the value of a run of decimal digits, -1 when it is none.
func number(text string) int {
	n := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return -1
		}
		n = n*10 + int(text[i]-'0')
	}
	return n
}

// fractionLength is the length of ".digits" at the start of a text, 0 when there is none.
func fractionLength(text string) int {
	n := 0
	if len(text) > 1 && text[0] == '.' {
		for n = 1; n < len(text) && text[n] >= '0' && text[n] <= '9'; n++ {
		}
	}
	if n == 1 {
		return 0
	}
	return n
}

// timeFault says why a time cannot be written in the form of CAP 1.2 §3.3.2; empty when it can.
func timeFault(t time.Time) string {
	_, offset := t.Zone()
	switch {
	case t.Nanosecond() != 0:
		return "the time has a fraction of a second: truncate it to seconds"
	case offset%60 != 0 || time.Duration(offset).Abs() > maxOffset/time.Second:
		return "the zone offset is not whole minutes between -14:00 and +14:00: give the time such a zone"
	case t.Year() < 1 || t.Year() > 9999:
		return "the year is not between 0001 and 9999"
	}
	return ""
}

// appendTime writes a time in the form of CAP 1.2 §3.3.2, UTC as -00:00.
func appendTime(out []byte, t time.Time) []byte {
	if _, offset := t.Zone(); offset == 0 {
		return t.AppendFormat(out, "2006-01-02T15:04:05-00:00")
	}
	return t.AppendFormat(out, "2006-01-02T15:04:05-07:00")
}
