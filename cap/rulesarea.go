package cap

// areaRules are about area (§3.2.4), its shapes excepted.
func areaRules() []Rule {
	return []Rule{
		{"core.area.description", "CAP 1.2 §3.2.4 areaDesc", LevelError, "The areaDesc is filled in.",
			onArea("/areaDesc", func(ar *Area) string { return required(ar.Description) })},
		{"core.area.place", "CAP 1.2 §3.2.4", LevelWarning, "An area has a polygon, a circle or a geocode.", onArea("", areaPlace)},
		{"core.area.geocode-alone", "CAP 1.2 §3.2.4 geocode", LevelAdvice, "A geocode stands together with a polygon or circle.",
			onArea("/geocode[1]", geocodeAlone)},
		{"core.area.swapped", "CAP 1.2 §3.3.1", LevelWarning, "No shape lies far from the others and would lie among them with latitude and longitude exchanged.",
			areaSwapped},
		{"core.area.altitude", "CAP 1.2 §3.2.4 altitude", LevelError, "The altitude is a number of feet.",
			onArea("/altitude", altitudeFault)},
		{"core.area.ceiling", "CAP 1.2 §3.2.4 ceiling", LevelError, "The ceiling stands above an altitude.",
			onArea("/ceiling", ceilingFault)},
	}
}

// shapeRules are about polygon and circle (§3.2.4) and their coordinates (§3.3.1).
func shapeRules() []Rule {
	return []Rule{
		{"core.polygon.points", "CAP 1.2 §3.2.4 polygon", LevelError, "A polygon has at least 4 points.", eachPolygon(polygonPoints)},
		{"core.polygon.closed", "CAP 1.2 §3.2.4 polygon", LevelError, "A polygon ends where it begins.", eachPolygon(polygonClosed)},
		{"core.polygon.range", "CAP 1.2 §3.3.1", LevelError, "Latitudes lie within ±90 and longitudes within ±180.", eachPolygon(polygonRange)},
		{"core.polygon.winding", "CAP 1.2 §3.2.4 polygon", LevelError, "A polygon goes around the globe once at most.", eachPolygon(polygonWinding)},
		{"core.polygon.antimeridian", "CAP 1.2 §3.2.4 polygon", LevelWarning, "No edge of a polygon is longer than 180°, so that all read it alike.",
			eachPolygon(polygonAntimeridian)},
		{"core.polygon.crossing", "CAP 1.2 §3.2.4 polygon", LevelWarning, "A polygon does not cross itself.", eachPolygon(polygonCrossing)},
		{"core.polygon.swapped", "CAP 1.2 §3.3.1", LevelWarning, "No point lies far from its neighbours and would lie beside them with latitude and longitude exchanged.",
			eachPolygon(polygonSwapped)},
		{"core.circle.center", "CAP 1.2 §3.3.1", LevelError, "The centre of a circle lies within ±90 and ±180.",
			eachCircle(func(c Circle) string { return pointFault(c.Center) })},
		{"core.circle.radius", "CAP 1.2 §3.2.4 circle", LevelError, "The radius of a circle is 0 to 20040 kilometres.", eachCircle(radiusFault)},
		{"core.circle.zero", "CAP 1.2 §3.2.4 circle", LevelAdvice, "The radius of a circle is more than 0.", eachCircle(radiusZero)},
	}
}

// textRules are about the characters of texts (§3.3.3).
func textRules() []Rule {
	return []Rule{
		{"core.text.control", "CAP 1.2 §3.3.3", LevelError, "No text holds control characters, or bytes that are not UTF-8.", eachText(controlFault)},
		{"core.text.bidi", "Unicode TR 36 §2.5", LevelWarning, "No text overrules the direction in which it is read.", eachText(bidiFault)},
		{"core.text.tags", "CAP 1.2 §3.3.3", LevelWarning, "No text that people read holds HTML tags.", eachProse(tagFault)},
		{"core.text.entities", "CAP 1.2 §3.3.3", LevelWarning, "No text that people read holds character entities.", eachProse(entityFault)},
	}
}

// severeRules are advice on warnings of Extreme or Severe danger. They judge what people read: who warns, where, until
// when, and what to do. They read English and Chinese, and say nothing about texts of other languages that only a
// reader of them could know.
func severeRules() []Rule {
	const text = "CAP 1.2 §3.2.2 description, instruction"
	return []Rule{
		{"advice.source", "CAP 1.2 §3.2.2 senderName", LevelAdvice, "A severe warning names who warns.", onInfo("/senderName", adviseSource)},
		{"advice.place", text, LevelAdvice, "The text of a severe warning names the place.", onInfo("/description", advisePlace)},
		{"advice.time", text, LevelAdvice, "The text of a severe warning names a time.", onInfo("/description", adviseTime)},
		{"advice.action", "CAP 1.2 §3.2.2 instruction", LevelAdvice, "A severe warning says what to do.", onInfo("/instruction", adviseAction)},
		{"advice.instruction", "CAP 1.2 §3.2.2 instruction", LevelAdvice, "The instruction of a severe warning is not its description again.",
			onInfo("/instruction", adviseInstruction)},
		{"advice.headline", "CAP 1.2 §3.2.2 headline", LevelAdvice, "The headline of a severe warning is not its description again.",
			onInfo("/headline", adviseHeadline)},
		{"advice.area.event", "CAP 1.2 §3.2.4 polygon", LevelAdvice, "The area of a severe warning is not much larger than such events are.", adviseEventArea},
		{"advice.area.name", "CAP 1.2 §3.2.4 areaDesc", LevelAdvice, "The area of a severe warning is not much larger than the place that areaDesc names.",
			adviseNamedArea},
	}
}
