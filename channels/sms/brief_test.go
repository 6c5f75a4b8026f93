package sms

import (
	"encoding/json"
	"strings"
	"testing"

	twilio "github.com/twilio/twilio-go/rest/api/v2010"
	"pgregory.net/rapid"
)

// TestBrief: what is cut is read as the whole is, and what is not plain is not cut.
func TestBrief(t *testing.T) {
	for name, row := range map[string]struct {
		body string
		cut  bool
	}{
		"Twilio's":              {created, true},
		"the least there is":    {`{"sid":"SM1"}`, true},
		"blanks":                {" {\n \"a\" : [ {\"sid\":\"no\"}, \"]\" ] ,\t\"sid\" : \"SM1\" }\r\n", true},
		"quotes within":         {`{"body":"\"sid\":\"no\" \\","sid":"SM1"}`, true},
		"nested object":         {`{"subresource_uris":{"sid":"no","m":"}"},"sid":"SM1","error_code":null}`, true},
		"an error code":         {`{"sid":"SM1","error_code":30007}`, false},
		"an error code as text": {`{"sid":"SM1","error_code":"30007"}`, false},
		"twice":                 {`{"sid":"SM1","sid":"SM2"}`, false},
		"in capitals":           {`{"SID":"SM1"}`, false},
		"escaped":               {`{"sid":"S\u004d1"}`, false},
		"empty":                 {`{"sid":""}`, false},
		"a number":              {`{"sid":1}`, false},
		"none":                  {`{"status":"queued"}`, false},
		"cut off":               {`{"sid":"SM1","status":"que`, false},
		"cut off at a value":    {`{"sid":"SM1"`, false},
		"more behind":           {`{"sid":"SM1"} {}`, false},
		"a list":                {`[{"sid":"SM1"}]`, false},
		"nothing":               {``, false},
		"not JSON":              {`<html>"sid"</html>`, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := string(brief([]byte(row.body)))
			if cut := got != row.body || row.body == `{"sid":"SM1"}`; cut != row.cut {
				t.Errorf("%s\nbecame %s", row.body, got)
			}
			if row.cut {
				alike(t, row.body, got)
			}
		})
	}
}

// TestBriefIsNeverWrong spoils good answers: what is cut all the same says what the whole said.
func TestBriefIsNeverWrong(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		body := []byte(created)
		for range rapid.IntRange(1, 4).Draw(rt, "changes") {
			at := rapid.IntRange(0, len(body)-1).Draw(rt, "at")
			body[at] = rapid.SampledFrom([]byte("\"\\{}[],: sidn0\n\x00")).Draw(rt, "byte")
		}
		whole := string(body)
		got := string(brief(body))
		if got == whole || !json.Valid([]byte(whole)) {
			return
		}
		alike(rt, whole, got)
	})
}

func alike(t interface{ Errorf(string, ...any) }, whole, cut string) {
	var a, b twilio.ApiV2010Message
	errA := json.NewDecoder(strings.NewReader(whole)).Decode(&a)
	errB := json.NewDecoder(strings.NewReader(cut)).Decode(&b)
	if errB != nil || b.Sid == nil || b.ErrorCode != nil {
		t.Errorf("cut to %s: %v", cut, errB)
		return
	}
	if errA == nil && (a.Sid == nil || *a.Sid != *b.Sid || a.ErrorCode != nil) {
		t.Errorf("%s\nwas cut to %s", whole, cut)
	}
}
