package approval

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// signerOf is a key that is the same in every run.
func signerOf(name string) Signer {
	seed := sha256.Sum256([]byte(name))
	return Signer{File, ed25519.NewKeyFromSeed(seed[:])}
}

// town is an office with two founders, and operators whom they enrolled.
type town struct {
	*Office
	enrolments []alerting.Enrolment
}

func newTown(t *testing.T, policy Policy) *town {
	t.Helper()
	founders, err := NewRoll([]Founder{{"first", signerOf("first").Key()}, {"second", signerOf("second").Key()}}, Relying{})
	if err != nil {
		t.Fatal(err)
	}
	o := &town{Office: &Office{Founders: founders, Policy: policy, Desk: signerOf("desk").Key()}}
	o.enrolments = []alerting.Enrolment{
		enrolled(t, "writer", signerOf("writer"), []Right{MayAuthor}, "first", "second"),
		enrolled(t, "reader", signerOf("reader"), []Right{MayApprove, MayStop}, "first", "second"),
		enrolled(t, "third", signerOf("third"), Rights(), "first", "second"),
		enrolled(t, "later", signerOf("later"), []Right{MayApprove}, "first", "third"),
	}
	return o
}

func enrolled(t *testing.T, name string, key Signer, rights []Right, by ...string) alerting.Enrolment {
	t.Helper()
	e := alerting.Enrolment{Operator: name, Key: key.Key().String(), At: noon}
	for _, r := range rights {
		e.Rights = append(e.Rights, string(r))
	}
	for _, admin := range by {
		a, err := SignEnrolment(signerOf(admin), e, admin, noon)
		if err != nil {
			t.Fatal(err)
		}
		e.By = append(e.By, a)
	}
	return e
}

func (o *town) alert(change ...func(*cap.Alert)) *alerting.Issued {
	a := &cap.Alert{Version: "1.2", Identifier: "a", Sender: "office@example.org", Sent: noon, Status: cap.StatusActual,
		MsgType: cap.MsgAlert, Scope: cap.ScopePublic, Infos: []cap.Info{{Language: "en", Categories: []cap.Category{"Met"}, Event: "Flood",
			Urgency: cap.Immediate, Severity: cap.Severe, Certainty: cap.Observed, Areas: []cap.Area{{Description: "Town"}}}}}
	for _, c := range change {
		c(a)
	}
	document, err := cap.Write(a)
	if err != nil {
		panic(err)
	}
	return &alerting.Issued{ID: alerting.IDOf(a), Alert: a, Envelope: alerting.Envelope{World: alerting.Actual, Document: document,
		Author: "writer", Counted: alerting.Counted{People: 100, Sirens: 2}, Enrolments: o.enrolments}}
}

func sign(t *testing.T, in *alerting.Issued, act Act, by string, key Signer) {
	t.Helper()
	s, err := Over(&in.Envelope, act, by, noon)
	if err != nil {
		t.Fatal(err)
	}
	a, err := key.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	in.Envelope.Approvals = append(in.Envelope.Approvals, a)
}

