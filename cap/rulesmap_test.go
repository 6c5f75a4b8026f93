package cap

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// requirement is what CAP-v1.2-os, its schema or its readers ask for, with the rules that look at it, or the reason why
// a document alone cannot show it.
type requirement struct {
	number int
	what   string
	ids    string
	why    string
}

// requirements number what the standard asks for, in its order. The numbers are those by which the office's list of the
// standard's demands counts.
func requirements() []requirement {
	return []requirement{
		{1, "the root is alert in the namespace, under any prefix", "core.root xml.namespace", ""},
		{2, "the order of alert", "core.element.order core.element.doubled core.element.unknown core.identifier.required core.sender.required core.sent.required core.status.value core.msg-type.value core.scope.value", ""},
		{3, "the order of info", "core.element.order core.category.required core.event.required core.urgency.value core.severity.value core.certainty.value", ""},
		{4, "the order of resource and area", "core.element.order core.resource.description core.area.description core.resource.size core.decimal.form", ""},
		{5, "valueName and value are both there", "core.element.missing core.value.name core.value.value", ""},
		{6, "the form of times", "core.time.form", ""},
		{7, "code values, in their case and without blanks; no empty names", "core.status.value core.msg-type.value core.scope.value core.category.value core.response-type.value core.urgency.value core.severity.value core.certainty.value core.language.syntax core.attribute", ""},
		{8, "only signatures after the last info, no attributes", "core.element.foreign core.attribute core.attribute.hint core.text.stray", ""},
		{9, "CAP 1.1 has no place for a signature", "core.signature.version", ""},
		{10, "the identifier is filled in", "core.identifier.required", "that it is unique only its sender's other messages show"},
		{11, "characters of the identifier", "core.identifier.characters core.identifier.required", ""},
		{12, "characters of the sender", "core.sender.characters core.sender.required", ""},
		{13, "identifier, sender and sent together are one message", "core.references.identifier core.references.self", ""},
		{14, "the form of sent", "core.sent.required core.time.form", ""},
		{15, "an Exercise is named in the note", "core.note.exercise", ""},
		{16, "Test, System, Draft and Exercise are no Actual", "core.status.text", "to whom a message is passed on is not in it"},
		{17, "an Update has references", "core.references.advised ipaws.references.required cap-cp.references.required cap-au.references.required google.references.required", ""},
		{18, "a Cancel has references", "core.references.required ipaws.references.required", ""},
		{19, "an Ack has references", "core.references.advised", ""},
		{20, "an Error has references and says why", "core.references.required core.note.error", ""},
		{21, "source is free text", "core.text.control core.text.bidi", ""},
		{22, "Restricted has a restriction", "core.restriction.required", ""},
		{23, "only Restricted has one", "core.restriction.scope", ""},
		{24, "Private has addresses", "core.addresses.required core.addresses.scope", ""},
		{25, "the form of addresses", "core.addresses.form core.names.form", ""},
		{26, "code is any text", "core.code.blank ipaws.code cap-cp.code cap-au.code", ""},
		{27, "note is for Exercise and Error", "core.note.exercise core.note.error", ""},
		{28, "the form of references", "core.references.form core.references.doubt", ""},
		{29, "references are not empty", "core.references.empty core.references.form", ""},
		{30, "no message refers to itself", "core.references.self core.references.identifier", "a loop over several messages is not in one of them"},
		{31, "no reference is later than the message", "core.references.postdated", ""},
		{32, "all related messages are named", "core.references.doubled", "which others are still in force is not in the document"},
		{33, "the form of incidents", "core.incidents.form core.names.form", ""},
		{34, "an Alert has an info", "core.info.required google.info.required", ""},
		{35, "language is an RFC 3066 code", "core.language.syntax core.language.code", ""},
		{36, "a later info does not override an earlier one", "core.info.override", ""},
		{37, "infos of several languages say the same", "core.info.languages core.info.same-text", ""},
		{38, "Assess is not for the public", "core.response-type.assess", ""},
		{39, "Very Likely is read as Likely and never written", "core.certainty.value", ""},
		{40, "the meaning of urgency, severity and certainty", "core.urgency.onset google.grade.unknown", "how likely and how grave an event is the author knows"},
		{41, "acronyms are in upper case", "core.value.acronym", ""},
		{42, "effective, onset and expires may be missing", "core.expires.advised", ""},
		{43, "expires comes after sent and effective", "core.expires.order core.onset.order google.expires.order", ""},
		{44, "the headline is brief; texts differ", "core.headline.length google.headline.length google.text.same", ""},
		{45, "web is absolute", "core.web.absolute", ""},
		{46, "senderName, contact and audience are free text", "core.text.control advice.source", ""},
		{47, "no Z", "core.time.form core.time.doubt", ""},
		{48, "UTC is -00:00", "core.time.doubt", ""},
		{49, "no fractions, real days, offsets to 14 hours", "core.time.form", ""},
		{50, "a missing zone is not guessed silently", "core.time.form core.time.doubt", ""},
		{51, "resourceDesc and mimeType", "core.resource.description core.resource.mime-type core.resource.media", ""},
		{52, "size accompanies uri", "core.resource.size core.resource.size-advised core.resource.size-content", ""},
		{53, "uri is absolute or names the derefUri", "core.resource.uri core.resource.content", ""},
		{54, "derefUri is base 64, for known receivers", "core.resource.deref-uri core.resource.deref-public", ""},
		{55, "a forwarder takes derefUri out", "core.resource.deref-public", "which network a message goes on to is not in it"},
		{56, "digest is the SHA-1 of the resource", "core.resource.digest core.resource.digest-content", ""},
		{57, "areaDesc is filled in; the area is the union of its parts", "core.area.description core.area.place", ""},
		{58, "polygons are closed, of 4 points, latitude first", "core.polygon.form core.polygon.points core.polygon.closed core.polygon.range core.polygon.swapped core.area.swapped core.polygon.winding", ""},
		{59, "polygons do not cross themselves", "core.polygon.crossing", ""},
		{60, "the form of circles", "core.circle.form core.circle.center core.circle.radius core.circle.zero", ""},
		{61, "geocodes stand with shapes", "core.area.geocode-alone", "whether a receiver knows the code is not in the document"},
		{62, "altitude is in feet", "core.area.altitude core.decimal.form", ""},
		{63, "ceiling stands above an altitude", "core.area.ceiling", "below the sea is legal"},
		{64, "polygons across the antimeridian", "core.polygon.antimeridian", ""},
		{65, "no HTML in text", "core.text.tags core.text.entities xml.entity", ""},
		{66, "UTF-8", "xml.encoding core.text.control", ""},
		{67, "no DTD, no external entities", "xml.doctype xml.entity", ""},
		{68, "signatures are enveloped, in alert", "core.element.foreign core.element.order", ""},
		{69, "an unverified signature is no reason to refuse", "", "what is done with a signature is not in the document; signatures are passed over here"},
		{70, "encryption is XMLENC", "core.root core.element.foreign", "an encrypted document is no alert before it is decrypted"},
		{71, "valid by the schema, and by the dictionary", "core.element.missing core.element.unknown core.element.doubled", ""},
		{72, "a message that is passed on is not changed", "", "what it was before is not in it"},
		{73, "sent and identifier never change once published", "", "what they were before is not in the document"},
	}
}

