package cap

// Tolerance is one kind of slip that Read passes over and Parse does not. Each time Read does so it says it by a finding
// of LevelWarning with this ID.
type Tolerance struct {
	// ID is that of the findings, such as read.order.
	ID string
	// Clause is where the standard asks for something else.
	Clause string
	// Title says in a few words what is passed over.
	Title string
	// Strict is the ID of the error by which Parse refuses it; empty where a rule judges the value, or Parse lets it pass.
	Strict string
}

// tolerance is the place of a Tolerance in Tolerances.
type tolerance uint8

const (
	readEncoding tolerance = iota
	readEncodingWrong
	readDeclaration
	readInstruction
	readAttribute
	readText
	readOrder
	readDoubled
	readUnknown
	readForeign
	readName
	readEmpty
	readBlanks
	readCase
	readCertainty
	readLanguage
	readTimeForm
	readTimeFraction
	readTimeLetter
	readTimeUTC
	readTimeMidnight
	readTimeZone
	readReferencesSeparator
	readReferencesSelf
	readCoordinates
	readPolygonClosed
	readWeb
	readMIMEType
	readCategory
	toleranceCount
)

// Tolerances lists all that Read passes over. To add one, add a row, and call decoder.slip or decoder.tolerates
// where Parse refuses.
func Tolerances() []Tolerance {
	table := toleranceTable()
	return table[:]
}

func toleranceTable() [toleranceCount]Tolerance {
	return [...]Tolerance{
		readEncoding:            {"read.encoding", "CAP 1.2 §3.3.3", "an encoding other than UTF-8: UTF-16 with a byte order mark, or declared Latin-1, Windows-1252 or ASCII", "xml.encoding"},
		readEncodingWrong:       {"read.encoding.wrong", "XML 1.0 §4.3.3", "Latin-1 letters in a document that says UTF-8", "xml.encoding"},
		readDeclaration:         {"read.declaration", "XML 1.0 §2.8", "blanks before the XML declaration", "xml.instruction"},
		readInstruction:         {"read.instruction", "XML 1.0 §2.6", "a processing instruction outside the alert, such as xml-stylesheet", "xml.instruction"},
		readAttribute:           {"read.attribute", "CAP 1.2 §3.4", "an attribute, which is ignored", "core.attribute"},
		readText:                {"read.text", "CAP 1.2 §3.4", "text between elements, which is ignored", "core.text.stray"},
		readOrder:               {"read.order", "CAP 1.2 §3.4", "an element out of its order", "core.element.order"},
		readDoubled:             {"read.doubled", "CAP 1.2 §3.4", "an element that stands twice and says the same", "core.element.doubled"},
		readUnknown:             {"read.unknown", "CAP 1.2 §3.4", "an element that CAP does not have, which is ignored", "core.element.unknown"},
		readForeign:             {"read.foreign", "CAP 1.2 §3.4", "an element of another namespace, which is ignored", "core.element.foreign"},
		readName:                {"read.name", "CAP 1.2 §3.4", "the name of an element in another case or a known misspelling", "core.element.unknown"},
		readEmpty:               {"read.empty", "CAP 1.2 §3.4", "an optional element without content, which is left out", ""},
		readBlanks:              {"read.blanks", "CAP 1.2 §3.4", "blanks around a value", ""},
		readCase:                {"read.case", "CAP 1.2 §3.4", "a code value in another case", ""},
		readCertainty:           {"read.certainty", "CAP 1.2 §3.2.2 certainty", "the certainty Very Likely of CAP 1.0", ""},
		readLanguage:            {"read.language", "CAP 1.2 §3.2.2 language", "an underscore in a language tag", ""},
		readTimeForm:            {"read.time.form", "CAP 1.2 §3.3.2", "a blank or t for T, an offset without colon or with one digit for the hour", ""},
		readTimeFraction:        {"read.time.fraction", "CAP 1.2 §3.3.2", "a fraction of a second, which is dropped", ""},
		readTimeLetter:          {"read.time.letter", "CAP 1.2 §3.3.2", "the zone designator Z", ""},
		readTimeUTC:             {"read.time.utc", "CAP 1.2 §3.3.2", "UTC as +00:00", ""},
		readTimeMidnight:        {"read.time.midnight", "CAP 1.2 §3.3.2", "24:00:00, which is the start of the next day", ""},
		readTimeZone:            {"read.time.zone", "CAP 1.2 §3.3.2", "a time without offset, where Options.Zone says which is meant", ""},
		readReferencesSeparator: {"read.references.separator", "CAP 1.2 §3.2.1 references", "references separated by commas, or with blanks inside", ""},
		readReferencesSelf:      {"read.references.self", "CAP 1.2 §3.2.1 references", "a reference to the message itself, which is left out", ""},
		readCoordinates:         {"read.coordinates", "CAP 1.2 §3.2.4 polygon, circle", "blanks around the comma of a pair of coordinates", ""},
		readPolygonClosed:       {"read.polygon.closed", "CAP 1.2 §3.2.4 polygon", "a polygon that is not closed: its first point is repeated", ""},
		readWeb:                 {"read.web", "CAP 1.2 §3.2.2 web", "a web address that is not a full one, which is left out", ""},
		readMIMEType:            {"read.mime-type", "CAP 1.2 §3.2.3 mimeType", "a resource without mimeType: application/octet-stream, the type of what is not known (RFC 2046 §4.5.1)", ""},
		readCategory:            {"read.category", "CAP 1.2 §3.2.2 category", "an info of CAP 1.0 without category: Other", ""},
	}
}

// of is the row of a tolerance.
func (t tolerance) of() Tolerance {
	table := toleranceTable()
	return table[t]
}

// slip notes a slip at the present element: at the tolerant door it is passed over, at the strict one it is an error. In
// both cases reading goes on, so that all is found.
func (d *decoder) slip(t tolerance, message string) {
	if !d.tolerates(t, message) {
		row := t.of()
		d.report(finding{row.Strict, row.Clause, LevelError}, message)
	}
}

// tolerates reports whether a slip at the present element is passed over, and says so by a finding. At the strict door it
// does neither, and the caller refuses.
func (d *decoder) tolerates(t tolerance, message string) bool {
	if !d.tolerant {
		return false
	}
	if !d.silent && d.notes.room(LevelWarning) {
		row := t.of()
		d.notes.list = append(d.notes.list, Finding{row.ID, row.Clause, d.pathString(), message, d.scan.line(d.pos), LevelWarning})
	}
	return true
}

// slipAt is slip for what the scanner meets.
func (d *decoder) slipAt(t tolerance, pos int, message string) {
	element := d.pos
	d.pos = pos
	d.slip(t, message)
	d.pos = element
}
