package convert

import "tocsin/cap"

// each converts the members of a list; an empty list stays nil.
func each[A, B any](list []A, convert func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	out := make([]B, len(list))
	for i, one := range list {
		out[i] = convert(one)
	}
	return out
}

func toJSON(a *cap.Alert) *alertJSON {
	return &alertJSON{a.Version, a.Identifier, a.Sender, moment{a.Sent}, a.Status, a.MsgType, a.Source, a.Scope, a.Restriction,
		a.Addresses, a.Codes, a.Note,
		each(a.References, func(r cap.Reference) referenceJSON { return referenceJSON{r.Sender, r.Identifier, moment{r.Sent}} }),
		a.Incidents, each(a.Infos, infoTo)}
}

func infoTo(i cap.Info) infoJSON {
	return infoJSON{i.Language, i.Categories, i.Event, i.ResponseTypes, i.Urgency, i.Severity, i.Certainty, i.Audience,
		each(i.EventCodes, valueTo), moment{i.Effective}, moment{i.Onset}, moment{i.Expires}, i.SenderName, i.Headline,
		i.Description, i.Instruction, i.Web, i.Contact, each(i.Parameters, valueTo),
		each(i.Resources, func(r cap.Resource) resourceJSON { return resourceJSON(r) }), each(i.Areas, areaTo)}
}

func valueTo(v cap.Value) valueJSON { return valueJSON(v) }

func areaTo(a cap.Area) areaJSON {
	return areaJSON{a.Description,
		each(a.Polygons, func(p cap.Polygon) []position { return each(p, func(v cap.Point) position { return position(v) }) }),
		each(a.Circles, func(c cap.Circle) circleJSON { return circleJSON{position(c.Center), c.RadiusKM} }),
		each(a.Geocodes, valueTo), a.Altitude, a.Ceiling}
}

func fromJSON(a *alertJSON) *cap.Alert {
	return &cap.Alert{Version: a.Version, Identifier: a.Identifier, Sender: a.Sender, Sent: a.Sent.Time, Status: a.Status,
		MsgType: a.MsgType, Source: a.Source, Scope: a.Scope, Restriction: a.Restriction, Addresses: a.Addresses, Codes: a.Codes,
		Note: a.Note,
		References: each(a.References, func(r referenceJSON) cap.Reference {
			return cap.Reference{Sender: r.Sender, Identifier: r.Identifier, Sent: r.Sent.Time}
		}),
		Incidents: a.Incidents, Infos: each(a.Infos, infoFrom)}
}

func infoFrom(i infoJSON) cap.Info {
	return cap.Info{Language: i.Language, Categories: i.Categories, Event: i.Event, ResponseTypes: i.ResponseTypes,
		Urgency: i.Urgency, Severity: i.Severity, Certainty: i.Certainty, Audience: i.Audience,
		EventCodes: each(i.EventCodes, valueFrom), Effective: i.Effective.Time, Onset: i.Onset.Time, Expires: i.Expires.Time,
		SenderName: i.SenderName, Headline: i.Headline, Description: i.Description, Instruction: i.Instruction, Web: i.Web,
		Contact: i.Contact, Parameters: each(i.Parameters, valueFrom),
		Resources: each(i.Resources, func(r resourceJSON) cap.Resource { return cap.Resource(r) }), Areas: each(i.Areas, areaFrom)}
}

func valueFrom(v valueJSON) cap.Value { return cap.Value(v) }

func areaFrom(a areaJSON) cap.Area {
	return cap.Area{Description: a.Description,
		Polygons: each(a.Polygons, func(p []position) cap.Polygon { return each(p, func(v position) cap.Point { return cap.Point(v) }) }),
		Circles:  each(a.Circles, func(c circleJSON) cap.Circle { return cap.Circle{Center: cap.Point(c.Center), RadiusKM: c.Radius} }),
		Geocodes: each(a.Geocodes, valueFrom), Altitude: a.Altitude, Ceiling: a.Ceiling}
}