// peers are the reasons for which other validators refuse a document, or warn of it.
func peers() map[string]string {
	return map[string]string{
		"CERTAINTY_VERY_LIKELY_DEPRECATED": "core.certainty.value", "CIRCULAR_REFERENCE": "core.references.self",
		"DUPLICATE_ELEMENT": "core.element.doubled", "INVALID_ALTITUDE_CEILING_RANGE": "core.area.ceiling", "INVALID_AREA": "core.area.ceiling",
		"INVALID_CHARACTERS": "core.identifier.characters core.sender.characters", "INVALID_CIRCLE": "core.circle.form core.circle.radius",
		"INVALID_DATE": "core.time.form", "INVALID_DEREF_URI": "core.resource.deref-uri", "INVALID_ENUM_VALUE": "core.status.value",
		"INVALID_IDENTIFIER": "core.identifier.characters", "INVALID_LANGUAGE": "core.language.syntax core.language.code",
		"INVALID_MIME_TYPE": "core.resource.mime-type core.resource.media", "INVALID_POLYGON": "core.polygon.form core.polygon.points core.polygon.closed",
		"INVALID_POLYGON_SELF_INTERSECTION": "core.polygon.crossing", "INVALID_REFERENCES": "core.references.form",
		"INVALID_RESOURCE_SIZE": "core.resource.size", "INVALID_RESOURCE_URI": "core.resource.uri", "INVALID_SENDER": "core.sender.characters",
		"INVALID_SEQUENCE": "core.element.order", "INVALID_URI": "core.resource.uri", "INVALID_VALUE": "core.decimal.form core.value.pair",
		"INVALID_WEB": "core.web.absolute", "MISSING_REQUIRED_ELEMENT": "core.element.missing core.event.required",
		"PASSWORD_DEPRECATED": "core.password.deprecated", "RELATIVE_URI_MISSING_DEREF_URI": "core.resource.uri",
		"RESTRICTION_SCOPE_MISMATCH": "core.restriction.scope", "UNSUPPORTED_ELEMENT": "core.element.unknown core.element.foreign",
		"OTHER": "xml.malformed", "TEXT_CONTAINS_HTML_ENTITIES": "core.text.entities", "TEXT_CONTAINS_HTML_TAGS": "core.text.tags",
		"POSTDATED_REFERENCE": "core.references.postdated", "SAME_TEXT_DIFFERENT_LANGUAGE": "core.info.same-text",
	}
}

