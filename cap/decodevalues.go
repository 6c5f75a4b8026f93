package cap

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The methods below turn text into the values of the model. What cannot be read is reported and left out.

func (d *decoder) openInfo() {
	d.alert.Infos = append(d.alert.Infos, Info{})
	d.info = &d.alert.Infos[len(d.alert.Infos)-1]
}

func (d *decoder) openResource() {
	d.info.Resources = append(d.info.Resources, Resource{})
	d.resource = &d.info.Resources[len(d.info.Resources)-1]
}

func (d *decoder) openArea() {
	d.info.Areas = append(d.info.Areas, Area{})
	d.area = &d.info.Areas[len(d.info.Areas)-1]
}

// refuse reports an error about the form of the present element, of which the alert then holds nothing.
func (d *decoder) refuse(id, clause string, err error) {
	if errors.Is(err, errTooMany) {
		id = "core.limit"
	}
	if !d.leftOut {
		d.unreadable()
	}
	d.report(finding{id, clause, LevelError}, err.Error())
}

// leavesOut reports whether the present element has no content and is passed over for it: at the tolerant door only, and
// only what says nothing without content.
func (d *decoder) leavesOut(text string) bool {
	if !blank(text) || !d.tolerates(readEmpty, "the element is empty: leave it out") {
		return false
	}
	d.leftOut = true
	return true
}

// bare takes the blanks around a value away at the tolerant door. At the strict one the rules judge them.
func (d *decoder) bare(text string) string {
	bare := trim(text)
	if bare == text || !d.tolerates(readBlanks, fmt.Sprintf("there are blanks around %q: remove them", clip(bare))) {
		return text
	}
	return bare
}

func (d *decoder) time(to *time.Time, text string) {
	*to = time.Time{}
	if d.leavesOut(text) {
		return
	}
	t, err := d.times.parse(trim(text))
	if err == nil && t.at.IsZero() {
		// This instant is how the model says "not stated".
		err = errors.New("this is the beginning of the calendar, not a time of anything: write the true time")
	}
	if err != nil {
		d.refuse("core.time.form", "CAP 1.2 §3.3.2", err)
		return
	}
	d.timeSlips(t.slips, finding{"core.time.doubt", "CAP 1.2 §3.3.2", LevelWarning})
	*to = t.at
}

// timeSlips notes what was passed over to read a time. The strict door has a name of its own for it, and 24:00:00 is
// nothing to it.
func (d *decoder) timeSlips(slips timeSlip, strict finding) {
	if slips == 0 {
		return
	}
	for _, row := range []struct {
		slip    timeSlip
		as      tolerance
		message string
	}{
		{slipForm, readTimeForm, "the time is not in the form of the standard: "},
		{slipMidnight, readTimeMidnight, "24:00:00 is read as the start of the next day: write it so; "},
		{slipFraction, readTimeFraction, "the fraction of a second is dropped: "},
		{slipLetter, readTimeLetter, "the zone designator Z is not allowed since CAP 1.2: "},
		{slipUTC, readTimeUTC, "UTC must be written as -00:00: "},
		{slipZone, readTimeZone, fmt.Sprintf("the zone offset is missing and, as the reader was told, read as %v: ", d.times.zone)},
	} {
		if slips&row.slip != 0 && !d.tolerates(row.as, row.message+timeForm) && row.slip != slipMidnight {
			d.report(strict, row.message+timeForm)
		}
	}
}

func (d *decoder) password() {
	d.report(finding{"core.password.deprecated", "CAP 1.0 password", LevelWarning}, "passwords were dropped from CAP: it is ignored")
}

func (d *decoder) certainty(text string) {
	switch {
	case d.version == in10 && text == "Very Likely":
		text = string(Likely)
	case d.tolerant && strings.EqualFold(trim(text), "Very Likely"):
		d.tolerates(readCertainty, fmt.Sprintf("%q is read as Likely, as the standard asks: write that", trim(text)))
		text = string(Likely)
	}
	d.info.Certainty = code(d, text, certainties)
}

func (d *decoder) language(text string) {
	tag := trim(text)
	if hyphens := strings.ReplaceAll(tag, "_", "-"); hyphens != tag && languageTag.MatchString(hyphens) &&
		d.tolerates(readLanguage, fmt.Sprintf("%q is read as %s: write it so", clip(tag), clip(hyphens))) {
		tag = hyphens
	}
	d.info.Language = tag
}

