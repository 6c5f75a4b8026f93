package cap

import (
	"errors"
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

// refuse reports an error about the form of the present element.
func (d *decoder) refuse(id, clause string, err error) {
	if errors.Is(err, errTooMany) {
		id = "core.limit"
	}
	d.unreadable()
	d.report(finding{id, clause, LevelError}, err.Error())
}

func (d *decoder) time(to *time.Time, text string) {
	t, err := parseTime(trim(text), d.version != in12)
	if err == nil && t.at.IsZero() {
		// This instant is how the model says "not stated".
		err = errors.New("this is the beginning of the calendar, not a time of anything: write the true time")
	}
	if err != nil {
		d.refuse("core.time.form", "CAP 1.2 §3.3.2", err)
		return
	}
	if t.doubt != "" {
		d.report(finding{"core.time.doubt", "CAP 1.2 §3.3.2", LevelWarning}, t.doubt)
	}
	*to = t.at
}

func (d *decoder) password() {
	d.report(finding{"core.password.deprecated", "CAP 1.0 password", LevelWarning}, "passwords were dropped from CAP: it is ignored")
}

func (d *decoder) certainty(text string) {
	if d.version == in10 && text == "Very Likely" {
		text = string(Likely)
	}
	d.info.Certainty = Certainty(text)
}

func (d *decoder) names(to *[]string, text string) {
	names, err := parseNames(text, d.opts.MaxListItems)
	if err != nil {
		d.refuse("core.names.form", "CAP 1.2 §3.2.1 addresses, incidents", err)
	}
	*to = names
}

func (d *decoder) references(text string) {
	refs, doubt, err := parseReferences(text, d.opts.MaxListItems, d.version != in12)
	switch {
	case err != nil:
		d.refuse("core.references.form", "CAP 1.2 §3.2.1 references", err)
	case len(refs) == 0:
		d.report(finding{"core.references.empty", "CAP 1.2 §3.2.1 references", LevelWarning}, "the element is empty: leave it out")
	case doubt != "":
		d.report(finding{"core.references.doubt", "CAP 1.2 §3.2.1 references, §3.3.2", LevelWarning}, doubt)
	}
	d.alert.References = refs
}

func (d *decoder) size(text string) {
	n, err := parseSize(trim(text))
	if err != nil {
		d.refuse("core.resource.size", "CAP 1.2 §3.2.3 size", err)
		return
	}
	d.resource.Size = &n
}

func (d *decoder) polygon(text string) {
	limit := min(d.opts.MaxPolygonPoints, d.opts.MaxPoints-d.points)
	polygon, err := parsePolygon(text, limit)
	if err != nil {
		d.refuse("core.polygon.form", "CAP 1.2 §3.2.4 polygon", err)
	}
	d.points += len(polygon)
	d.area.Polygons = append(d.area.Polygons, polygon)
}

func (d *decoder) circle(text string) {
	circle, err := parseCircle(text)
	if err != nil {
		d.refuse("core.circle.form", "CAP 1.2 §3.2.4 circle", err)
	}
	d.area.Circles = append(d.area.Circles, circle)
}

func (d *decoder) decimal(to **float64, text string) {
	v, err := parseDecimal(trim(text))
	if err != nil {
		d.refuse("core.decimal.form", "CAP 1.2 §3.2.4 altitude, ceiling", err)
		return
	}
	*to = &v
}
