package desk

import (
	"bytes"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/dsig"
)

// TestReadingOthers: slips are passed over and said, a broken rule is said in the words of Issue, and a signature changes
// nothing but the trust; nothing is issued.
func TestReadingOthers(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.signing(year)
		d := o.desk(signedBy(s), func(c *Config) {
			c.Advise = func(*alerting.Issued) cap.Findings {
				return cap.Findings{finding("advice.test", "", "alert", "advised")}
			}
		})
		plain := o.write(o.alert("theirs"))
		slip := bytes.Replace(plain, []byte("<status>Actual<"), []byte("<status>actual<"), 1)
		wrong := bytes.Replace(plain, []byte("Immediate"), []byte("Sometime"), 1)
		sign := func(by *Signing) []byte {
			signed, err := by.Sign(plain)
			if err != nil {
				t.Fatal(err)
			}
			return signed
		}
		tampered := bytes.Replace(sign(s), []byte("Go uphill."), []byte("Go downhill."), 1)
		for name, row := range map[string]struct {
			document []byte
			finding  string
			trusted  bool
			verdict  dsig.Verdict
		}{
			"a slip":          {slip, "read.case", false, ""},
			"advice":          {plain, "advice.test", false, ""},
			"a broken rule":   {wrong, "core.urgency.value", false, ""},
			"signed by us":    {sign(s), "advice.test", true, dsig.Trusted},
			"by a stranger":   {sign(o.signing(year)), "advice.test", false, dsig.Untrusted},
			"signed, changed": {tampered, "advice.test", false, dsig.Invalid},
		} {
			r := d.Read(row.document)
			if r.Alert == nil || !strings.Contains(r.Findings.Error(), row.finding) || r.Trusted != row.trusted {
				t.Errorf("%s: %+v", name, r)
			}
			if row.verdict != "" && (len(r.Signatures) != 1 || r.Signatures[0].Verdict != row.verdict) {
				t.Errorf("%s: signatures %+v", name, r.Signatures)
			}
			if row.trusted && r.Alert.Identifier != "theirs" {
				t.Errorf("%s: it says %q", name, r.Alert.Identifier)
			}
		}
		if r := d.Read([]byte("<!DOCTYPE x><alert/>")); r.Alert != nil || r.Findings.Err() == nil || r.Trusted {
			t.Errorf("hostile: %+v", r)
		}
		_, err := d.Issue(t.Context(), wrong, officer)
		if err == nil || !strings.Contains(err.Error(), d.Read(wrong).Findings.Error()) {
			t.Errorf("Issue says it in other words: %v", err)
		}
		if len(o.press.printed) > 0 {
			t.Error("something was issued")
		}
	})
}
