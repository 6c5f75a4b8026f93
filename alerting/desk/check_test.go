package desk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// where lists findings as "rule path line", sorted; none may lack its line.
func where(t *testing.T, found cap.Findings, document []byte) []string {
	t.Helper()
	lines := strings.Split(string(document), "\n")
	var out []string
	for _, f := range found {
		element := f.Path[strings.LastIndexByte(f.Path, '/')+1:]
		element, _, _ = strings.Cut(element, "[")
		at := ""
		if f.Line > 0 && strings.Contains(lines[f.Line-1], "<"+element) {
			at = " there"
		}
		out = append(out, fmt.Sprintf("%s %s%s", f.ID, f.Path, at))
	}
	slices.Sort(out)
	return out
}

// TestEveryFindingAtOnce: what reading finds, what the rules of CAP find and what the desk's own rules find come in one
// answer, each with the line of its element, or of its parent's where it is missing.
func TestEveryFindingAtOnce(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		text := string(o.write(o.alert("x", func(a *cap.Alert) {
			a.Infos = a.Infos[:1]
			move(a, -31*time.Hour)
		})))
		change := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }
		for _, row := range []struct {
			name, document string
			want           []string
		}{
			{"expired alone", text, []string{"desk.expired alert/info[1]/expires there"}},
			{"of every kind", change("<status>Actual", "<status>System", "<severity>Extreme", "<severity>Bad", "<msgType>Alert", "<msgType>Update"),
				[]string{"core.references.advised alert/references", "core.severity.value alert/info[1]/severity there",
					"desk.expired alert/info[1]/expires there", "desk.references alert/references", "desk.status alert/status there"}},
			{"each element is spoken of once", change("<status>Actual", "<status>actual", "<msgType>Alert", "<msgType>Ack"),
				[]string{"core.references.advised alert/references", "core.status.value alert/status there",
					"desk.expired alert/info[1]/expires there", "desk.msgtype alert/msgType there"}},
			{"an end that cannot be read is no end", change("<expires>2026", "<expires>then", "<status>Actual", "<status>Draft"),
				[]string{"core.time.form alert/info[1]/expires there", "desk.status alert/status there"}},
			{"too long a life", change("<expires>2026", "<expires>2027", "<urgency>Immediate", "<urgency>now"),
				[]string{"core.urgency.value alert/info[1]/urgency there", "desk.validity alert/info[1]/expires there"}},
		} {
			_, err := o.desk().Issue(t.Context(), []byte(row.document), officer)
			var found cap.Findings
			if !errors.Is(err, alerting.ErrInvalid) || !errors.As(err, &found) {
				t.Errorf("%s: %v", row.name, err)
				continue
			}
			if have := where(t, found, []byte(row.document)); !slices.Equal(have, row.want) {
				t.Errorf("%s:\nhave %q\nwant %q", row.name, have, row.want)
			}
			if slices.ContainsFunc(found, func(f cap.Finding) bool { return f.Line == 0 }) ||
				!slices.IsSortedFunc(found, func(a, b cap.Finding) int { return a.Line - b.Line }) {
				t.Errorf("%s: not in the order of the document: %v", row.name, found)
			}
		}
	})
}

// TestAnUnknownReferenceHasItsLine: what only the database can tell has a line as well.
func TestAnUnknownReferenceHasItsLine(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		document := o.write(o.alert("x", referring(cap.MsgUpdate, o.alert("ghost"))))
		_, err := o.desk().Issue(t.Context(), document, officer)
		var found cap.Findings
		if !errors.As(err, &found) || !slices.Equal(where(t, found, document), []string{"desk.references.unknown alert/references there"}) {
			t.Errorf("%v", err)
		}
	})
}

// TestRemarksHaveTheirLines: so have warnings on what is issued all the same.
func TestRemarksHaveTheirLines(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		a := o.alert("x", func(a *cap.Alert) { a.Infos[1].Onset = a.Infos[1].Expires.Add(time.Hour) })
		document := o.write(a)
		answer, err := o.desk().Issue(t.Context(), document, officer)
		if err != nil || !slices.Equal(where(t, answer.Findings, document), []string{"core.onset.order alert/info[2]/onset there"}) {
			t.Errorf("%v %v", answer.Findings, err)
		}
	})
}

// TestASentFarFromNow is issued, and the officer is told that it may be a slip.
func TestASentFarFromNow(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		for i, row := range []struct {
			sent time.Duration
			want []string
			text string
		}{
			{0, nil, ""},
			{-23 * time.Hour, nil, ""},
			{-3 * 365 * 24 * time.Hour, []string{"desk.sent.old alert/sent there"}, "1095 days back"},
			{3 * time.Hour, []string{"core.expires.order alert/info[1]/expires there", "desk.sent.future alert/sent there"}, "3h0m0s ahead"},
		} {
			document := o.write(o.alert(fmt.Sprintf("x%d", i), func(a *cap.Alert) {
				a.Sent, a.Infos = a.Sent.Add(row.sent), a.Infos[:1]
				a.Infos[0].Expires = o.now.Add(2 * time.Hour).Truncate(time.Second)
			}))
			answer, err := o.desk().Issue(t.Context(), document, officer)
			if err != nil || !slices.Equal(where(t, answer.Findings, document), row.want) ||
				!strings.Contains(answer.Findings.Error(), row.text) || strings.Contains(answer.Findings.Error(), "nobody can be told") {
				t.Errorf("sent %v from now: %v, %v, want %q", row.sent, answer.Findings, err, row.want)
			}
		}
	})
}

