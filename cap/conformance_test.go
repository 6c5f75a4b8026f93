package cap

import (
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

const (
	// conformanceTime is how much time of the processor one document of up to 1 MB may take.
	conformanceTime = 100 * time.Millisecond
	// conformanceMemory is how many times its size a document may allocate at one door, conformanceFloor what even the
	// smallest may: findings and the tables of the rules take their place whatever the size.
	conformanceMemory = 30
	conformanceFloor  = 128 << 10
)

// rightlyRefused are documents that the corpus calls valid, because their schema or a profile does, and that are refused
// all the same. The value is the finding that says so, and why.
func rightlyRefused() map[string]string {
	return map[string]string{
		"AustralianProfileTest.testValidate_errors-71a04794.cap":         "core.references.form: <references>a,b,c</references>; the corpus judges it by a profile",
		"AustralianProfileTest.testValidate_errors-c1892371.cap":         "core.category.required: an info without category; the corpus judges it by a profile",
		"GoogleProfileTest.testValidate_errors-2c0059a2.cap":             "core.time.form: <effective>not-a-date</effective>; the corpus judges it by a profile",
		"GoogleProfileTest.testValidate_errors-5c4404a9.cap":             "core.urgency.value: an info without urgency; the corpus judges it by a profile",
		"CapXmlParserTest.testParseStrictXsdValidation-e4e9bf2e.cap":     "core.circle.form: a circle in words, which the schema does not look into",
		"CapFeedParserTest.testParseAlertFromIso88591Bytes-9d2e29e4.cap": "xml.encoding: it says ISO-8859-1 and is in UTF-8, so that its letters may be either",
		"CapXmlParserTest.testCap10-867ec111.cap":                        "core.references.form: CAP 1.0 wrote identifier/sender; without sent it names no message of CAP 1.2",
	}
}

// refusedOnPurpose are the findings for which the strict door alone refuses conforming documents: what it writes has
// neither. The tolerant door must read them without error.
func refusedOnPurpose() []string { return []string{"xml.instruction", "xml.encoding"} }

// rightlyAccepted are documents that the corpus calls invalid, and that are accepted all the same. The value says why.
func rightlyAccepted() map[string]string {
	return map[string]string{
		"CapValidatorTest.testAlertParseErrors-e6ddce23.cap": "the identifier of the message itself, but another sent: an earlier message (warning core.references.identifier)",
		"sample_cap_xml_documents.py-2e86100d.cap":           "the identifier of the message itself, but another sent: an earlier message (warning core.references.identifier)",
		"INVALID_AREA_WITH_DUPLICATED_VERTEX.cap":            "a rule of one office: the standard does not forbid a point that stands twice",
		"INVALID_AREA_WITH_HOLE.cap":                         "a rule of one office: a ring that touches itself encloses a hole (accept-hole.txt)",
		"INVALID_AREA_WITH_INTERSECTIONS.cap":                "the standard does not forbid a polygon that crosses itself (warning core.polygon.crossing)",
		"canada_errors.cap-2d1c2e0a.cap":                     "an Update with empty references, as NAADS sends them (warning core.references.empty)",
		"ipaws-5e6ddbad023f1930ef6c1a5a.xml-08d45c9c.cap":    "an empty web, which the schema allows and which says nothing",
	}
}

// refusedForAnotherReason are invalid documents whose recorded reason is not what the strict door names. The value is the
// finding that it does name, and after it why.
func refusedForAnotherReason() map[string]string {
	return map[string]string{
		"xee.cap-b850a0aa.cap": "xml.doctype: the recorded reason is what the entity of its DOCTYPE expands to",
		"CapXmlParserTest.testParseInvalidAltitude-672cfec4.cap": "xml.encoding: the standard has altitudes below the sea; only a stricter schema forbids them",
		"CapXmlParserTest.testParseInvalidAltitude-706ad8c0.cap": "xml.encoding: the standard has altitudes below the sea; only a stricter schema forbids them",
		"CapXmlParserTest.testParseInvalidAltitude-fe9ce860.cap": "xml.encoding: the standard has altitudes below the sea; only a stricter schema forbids them",
		"ireland_sample_detail.xml-5bea7a3b.cap":                 "xml.instruction: a ring that touches itself at a point that stands twice does not cross itself",
	}
}

// hostileSigned are the attacks on signatures that no reader of alerts may get past; the other attacks are for cap/dsig.
func hostileSigned() map[string]string {
	return map[string]string{
		"05-xsw-original-in-object.cap":  "core.alert.nested",
		"06-xsw-signed-alert-nested.cap": "core.alert.nested",
		"13-doctype-entity.cap":          "xml.doctype",
	}
}

// kinds maps the reasons of the corpus to the beginnings of the IDs that mean the same.
func kinds() []struct {
	reason *regexp.Regexp
	ids    []string
} {
	return []struct {
		reason *regexp.Regexp
		ids    []string
	}{
		{regexp.MustCompile(`not well-formed|SAX`), []string{"xml."}},
		{regexp.MustCompile(`DTD|DOCTYPE`), []string{"xml.doctype"}},
		{regexp.MustCompile(`is not complete|Missing child|not expected|Invalid content was found`), []string{"core.element.", "core.signature.", "core.*.required", "core.*.value"}},
		{regexp.MustCompile(`[Cc]haracter (content|\[children\])|cannot have character`), []string{"core.text.stray"}},
		{regexp.MustCompile(`'enumeration'`), []string{"core.*.value"}},
		{regexp.MustCompile(`Element '(sent|effective|onset|expires)'|dateTime`), []string{"core.time."}},
		{regexp.MustCompile(`[Cc]ircle`), []string{"core.circle."}},
		{regexp.MustCompile(`[Pp]olygon|POLYGON|AREA_WITH`), []string{"core.polygon."}},
		{regexp.MustCompile(`'references'|[Rr]eferences|REFERENCE`), []string{"core.references."}},
		{regexp.MustCompile(`identifier`), []string{"core.identifier."}},
		{regexp.MustCompile(`R-scope-addresses`), []string{"core.addresses."}},
		{regexp.MustCompile(`RESTRICTION_SCOPE`), []string{"core.restriction."}},
		{regexp.MustCompile(`INVALID_AREA|ALTITUDE|altitude|ceiling`), []string{"core.area."}},
		{regexp.MustCompile(`INVALID_WEB`), []string{"core.web."}},
		{regexp.MustCompile(`areaDesc`), []string{"core.area.description"}},
	}
}

// rightKind reports whether one of the findings is what one of the recorded reasons says.
func rightKind(reasons string, findings Findings) bool {
	for reason := range strings.SplitSeq(reasons, "; ") {
		for _, kind := range kinds() {
			if !kind.reason.MatchString(reason) {
				continue
			}
			for _, id := range kind.ids {
				if slices.ContainsFunc(findings, func(f Finding) bool { return likeID(id, f.ID) }) {
					return true
				}
			}
		}
	}
	return false
}

// likeID reports whether an ID begins like a pattern, or is like core.*.end.
func likeID(pattern, id string) bool {
	start, end, star := strings.Cut(pattern, "*")
	return strings.HasPrefix(id, start) && (!star || strings.HasSuffix(id, end))
}

// recorded is one document of the corpus.
type recorded struct{ file, folder, source, kind, why string }

// manifest lists the alerts of the corpus with their recorded verdicts.
func manifest(t *testing.T) []recorded {
	t.Helper()
	file, err := os.Open(filepath.Join(corpus(t), "MANIFEST.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("the manifest has %d rows: %v", len(rows), err)
	}
	var all []recorded
	for _, row := range rows[1:] {
		folder, rest, _ := strings.Cut(row[0], "/")
		source, _, _ := strings.Cut(rest, "/")
		if len(row) > 3 && slices.Contains([]string{"valid", "invalid", "signed"}, folder) && source != "certs" {
			all = append(all, recorded{row[0], folder, source, row[2], row[3]})
		}
	}
	return all
}

// tally is what became of the documents of one source.
type tally struct{ documents, accepted, onPurpose, refused, explained, disagreed, readable int }

// conformance is one run over the corpus.
type conformance struct {
	t      *testing.T
	counts map[string]*tally
	order  []string
	// used counts, for invalid documents that the tolerant door reads without error, its tolerances.
	used map[string]int
	// needed are the table entries that were.
	needed map[string]bool
	// written are documents that were written back.
	written   []string
	slowest   time.Duration
	slow      string
	hungriest float64
	hungry    string
}

// TestConformance compares both doors with the verdicts recorded for real documents. See make conformance.
func TestConformance(t *testing.T) {
	c := &conformance{t: t, counts: map[string]*tally{}, used: map[string]int{}, needed: map[string]bool{}}
	dir := t.TempDir()
	for _, doc := range manifest(t) {
		data, err := os.ReadFile(filepath.Join(corpus(t), doc.file))
		if err != nil {
			t.Fatal(err)
		}
		c.judge(doc, data, dir)
	}
	for _, table := range []map[string]string{rightlyRefused(), rightlyAccepted(), refusedForAnotherReason(), hostileSigned()} {
		for name := range table {
			if !c.needed[name] {
				t.Errorf("%s is explained, but needs no explanation any more: take it out of the table", name)
			}
		}
	}
	c.print()
	t.Run("written back, against the official schema", func(t *testing.T) { validate(t, c.written) })
}

// judge takes one document through both doors.
func (c *conformance) judge(doc recorded, data []byte, dir string) {
	// The corpus holds the border of a country as one polygon.
	opts := Options{MaxBytes: 2 << 20, MaxPolygonPoints: 100_000}
	var strict, tolerant *Alert
	var strictly, tolerantly Findings
	c.measure(doc, len(data), func() { strict, strictly = ParseAll(data, opts) })
	c.measure(doc, len(data), func() { tolerant, tolerantly = Read(data, opts) })
	readable := tolerant != nil && tolerantly.Err() == nil
	if strict != nil && !readable {
		if strict.Version == "1.2" || tolerant == nil {
			c.t.Errorf("%s: Parse accepts it, Read does not: %v", doc.file, tolerantly)
		}
	}
	count := c.count(doc)
	if count.documents++; readable {
		count.readable++
		c.writeBack(doc, tolerant, dir)
	}
	if strict != nil {
		count.accepted++
	} else {
		count.refused++
	}
	if problem := c.verdict(doc, count, strict, strictly, readable); problem != "" {
		count.disagreed++
		c.t.Errorf("%s: %s\nrecorded: %s\nfindings: %.2000v", doc.file, problem, doc.why, strictly)
	}
	if doc.folder == "invalid" && readable {
		for _, f := range tolerantly {
			if strings.HasPrefix(f.ID, "read.") {
				c.used[f.ID]++
			}
		}
	}
}

// verdict compares the strict door with what is recorded, and says what disagrees.
func (c *conformance) verdict(doc recorded, count *tally, strict *Alert, findings Findings, readable bool) string {
	name := filepath.Base(doc.file)
	explain := func(table map[string]string) (string, bool) {
		text, ok := table[name]
		if ok {
			c.needed[name] = true
			count.explained++
		}
		id, _, _ := strings.Cut(text, ":")
		return id, ok
	}
	if strings.Contains(doc.kind, "signature attack") {
		id, listed := hostileSigned()[name]
		_, found := find(findings, id)
		c.needed[name] = true
		if listed && (strict != nil || !found || readable) {
			return "an attack that must be refused by " + id
		}
		return ""
	}
	if doc.why == "" {
		if strict != nil {
			return ""
		}
		id, ok := explain(rightlyRefused())
		if _, found := find(findings, id); ok && found {
			return ""
		}
		if onPurpose(findings) && readable {
			count.onPurpose++
			return ""
		}
		return "a valid document is refused"
	}
	if strict != nil {
		if doc.folder == "signed" {
			return "" // judged where it lies in invalid, too
		}
		if _, ok := explain(rightlyAccepted()); ok {
			return ""
		}
		return "an invalid document is accepted"
	}
	if rightKind(doc.why, findings) {
		return ""
	}
	id, ok := explain(refusedForAnotherReason())
	if _, found := find(findings, id); ok && found {
		return ""
	}
	return "an invalid document is refused for another reason"
}

// onPurpose reports whether all errors are among those of refusedOnPurpose.
func onPurpose(findings Findings) bool {
	return !slices.ContainsFunc(findings, func(f Finding) bool {
		return f.Level == LevelError && !slices.Contains(refusedOnPurpose(), f.ID)
	})
}

func (c *conformance) count(doc recorded) *tally {
	key := doc.folder + "/" + doc.source
	if c.counts[key] == nil {
		c.counts[key] = &tally{}
		c.order = append(c.order, key)
	}
	return c.counts[key]
}

// measure holds time and memory of one reading down.
func (c *conformance) measure(doc recorded, size int, read func()) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := processorTime()
	read()
	took := processorTime() - start
	runtime.ReadMemStats(&after)
	for range 2 { // what is slow must be slow three times
		if took > conformanceTime {
			start = processorTime()
			read()
			took = min(took, processorTime()-start)
		}
	}
	if took > c.slowest {
		c.slowest, c.slow = took, doc.file
	}
	if took > conformanceTime && size <= 1<<20 && !raceEnabled {
		c.t.Errorf("%s took %v", doc.file, took)
	}
	used := after.TotalAlloc - before.TotalAlloc
	if used > max(conformanceFloor, conformanceMemory*uint64(size)) {
		c.t.Errorf("%s has %d bytes and allocated %d", doc.file, size, used)
	}
	if times := float64(used) / float64(size); used > conformanceFloor && times > c.hungriest {
		c.hungriest, c.hungry = times, doc.file
	}
}

// writeBack writes what was read without error; Parse must read the same from it.
func (c *conformance) writeBack(doc recorded, a *Alert, dir string) {
	out, err := Write(a)
	if err != nil {
		c.t.Errorf("%s was read without error, but cannot be written: %v", doc.file, err)
		return
	}
	again, err := Parse(out, Options{MaxBytes: 4 << 20, MaxPolygonPoints: 100_000})
	if err != nil {
		c.t.Errorf("%s was written, but cannot be parsed: %v", doc.file, err)
		return
	}
	if again.Version = a.Version; !reflect.DeepEqual(a, again) {
		c.t.Errorf("%s changed its meaning when written", doc.file)
	}
	name := filepath.Join(dir, fmt.Sprintf("%d.xml", len(c.written)))
	if err := os.WriteFile(name, out, 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.written = append(c.written, name)
}

// validate has the official schema judge documents, all in one call.
func validate(t *testing.T, documents []string) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed: the schema cannot judge what is written")
	}
	args := append([]string{"--noout", "--nonet", "--huge", "--schema", filepath.Join(corpus(t), "CAP-v1.2.xsd")}, documents...)
	out, err := exec.CommandContext(t.Context(), xmllint, args...).CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	valid := 0
	for _, line := range lines {
		if strings.HasSuffix(line, " validates") {
			valid++
		} else {
			t.Error(line)
		}
	}
	if err != nil || valid != len(documents) {
		t.Errorf("%d of %d documents are valid: %v", valid, len(documents), err)
	}
	fmt.Fprintf(t.Output(), "%d documents written back, %d valid by the schema\n", len(documents), valid)
}

