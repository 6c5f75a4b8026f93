package cap

import "strings"

// versions is a set of CAP versions.
type versions uint8

const (
	in10 versions = 1 << iota
	in11
	in12
)

// dsigSpace is the namespace of XML signatures, whose elements may follow the last info (§3.4).
const dsigSpace = "http://www.w3.org/2000/09/xmldsig#"

// namespace is that of the documents that Write makes.
const namespace = "urn:oasis:names:tc:emergency:cap:1.2"

// versionOf says which version of CAP a namespace stands for.
func versionOf(space string) (v versions, name string) {
	switch space {
	case namespace:
		return in12, "1.2"
	case "urn:oasis:names:tc:emergency:cap:1.1":
		return in11, "1.1"
	case "http://www.incident.com/cap/1.0":
		return in10, "1.0"
	}
	return 0, ""
}

// field is one kind of child element: its place in a list of fields is its place in the document (§3.4).
type field struct {
	name string
	// many allows any number up to limit; the others stand at most once.
	many bool
	// must is set where nothing in the model shows that the element was missing.
	must bool
	// in is the set of versions that know the element; 0 means all.
	in versions
	// limit is the bound of a repeatable element; nil means MaxValues.
	limit func(o Options) int
	// long is set for text that is not bounded by MaxText.
	long bool
	// children, with open, is set for elements that hold elements; read for those that hold text.
	children func() []field
	open     func(d *decoder)
	read     func(d *decoder, text string)
}

// alertFields are the children of alert (§3.2.1).
func alertFields() []field {
	return []field{
		{name: "identifier", read: func(d *decoder, text string) { d.alert.Identifier = d.bare(text) }},
		{name: "sender", read: func(d *decoder, text string) { d.alert.Sender = d.bare(text) }},
		{name: "sent", read: func(d *decoder, text string) { d.time(&d.alert.Sent, text) }},
		{name: "status", read: func(d *decoder, text string) { d.alert.Status = code(d, text, statuses) }},
		{name: "msgType", read: func(d *decoder, text string) { d.alert.MsgType = code(d, text, msgTypes) }},
		{name: "password", in: in10, read: func(d *decoder, _ string) { d.password() }},
		{name: "source", read: func(d *decoder, text string) { d.alert.Source = text }},
		{name: "scope", read: func(d *decoder, text string) { d.alert.Scope = code(d, text, scopes) }},
		{name: "restriction", read: func(d *decoder, text string) { d.alert.Restriction = text }},
		{name: "addresses", read: func(d *decoder, text string) { d.names(&d.alert.Addresses, text) }},
		{name: "code", many: true, read: func(d *decoder, text string) { d.alert.Codes = append(d.alert.Codes, text) }},
		{name: "note", read: func(d *decoder, text string) { d.alert.Note = text }},
		{name: "references", long: true, read: (*decoder).references},
		{name: "incidents", read: func(d *decoder, text string) { d.names(&d.alert.Incidents, text) }},
		{name: "info", many: true, children: infoFields, open: (*decoder).openInfo,
			limit: func(o Options) int { return o.MaxInfos }},
	}
}