func (d *decoder) web(text string) {
	web := trim(text)
	if web != "" && !absolute(web) &&
		d.tolerates(readWeb, fmt.Sprintf("%q is not a full address and left out: write one such as https://example.org/page", clip(web))) {
		web = ""
	}
	d.info.Web = web
}

func (d *decoder) names(to *[]string, text string) {
	names, err := parseNames(text, d.opts.MaxListItems)
	if err != nil {
		d.refuse("core.names.form", "CAP 1.2 §3.2.1 addresses, incidents", err)
	}
	*to = names
}

func (d *decoder) references(text string) {
	const clause = "CAP 1.2 §3.2.1 references"
	if d.leavesOut(text) {
		d.alert.References = nil
		return
	}
	refs, joined, slips, err := d.times.references(text, d.opts.MaxListItems)
	if err != nil && !errors.Is(err, errTooMany) && d.tolerant {
		if respaced := respaceReferences(d.times, text); respaced != text {
			joined = true
			refs, _, slips, err = d.times.references(respaced, d.opts.MaxListItems)
		}
	}
	d.alert.References = refs
	switch {
	case err != nil:
		d.refuse("core.references.form", clause, err)
	case len(refs) == 0:
		d.report(finding{"core.references.empty", clause, LevelWarning}, "the element is empty: leave it out")
	}
	const message = "the references are not separated by blanks alone: write each as sender,identifier,sent, and blanks between them"
	doubt := finding{"core.references.doubt", clause + ", §3.3.2", LevelWarning}
	if joined && !d.tolerates(readReferencesSeparator, message) {
		d.report(doubt, message)
	}
	d.timeSlips(slips, doubt)
}

func (d *decoder) size(text string) {
	d.resource.Size = nil
	if d.leavesOut(text) {
		return
	}
	n, err := parseSize(trim(text))
	if err != nil {
		d.refuse("core.resource.size", "CAP 1.2 §3.2.3 size", err)
		return
	}
	d.resource.Size = &n
}

func (d *decoder) polygon(text string) {
	if d.leavesOut(text) {
		return
	}
	limit := min(d.opts.MaxPolygonPoints, d.opts.MaxPoints-d.points)
	polygon, err := parsePolygon(text, limit)
	if respaced, ok := d.respaced(text, err); ok {
		polygon, err = parsePolygon(respaced, limit)
	}
	switch {
	case err != nil:
		if d.refuseShape("core.polygon.form", "CAP 1.2 §3.2.4 polygon", err) {
			return
		}
	case d.tolerant:
		polygon = d.closed(polygon, limit)
	}
	d.points += len(polygon)
	d.area.Polygons = append(d.area.Polygons, polygon)
}

// refuseShape refuses a polygon or circle. It reports whether the alert must not hold even an empty one: Read's alert may
// be used, that of Inspect keeps the count.
func (d *decoder) refuseShape(id, clause string, err error) (leaveOut bool) {
	d.leftOut = d.tolerant
	d.refuse(id, clause, err)
	return d.leftOut
}

// closed closes a polygon that is nothing worse than open.
func (d *decoder) closed(p Polygon, limit int) Polygon {
	if len(p) < 3 || len(p) >= limit || p[0] == p[len(p)-1] {
		return p
	}
	closed := append(p, p[0])
	if polygonFault(closed) != "" || !d.tolerates(readPolygonClosed, "the polygon is not closed and closed here: repeat its first point at the end") {
		return p
	}
	return closed
}

func (d *decoder) circle(text string) {
	if d.leavesOut(text) {
		return
	}
	circle, err := parseCircle(text)
	if respaced, ok := d.respaced(text, err); ok {
		circle, err = parseCircle(respaced)
	}
	if err != nil && d.refuseShape("core.circle.form", "CAP 1.2 §3.2.4 circle", err) {
		return
	}
	d.area.Circles = append(d.area.Circles, circle)
}

// respaced gives coordinates that could not be read without the blanks around their commas, if there are any.
func (d *decoder) respaced(text string, err error) (respaced string, ok bool) {
	if err == nil || errors.Is(err, errTooMany) || !d.tolerant {
		return "", false
	}
	if respaced = respacePairs(text); respaced == text {
		return "", false
	}
	return respaced, d.tolerates(readCoordinates, "there are blanks around the comma of a pair: "+pairForm)
}

func (d *decoder) decimal(to **float64, text string) {
	*to = nil
	if d.leavesOut(text) {
		return
	}
	v, err := parseDecimal(trim(text))
	if err != nil {
		d.refuse("core.decimal.form", "CAP 1.2 §3.2.4 altitude, ceiling", err)
		return
	}
	*to = &v
}