// print shows the result by folder and source.
func (c *conformance) print() {
	w := tabwriter.NewWriter(c.t.Output(), 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "folder/source\tdocuments\taccepted\ton purpose only tolerant\trefused\texplained\tdisagree\ttolerant door reads\t")
	total := map[string]*tally{}
	row := func(name string, n *tally) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", name, n.documents, n.accepted, n.onPurpose, n.refused, n.explained, n.disagreed, n.readable)
	}
	for _, key := range c.order {
		n := c.counts[key]
		row(key, n)
		folder, _, _ := strings.Cut(key, "/")
		if total[folder] == nil {
			total[folder] = &tally{}
		}
		sum := total[folder]
		*sum = tally{sum.documents + n.documents, sum.accepted + n.accepted, sum.onPurpose + n.onPurpose, sum.refused + n.refused,
			sum.explained + n.explained, sum.disagreed + n.disagreed, sum.readable + n.readable}
	}
	for _, folder := range []string{"valid", "invalid", "signed"} {
		if n := total[folder]; n != nil {
			row("all of "+folder, n)
		}
	}
	w.Flush()
	out := c.t.Output()
	fmt.Fprintf(out, "tolerances that make invalid documents readable: %v\n", c.used)
	fmt.Fprintf(out, "slowest: %v of processor time, %s (limit %v up to 1 MB)\n", c.slowest.Round(time.Microsecond), c.slow, conformanceTime)
	fmt.Fprintf(out, "most memory: %.1f times its size, %s (limit %d times, and %d KiB for any)\n", c.hungriest, c.hungry, conformanceMemory, conformanceFloor>>10)
	for name, why := range rightlyAccepted() {
		fmt.Fprintf(out, "explained: %s: %s\n", name, why)
	}
}