// allRules are those of the decoder and of all profiles, by ID.
func allRules() map[string]Rule {
	all := map[string]Rule{}
	for _, r := range FormRules() {
		all[r.ID] = r
	}
	for _, p := range Profiles() {
		for _, r := range p.Rules {
			all[r.ID] = r
		}
	}
	return all
}

func TestEveryRequirementIsLookedAt(t *testing.T) {
	all := allRules()
	for i, r := range requirements() {
		if r.number != i+1 {
			t.Errorf("requirement %d stands where %d should", r.number, i+1)
		}
		if r.ids == "" && r.why == "" {
			t.Errorf("requirement %d (%s) is looked at by no rule, and there is no reason", r.number, r.what)
		}
		for id := range strings.FieldsSeq(r.ids) {
			if all[id].ID == "" {
				t.Errorf("requirement %d names the rule %s, which does not exist", r.number, id)
			}
		}
	}
	if n := len(requirements()); n != 73 {
		t.Errorf("%d requirements, want 73", n)
	}
	if n := len(peers()); n != 33 {
		t.Errorf("%d reasons of others, want 33", n)
	}
	for name, ids := range peers() {
		for id := range strings.FieldsSeq(ids) {
			if all[id].ID == "" {
				t.Errorf("%s names the rule %s, which does not exist", name, id)
			}
		}
	}
}

// TestRulesAreListed looks for the IDs in the source: what a document can be told must stand in a list, and what stands
// in a list must be said somewhere.
func TestRulesAreListed(t *testing.T) {
	said := map[string]bool{}
	for _, id := range idsInSource(t) {
		said[id] = true
		if allRules()[id].ID == "" {
			t.Errorf("%s is reported and not listed: add a row to FormRules or to a profile", id)
		}
	}
	for _, r := range FormRules() {
		if !said[r.ID] {
			t.Errorf("%s is listed in FormRules and reported nowhere", r.ID)
		}
	}
}

// idsInSource lists the strings of the package that look like IDs of core and xml, rulesform.go apart.
func idsInSource(t *testing.T) []string {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	looks := regexp.MustCompile(`^(core|xml|advice)\.[a-z0-9.-]+$`)
	var ids []string
	for _, f := range files {
		name := f.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || name == "rulesform.go" {
			continue
		}
		tree, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == gotoken.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && looks.MatchString(text) {
					ids = append(ids, text)
				}
			}
			return true
		})
	}
	return ids
}

// TestRulesAreComplete: each has a name of its own, says where it comes from, and has a sentence.
func TestRulesAreComplete(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$`)
	for _, p := range Profiles() {
		seen := map[string]bool{}
		if p.Title == "" || p.Source == "" || len(p.Rules) < len(Core().Rules) {
			t.Errorf("the profile %s is incomplete: %q, %q, %d rules", p.ID, p.Title, p.Source, len(p.Rules))
		}
		for i, r := range p.Rules {
			if seen[r.ID] || !name.MatchString(r.ID) || r.Clause == "" || r.Level == 0 || r.Check == nil || !strings.HasSuffix(r.Title, ".") {
				t.Errorf("%s: the rule %q is doubled or incomplete: %+v", p.ID, r.ID, r)
			}
			seen[r.ID] = true
			own := strings.HasPrefix(r.ID, p.ID+".") && p.ID != "core"
			if standard := i < len(Core().Rules); standard == own {
				t.Errorf("%s: the rule %s stands in the wrong place", p.ID, r.ID)
			}
		}
	}
	for _, r := range FormRules() {
		if !name.MatchString(r.ID) || r.Clause == "" || r.Level == 0 || r.Check != nil || !strings.HasSuffix(r.Title, ".") {
			t.Errorf("the rule %q is incomplete", r.ID)
		}
	}
}

func TestProfileByID(t *testing.T) {
	for _, id := range []string{"", "core", "ipaws", "cap-cp", "cap-au", "google", "wmo", "china"} {
		p, err := ProfileByID(id)
		if err != nil || p.ID != id && id != "" || id == "" && p.ID != "core" {
			t.Errorf("%q gives %q, %v", id, p.ID, err)
		}
	}
	if len(Profiles()) != 7 {
		t.Errorf("%d profiles", len(Profiles()))
	}
	_, err := ProfileByID("IPAWS")
	if err == nil || !strings.Contains(err.Error(), "core, ipaws, cap-cp, cap-au, google, wmo, china") {
		t.Errorf("got %v", err)
	}
	// A caller's changes are the caller's.
	p := Core()
	p.Rules[0].Level = LevelAdvice
	if Core().Rules[0].Level != LevelError || !slices.ContainsFunc(Check(&Alert{}, Profile{}), func(f Finding) bool { return f.ID == p.Rules[0].ID && f.Level == LevelError }) {
		t.Error("a change of a copy changed the profile")
	}
}
