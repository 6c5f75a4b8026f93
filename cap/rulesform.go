package cap

// FormRules are what the decoder itself asks of a document, before there is an alert to check: they belong to every
// profile, and have no Check. Some share their ID with a rule of the alert, where one looks at the text and the other at
// the value.
func FormRules() []Rule {
	const schema = "CAP 1.2 §3.4"
	return []Rule{
		{"xml.malformed", "XML 1.0 §2.1", LevelError, "The document is well-formed XML.", nil},
		{"xml.declaration", "XML 1.0 §2.8", LevelError, "The XML declaration is well formed.", nil},
		{"xml.encoding", "CAP 1.2 §3.3.3", LevelError, "The document is UTF-8.", nil},
		{"xml.character", "XML 1.0 §2.2", LevelError, "The document holds only characters that XML allows.", nil},
		{"xml.doctype", "XML 1.0 §2.8", LevelError, "There is no DOCTYPE.", nil},
		{"xml.entity", "CAP 1.2 §3.3.3", LevelError, "There are no entities but the five of XML.", nil},
		{"xml.instruction", "XML 1.0 §2.6", LevelError, "There are no processing instructions.", nil},
		{"xml.namespace", "Namespaces in XML 1.0 §3, §5", LevelError, "Every prefix is declared.", nil},
		{"xml.trailing", "XML 1.0 §2.1", LevelError, "The document ends with the alert.", nil},
		{"xml.depth", schema, LevelError, "Elements nest at most 16 levels deep.", nil},
		{"xml.size", schema, LevelError, "The document is no larger than is allowed here.", nil},
		{"core.root", schema, LevelError, "The root is <alert> in a namespace of CAP.", nil},
		{"core.alert.nested", schema, LevelError, "There is no alert inside the alert.", nil},
		{"core.attribute", schema, LevelError, "No element has attributes.", nil},
		{"core.attribute.hint", schema, LevelWarning, "No element has an xsi:schemaLocation.", nil},
		{"core.element.missing", schema, LevelError, "No required element is missing.", nil},
		{"core.element.order", schema, LevelError, "Elements stand in the order of the schema.", nil},
		{"core.element.doubled", schema, LevelError, "What may stand once stands once.", nil},
		{"core.element.unknown", schema, LevelError, "There are only elements that CAP knows.", nil},
		{"core.element.foreign", schema, LevelError, "There are no elements of other namespaces, signatures after the last info excepted.", nil},
		{"core.text.stray", schema, LevelError, "No text stands between elements.", nil},
		{"core.limit", schema, LevelError, "There are no more elements, points or items than are allowed here.", nil},
		{"core.limit.text", schema, LevelError, "No text is longer than is allowed here.", nil},
		{"core.signature.version", "CAP 1.2 §3.3.4", LevelWarning, "Only alerts of CAP 1.2 are signed.", nil},
		{"core.password.deprecated", "CAP 1.0 password", LevelWarning, "There is no password.", nil},
		{"core.time.doubt", "CAP 1.2 §3.3.2", LevelWarning, "Times are written as CAP 1.2 has them, UTC as -00:00.", nil},
		{"core.names.form", "CAP 1.2 §3.2.1 addresses, incidents", LevelError, "Names that hold blanks stand in double quotes.", nil},
		{"core.references.empty", "CAP 1.2 §3.2.1 references", LevelWarning, "References are not empty.", nil},
		{"core.references.doubt", "CAP 1.2 §3.2.1 references, §3.3.2", LevelWarning, "References are separated by blanks.", nil},
		{"core.polygon.form", "CAP 1.2 §3.2.4 polygon", LevelError, "A polygon is pairs of latitude and longitude.", nil},
		{"core.circle.form", "CAP 1.2 §3.2.4 circle", LevelError, "A circle is a pair of latitude and longitude, a blank and a radius.", nil},
		{"core.decimal.form", "CAP 1.2 §3.2.4 altitude, ceiling", LevelError, "Altitude and ceiling are decimal numbers.", nil},
		{"core.value.pair", "CAP 1.0 eventCode, parameter, geocode", LevelError, "Values of CAP 1.0 are written name=value.", nil},
	}
}