func TestWhoMaySend(t *testing.T) {
	both := func(t *testing.T, in *alerting.Issued) {
		sign(t, in, Author, "writer", signerOf("writer"))
		sign(t, in, Approve, "reader", signerOf("reader"))
	}
	cancels := func(a *cap.Alert) {
		a.MsgType, a.References = cap.MsgCancel, []cap.Reference{{Sender: a.Sender, Identifier: "b", Sent: noon}}
	}
	rows := []struct {
		name   string
		change func(*cap.Alert)
		do     func(t *testing.T, o *town, in *alerting.Issued)
		want   string
	}{
		{"author and approver", nil, func(t *testing.T, _ *town, in *alerting.Issued) { both(t, in) }, ""},
		{"nobody", nil, func(*testing.T, *town, *alerting.Issued) {}, "rule default wants 1 approval more"},
		{"the author alone", nil, func(t *testing.T, _ *town, in *alerting.Issued) { sign(t, in, Author, "writer", signerOf("writer")) }, "1 approval more"},
		{"an approver, and an author who did not sign", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			sign(t, in, Approve, "reader", signerOf("reader"))
		}, "two people must have signed"},
		{"two approvers, and a token as author", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			in.Envelope.Author = "program"
			sign(t, in, Approve, "reader", signerOf("reader"))
			sign(t, in, Approve, "later", signerOf("later"))
		}, ""},
		{"one approver twice", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			sign(t, in, Approve, "reader", signerOf("reader"))
			sign(t, in, Approve, "reader", signerOf("reader"))
		}, "two people"},
		{"the author approves", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			in.Envelope.Author = "third"
			sign(t, in, Author, "third", signerOf("third"))
			sign(t, in, Approve, "third", signerOf("third"))
		}, "1 approval more"},
		{"who may only write approves", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			in.Envelope.Author = "third"
			sign(t, in, Author, "third", signerOf("third"))
			sign(t, in, Approve, "writer", signerOf("writer"))
		}, "1 approval more"},
		{"under another's name", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			sign(t, in, Author, "writer", signerOf("writer"))
			sign(t, in, Approve, "reader", signerOf("writer"))
		}, "1 approval more"},
		{"an unknown key", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			sign(t, in, Author, "writer", signerOf("writer"))
			sign(t, in, Approve, "stranger", signerOf("stranger"))
		}, "1 approval more"},
		{"an author's signature passed off as approval", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			in.Envelope.Author = "reader"
			sign(t, in, Author, "writer", signerOf("writer"))
			in.Envelope.Approvals[0].Act = string(Approve)
		}, "1 approval more"},
		{"the text changed", nil, func(t *testing.T, o *town, in *alerting.Issued) {
			both(t, in)
			in.Envelope.Document = o.alert(func(a *cap.Alert) { a.Infos[0].Event = "Fire" }).Envelope.Document
		}, "1 approval more"},
		{"another world", nil, func(t *testing.T, _ *town, in *alerting.Issued) { both(t, in); in.Envelope.World = alerting.Test }, "1 approval more"},
		{"more channels", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			in.Envelope.Channels = []alerting.Channel{alerting.SMS}
			both(t, in)
			in.Envelope.Channels = nil
		}, "1 approval more"},
		{"other people", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			both(t, in)
			in.Envelope.Audience.People = []string{"P1"}
		}, "1 approval more"},
		{"another count", nil, func(t *testing.T, _ *town, in *alerting.Issued) { both(t, in); in.Envelope.Counted.People++ }, "1 approval more"},
		{"another author", nil, func(t *testing.T, _ *town, in *alerting.Issued) { both(t, in); in.Envelope.Author = "first" }, "1 approval more"},
		{"channels in another order", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			in.Envelope.Channels = []alerting.Channel{alerting.SMS, alerting.Mail}
			both(t, in)
			slices.Reverse(in.Envelope.Channels)
		}, ""},
		{"without the enrolments", nil, func(t *testing.T, _ *town, in *alerting.Issued) { both(t, in); in.Envelope.Enrolments = nil }, "1 approval more"},
		{"a swapped key", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			sign(t, in, Author, "writer", signerOf("writer"))
			sign(t, in, Approve, "reader", signerOf("stranger"))
			in.Envelope.Enrolments = slices.Clone(in.Envelope.Enrolments)
			in.Envelope.Enrolments[1].Key = signerOf("stranger").Key().String()
		}, "1 approval more"},
		{"a right that was added", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			in.Envelope.Author = "third"
			sign(t, in, Author, "third", signerOf("third"))
			sign(t, in, Approve, "writer", signerOf("writer"))
			in.Envelope.Enrolments = slices.Clone(in.Envelope.Enrolments)
			in.Envelope.Enrolments[0].Rights = []string{"approve", "author"}
		}, "1 approval more"},
		{"a revoked key", nil, func(t *testing.T, o *town, in *alerting.Issued) {
			both(t, in)
			o.Revoke([]alerting.Revocation{revoked(t, "reader", "first", "second")})
		}, "1 approval more"},
		{"a key that was revoked later", nil, func(t *testing.T, o *town, in *alerting.Issued) {
			both(t, in)
			o.Revoke([]alerting.Revocation{revokedAt(t, noon.Add(time.Second), "reader", "first", "second")})
		}, ""},
		{"a revocation that one signed", nil, func(t *testing.T, o *town, in *alerting.Issued) {
			both(t, in)
			o.Revoke([]alerting.Revocation{revoked(t, "reader", "first")})
		}, ""},
		{"a revocation by a founder and by somebody of whom the alert knows nothing", nil, func(t *testing.T, o *town, in *alerting.Issued) {
			both(t, in)
			v := revoked(t, "reader", "first", "third")
			roll, _ := o.Roll(o.enrolments)
			v.Enrolments = roll.Needed(v.By)
			in.Envelope.Enrolments = roll.Needed(in.Envelope.Approvals)
			o.Revoke([]alerting.Revocation{v})
		}, "1 approval more"},
		{"a revocation that a stranger signed, who brings no true enrolment", nil, func(t *testing.T, o *town, in *alerting.Issued) {
			both(t, in)
			v := revoked(t, "reader", "first", "stranger")
			v.Enrolments = []alerting.Enrolment{enrolled(t, "stranger", signerOf("stranger"), []Right{MayAdminister}, "stranger", "first")}
			o.Revoke([]alerting.Revocation{v})
		}, ""},
		{"a revocation by its owner", nil, func(t *testing.T, o *town, in *alerting.Issued) {
			both(t, in)
			o.Revoke([]alerting.Revocation{revoked(t, "reader", "reader")})
		}, "1 approval more"},
		{"a cancel that one person stops with", cancels, func(t *testing.T, _ *town, in *alerting.Issued) { sign(t, in, Stop, "reader", signerOf("reader")) }, ""},
		{"a cancel of the desk", cancels, func(t *testing.T, _ *town, in *alerting.Issued) {
			a, err := SignStop(signerOf("desk"), &in.Envelope, noon)
			if err != nil {
				t.Fatal(err)
			}
			in.Envelope.Approvals = []alerting.Approval{a}
		}, ""},
		{"an alert that the desk signs", nil, func(t *testing.T, _ *town, in *alerting.Issued) {
			a, err := SignStop(signerOf("desk"), &in.Envelope, noon)
			if err != nil {
				t.Fatal(err)
			}
			in.Envelope.Approvals = []alerting.Approval{a}
		}, "1 approval more"},
		{"a cancel by who may not stop", cancels, func(t *testing.T, _ *town, in *alerting.Issued) { sign(t, in, Stop, "writer", signerOf("writer")) }, "1 approval more"},
		{"a cancel that nobody signed", cancels, func(*testing.T, *town, *alerting.Issued) {}, "1 approval more"},
		{"another's key under the desk's name", cancels, func(t *testing.T, _ *town, in *alerting.Issued) { sign(t, in, Stop, DeskName, signerOf("stranger")) }, "1 approval more"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			o := newTown(t, nil)
			var change []func(*cap.Alert)
			if row.change != nil {
				change = append(change, row.change)
			}
			in := o.alert(change...)
			row.do(t, o, in)
			err := o.Check(in)
			if row.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}