// TestTheProfileIsKept: what the configured profile forbids is not issued; the same document passes a desk without it. A
// cancel that the desk writes is never refused for a profile's sake.
func TestTheProfileIsKept(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		profile, err := cap.ProfileByID("ipaws")
		if err != nil {
			t.Fatal(err)
		}
		strict := o.desk()
		strict.Profile = profile
		a := o.alert("x", func(a *cap.Alert) { a.Infos = a.Infos[:1] })
		document := o.write(a)
		_, err = strict.Issue(t.Context(), document, officer)
		var found cap.Findings
		if !errors.Is(err, alerting.ErrInvalid) || !errors.As(err, &found) {
			t.Fatalf("issued against the profile: %v", err)
		}
		_, read := cap.ParseAll(document, cap.Options{Profile: profile})
		if !slices.Equal(found, read) || !slices.ContainsFunc(found, func(f cap.Finding) bool { return f.ID == "ipaws.code" && f.Line > 0 }) {
			t.Errorf("the desk says\n%v\nand reading\n%v", found, read)
		}
		answer := o.mustIssue(o.desk(), a)
		if len(answer.Findings) > 0 {
			t.Errorf("findings without a profile: %v", answer.Findings)
		}
		if _, err := strict.Cancel(t.Context(), answer.Alert, officer); err != nil {
			t.Errorf("the cancel was refused: %v", err)
		}
	})
}

// TestAdviceOfOthersIsHeard: what wording knows is told with the rest, with its line.
func TestAdviceOfOthersIsHeard(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		d.Advise = func(*alerting.Issued) cap.Findings {
			return cap.Findings{{ID: "sms.instruction", Path: "alert/info[1]/instruction", Message: "too long", Level: cap.LevelWarning}}
		}
		a := o.alert("x")
		document := o.write(a)
		answer, err := d.Issue(t.Context(), document, officer)
		if err != nil || !slices.Equal(where(t, answer.Findings, document), []string{"sms.instruction alert/info[1]/instruction there"}) {
			t.Errorf("%v %v", answer.Findings, err)
		}
	})
}

// TestTheDeskIsStricterThanTheStandard: what one receiver understands differently from another is refused, with the place; and a stop or
// an all-clear of an alert that went out before is not.
func TestTheDeskIsStricterThanTheStandard(t *testing.T) {
	bow := cap.Polygon{{Lat: 38, Lon: -120}, {Lat: 39, Lon: -119}, {Lat: 38, Lon: -119}, {Lat: 39, Lon: -120}, {Lat: 38, Lon: -120}}
	globe := cap.Polygon{{Lat: -90, Lon: -180}, {Lat: -90, Lon: 180}, {Lat: 90, Lon: 180}, {Lat: 90, Lon: -180}, {Lat: -90, Lon: -180}}
	each(t, func(t *testing.T, o *office) {
		for i, row := range []struct {
			name   string
			change func(i *cap.Info)
			want   []string
		}{
			{"crosses itself", func(i *cap.Info) { i.Areas[0].Polygons = []cap.Polygon{bow} }, []string{"core.polygon.crossing alert/info[1]/area[1]/polygon[1] there"}},
			{"turns its direction", func(i *cap.Info) { i.Headline = "Leave \u202enow" }, []string{"core.text.bidi alert/info[1]/headline there"}},
			{"a mark in English", func(i *cap.Info) { i.Areas[0].Description = "the\u200f town" }, []string{"desk.mark alert/info[1]/area[1]/areaDesc there"}},
			{"a mark in Hebrew", func(i *cap.Info) { i.Headline = "צאו\u200f!" }, nil},
			{"everybody", func(i *cap.Info) { i.Severity, i.Areas[0].Polygons = cap.Minor, []cap.Polygon{globe} }, []string{"desk.everywhere alert/info[1]/area[1] there"}},
			{"everybody, in a circle", func(i *cap.Info) { i.Severity, i.Areas[0].Circles = cap.Minor, []cap.Circle{{RadiusKM: 20015}} },
				[]string{"desk.everywhere alert/info[1]/area[1] there"}},
		} {
			change := func(a *cap.Alert) {
				a.Infos = a.Infos[:1]
				a.Infos[0].Areas = []cap.Area{{Description: "the lower town", Circles: a.Infos[0].Areas[0].Circles}}
				row.change(&a.Infos[0])
			}
			document := o.write(o.alert(fmt.Sprint("x", i), change))
			_, err := o.desk().Check(document, officer)
			var found cap.Findings
			_ = errors.As(err, &found)
			found = slices.DeleteFunc(found, func(f cap.Finding) bool { return f.Level != cap.LevelError })
			if have := where(t, found, document); !slices.Equal(have, row.want) {
				t.Errorf("%s: %q %v", row.name, have, err)
			}
			clear := func(a *cap.Alert) { change(a); a.Infos[0].ResponseTypes = []cap.ResponseType{cap.AllClear} }
			before := o.alert("before")
			for _, a := range []*cap.Alert{o.alert("stop", referring(cap.MsgCancel, before), change), o.alert("clear", referring(cap.MsgUpdate, before), clear)} {
				if _, err := o.desk().Check(o.write(a), officer); err != nil {
					t.Errorf("%s: %s: %v", row.name, a.Identifier, err)
				}
			}
		}
	})
}