// infoFields are the children of info (§3.2.2).
func infoFields() []field {
	return []field{
		{name: "language", read: (*decoder).language},
		{name: "category", many: true, read: func(d *decoder, text string) {
			addCode(d, &d.info.Categories, text, Categories)
		}},
		{name: "event", read: func(d *decoder, text string) { d.info.Event = text }},
		{name: "responseType", many: true, in: in11 | in12, read: func(d *decoder, text string) {
			addCode(d, &d.info.ResponseTypes, text, ResponseTypes)
		}},
		{name: "urgency", read: func(d *decoder, text string) { d.info.Urgency = code(d, text, urgencies) }},
		{name: "severity", read: func(d *decoder, text string) { d.info.Severity = code(d, text, severities) }},
		{name: "certainty", read: (*decoder).certainty},
		{name: "audience", read: func(d *decoder, text string) { d.info.Audience = text }},
		valueField("eventCode", in11|in12, func(d *decoder) *[]Value { return &d.info.EventCodes }),
		pairField("eventCode", func(d *decoder) *[]Value { return &d.info.EventCodes }),
		{name: "effective", read: func(d *decoder, text string) { d.time(&d.info.Effective, text) }},
		{name: "onset", read: func(d *decoder, text string) { d.time(&d.info.Onset, text) }},
		{name: "expires", read: func(d *decoder, text string) { d.time(&d.info.Expires, text) }},
		{name: "senderName", read: func(d *decoder, text string) { d.info.SenderName = text }},
		{name: "headline", read: func(d *decoder, text string) { d.info.Headline = text }},
		{name: "description", read: func(d *decoder, text string) { d.info.Description = text }},
		{name: "instruction", read: func(d *decoder, text string) { d.info.Instruction = text }},
		{name: "web", read: (*decoder).web},
		{name: "contact", read: func(d *decoder, text string) { d.info.Contact = text }},
		valueField("parameter", in11|in12, func(d *decoder) *[]Value { return &d.info.Parameters }),
		pairField("parameter", func(d *decoder) *[]Value { return &d.info.Parameters }),
		{name: "resource", many: true, children: resourceFields, open: (*decoder).openResource,
			limit: func(o Options) int { return o.MaxResources }},
		{name: "area", many: true, children: areaFields, open: (*decoder).openArea,
			limit: func(o Options) int { return o.MaxAreas }},
	}
}

// resourceFields are the children of resource (§3.2.3).
func resourceFields() []field {
	return []field{
		{name: "resourceDesc", read: func(d *decoder, text string) { d.resource.Description = text }},
		{name: "mimeType", read: func(d *decoder, text string) { d.resource.MIMEType = d.bare(text) }},
		{name: "size", read: (*decoder).size},
		{name: "uri", read: func(d *decoder, text string) { d.resource.URI = trim(text) }},
		{name: "derefUri", long: true, in: in11 | in12, read: func(d *decoder, text string) { d.resource.DerefURI = text }},
		{name: "digest", read: func(d *decoder, text string) { d.resource.Digest = d.bare(text) }},
	}
}

// areaFields are the children of area (§3.2.4).
func areaFields() []field {
	return []field{
		{name: "areaDesc", read: func(d *decoder, text string) { d.area.Description = text }},
		{name: "polygon", many: true, long: true, read: (*decoder).polygon},
		{name: "circle", many: true, read: (*decoder).circle},
		valueField("geocode", in11|in12, func(d *decoder) *[]Value { return &d.area.Geocodes }),
		pairField("geocode", func(d *decoder) *[]Value { return &d.area.Geocodes }),
		{name: "altitude", read: func(d *decoder, text string) { d.decimal(&d.area.Altitude, text) }},
		{name: "ceiling", read: func(d *decoder, text string) { d.decimal(&d.area.Ceiling, text) }},
	}
}

// valueField is an element that holds valueName and value.
func valueField(name string, in versions, list func(d *decoder) *[]Value) field {
	return field{name: name, many: true, in: in, children: valueFields, open: func(d *decoder) {
		values := list(d)
		*values = append(*values, Value{})
		d.value = &(*values)[len(*values)-1]
	}}
}

// valueFields are the children of eventCode, parameter and geocode. Both may be empty, but not missing (§3.4).
func valueFields() []field {
	return []field{
		{name: "valueName", must: true, read: func(d *decoder, text string) { d.value.Name = text }},
		{name: "value", must: true, read: func(d *decoder, text string) { d.value.Value = text }},
	}
}

// pairField is the same element as CAP 1.0 wrote it: name=value as text.
func pairField(name string, list func(d *decoder) *[]Value) field {
	return field{name: name, many: true, in: in10, read: func(d *decoder, text string) {
		key, value, found := strings.Cut(text, "=")
		if !found {
			d.unreadable()
			d.report(finding{"core.value.pair", "CAP 1.0 " + name, LevelError}, "there is no = between name and value: write name=value")
		}
		values := list(d)
		*values = append(*values, Value{trim(key), trim(value)})
	}}
}