func revoked(t *testing.T, whose string, by ...string) alerting.Revocation {
	t.Helper()
	return revokedAt(t, noon, whose, by...)
}

func revokedAt(t *testing.T, at time.Time, whose string, by ...string) alerting.Revocation {
	t.Helper()
	v := alerting.Revocation{KeyID: signerOf(whose).Key().ID(), Reason: "lost", At: at}
	for _, admin := range by {
		a, err := SignRevocation(signerOf(admin), v, admin, noon)
		if err != nil {
			t.Fatal(err)
		}
		v.By = append(v.By, a)
	}
	return v
}

func TestEnrolling(t *testing.T) {
	founders := newTown(t, nil).Founders
	good := enrolled(t, "new", signerOf("new"), []Right{MayApprove}, "first", "second")
	rows := []struct {
		name string
		e    alerting.Enrolment
		want string
	}{
		{"two founders", good, ""},
		{"one founder", enrolled(t, "new", signerOf("new"), []Right{MayApprove}, "first"), "1 of 2 signatures"},
		{"one founder twice", enrolled(t, "new", signerOf("new"), []Right{MayApprove}, "first", "first"), "1 of 2 signatures"},
		{"a stranger", enrolled(t, "new", signerOf("new"), []Right{MayApprove}, "first", "stranger"), "1 of 2 signatures"},
		{"a founder's key", enrolled(t, "new", signerOf("first"), []Right{MayApprove}, "first", "second"), "known already"},
		{"no right", enrolled(t, "new", signerOf("new"), nil, "first", "second"), "gives no right"},
		{"an unknown right", enrolled(t, "new", signerOf("new"), []Right{"everything"}, "first", "second"), "want some of"},
		{"no name", enrolled(t, "", signerOf("new"), []Right{MayApprove}, "first", "second"), "a name is letters"},
		{"a name over two lines", enrolled(t, "a\nb", signerOf("new"), []Right{MayApprove}, "first", "second"), "a name is letters"},
		{"signed for another name", func() alerting.Enrolment { e := good; e.Operator = "other"; return e }(), "0 of 2 signatures"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			roll, problems := founders.With([]alerting.Enrolment{row.e})
			switch {
			case row.want == "" && (len(problems) > 0 || len(roll.All()) != 3):
				t.Errorf("%v, %d keys", problems, len(roll.All()))
			case row.want != "" && (len(problems) != 1 || !strings.Contains(problems[0].Error(), row.want) || len(roll.All()) != 2):
				t.Errorf("%v, %d keys, want %q", problems, len(roll.All()), row.want)
			}
		})
	}
	if _, problems := founders.With(make([]alerting.Enrolment, mostEnrolments+1)); len(problems) != 1 {
		t.Errorf("a flood of enrolments: %d problems", len(problems))
	}
}

// Whatever order enrolments come in, and whatever is needed of them, the same is known.
func TestNeededEnrolmentsAreEnough(t *testing.T) {
	o := newTown(t, nil)
	backwards := slices.Clone(o.enrolments)
	slices.Reverse(backwards)
	roll, problems := o.Roll(backwards)
	if len(problems) > 0 || len(roll.All()) != 6 {
		t.Fatalf("%v, %d keys", problems, len(roll.All()))
	}
	in := o.alert()
	in.Envelope.Author = "program"
	sign(t, in, Approve, "later", signerOf("later"))
	sign(t, in, Approve, "reader", signerOf("reader"))
	needed := roll.Needed(in.Envelope.Approvals)
	if len(needed) != 3 { // reader, later, and third who signed later's
		t.Errorf("%d enrolments are needed", len(needed))
	}
	in.Envelope.Enrolments = needed
	if err := o.Check(in); err != nil {
		t.Error(err)
	}
}

// The stream keeps an envelope as JSON: what was signed must hold afterwards, to the second.
func TestSignaturesOutliveTheStream(t *testing.T) {
	o := newTown(t, nil)
	in := o.alert()
	for _, by := range []struct {
		act  Act
		name string
	}{{Author, "writer"}, {Approve, "reader"}} {
		s, err := Over(&in.Envelope, by.act, by.name, noon.Add(123456789).In(time.FixedZone("", 3600)))
		if err != nil {
			t.Fatal(err)
		}
		a, err := signerOf(by.name).Sign(s)
		if err != nil {
			t.Fatal(err)
		}
		in.Envelope.Approvals = append(in.Envelope.Approvals, a)
	}
	text, err := json.Marshal(in.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	again := *in
	again.Envelope = alerting.Envelope{}
	if err := json.Unmarshal(text, &again.Envelope); err != nil {
		t.Fatal(err)
	}
	if err := o.Check(&again); err != nil {
		t.Error(err)
	}
}

func TestPolicy(t *testing.T) {
	policy := Policy{
		{ID: "red", Severity: cap.Extreme, Approvals: 2},
		{ID: "sirens", Channels: []alerting.Channel{alerting.Siren}, Approvals: 1, Kinds: []Kind{File}},
		{ID: "harbour", Areas: []string{"3301"}, Approvals: 3},
		{ID: "drills", Worlds: []alerting.World{alerting.Exercise, alerting.Test}, Approvals: 0},
	}
	if err := policy.Check(); err != nil {
		t.Fatal(err)
	}
	coded := func(code string) func(*cap.Alert) {
		return func(a *cap.Alert) { a.Infos[0].Areas[0].Geocodes = []cap.Value{{Name: "code", Value: code}} }
	}
	severity := func(s cap.Severity) func(*cap.Alert) { return func(a *cap.Alert) { a.Infos[0].Severity = s } }
	rows := []struct {
		name   string
		order  alerting.Envelope
		change []func(*cap.Alert)
		want   string
	}{
		{"all channels, elsewhere", alerting.Envelope{World: alerting.Actual}, []func(*cap.Alert){coded("4400")}, "sirens"},
		{"mail only, elsewhere", alerting.Envelope{World: alerting.Actual, Channels: []alerting.Channel{alerting.Mail}}, []func(*cap.Alert){coded("4400")}, "default"},
		{"an area within", alerting.Envelope{World: alerting.Actual, Channels: []alerting.Channel{alerting.Mail}}, []func(*cap.Alert){coded("330102")}, "harbour"},
		{"an area without a code may be anywhere", alerting.Envelope{World: alerting.Actual, Channels: []alerting.Channel{alerting.Mail}}, nil, "harbour"},
		{"extreme", alerting.Envelope{World: alerting.Actual}, []func(*cap.Alert){coded("4400"), severity(cap.Extreme)}, "red sirens"},
		{"unknown severity may be extreme", alerting.Envelope{World: alerting.Actual}, []func(*cap.Alert){coded("4400"), severity(cap.UnknownSeverity)}, "red sirens"},
		{"an exercise", alerting.Envelope{World: alerting.Exercise, Channels: []alerting.Channel{alerting.Mail}}, []func(*cap.Alert){coded("4400")}, "drills"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			in := newTown(t, nil).alert(row.change...)
			var got []string
			for _, r := range policy.Demands(in.Alert, &row.order) {
				got = append(got, r.ID)
			}
			if strings.Join(got, " ") != row.want {
				t.Errorf("%v, want %s", got, row.want)
			}
		})
	}
	for name, bad := range map[string]Policy{
		"nobody":         {{ID: "a", Approvals: 0}},
		"nobody, actual": {{ID: "a", Worlds: []alerting.World{alerting.Actual, alerting.Test}}},
		"too many":       {{ID: "a", Approvals: 4}},
		"no id":          {{Approvals: 1}},
		"one id twice":   {{ID: "a", Approvals: 1}, {ID: "a", Approvals: 1}},
		"no such kind":   {{ID: "a", Approvals: 1, Kinds: []Kind{"stamp"}}},
	} {
		if err := bad.Check(); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPolicyOfKinds(t *testing.T) {
	o := newTown(t, Policy{{ID: "strong", Approvals: 1, Kinds: []Kind{Passkey}}})
	in := o.alert()
	sign(t, in, Author, "writer", signerOf("writer"))
	sign(t, in, Approve, "reader", signerOf("reader"))
	if err := o.Check(in); err == nil || !strings.Contains(err.Error(), "by a key of kind [passkey]") {
		t.Errorf("%v", err)
	}
}

func TestTwoFounders(t *testing.T) {
	first, second := Founder{"first", signerOf("first").Key()}, Founder{"second", signerOf("second").Key()}
	for name, founders := range map[string][]Founder{
		"none": nil, "one": {first}, "one with two keys": {first, {"first", second.Key}}, "one key": {first, {"second", first.Key}},
	} {
		if _, err := NewRoll(founders, Relying{}); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	roll, err := NewRoll([]Founder{first, second}, Relying{}, first.Key.ID())
	if err != nil {
		t.Fatal(err)
	}
	if _, known := roll.Find(first.Key.ID()); known {
		t.Error("a key that the configuration revokes is known")
	}
}

func TestKeysAreReadStrictly(t *testing.T) {
	key := signerOf("a").Key()
	again, err := ParseKey(key.String())
	if err != nil || again.ID() != key.ID() || !bytes.Equal(again.Public, key.Public) {
		t.Errorf("%v %v", again, err)
	}
	for _, text := range []string{"", "file:", "file:AAAA", "stamp:" + strings.Repeat("A", 43) + "=", key.String() + "\n", strings.TrimSuffix(key.String(), "=")} {
		if _, err := ParseKey(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
