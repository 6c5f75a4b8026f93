package pages

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
	"tocsin/cap"
)

// signing is the part of a form in which somebody signs: with his password, or with a passkey where his browser can.
type signing struct {
	// Password is nil when he has no key under a password.
	Password *Field
	Passkey  *passkey
	// NoKey: he has neither, and must have one first. FileKey: he has one in a file, which only the command line uses.
	NoKey, FileKey bool
}

// passkey is what the module web/src/passkey.ts needs to sign in somebody's name.
type passkey struct {
	// Challenge is what is signed, in base64: the digest of the statement that At belongs to. KeyID is the key that is taken to have
	// signed where none of Credentials has.
	Challenge, At, KeyID string
	// Relying is the host name that the key is bound to. Credentials are what the browser may offer, with blanks between: the id of the
	// credential in base64url, and behind a colon that of its key.
	Relying, Credentials string
}

// signingAs is the part of a form for an act of whoever looks. Statement makes what is signed.
func (q *request) signingAs(all []console.Operator, statement func(by string, at time.Time) (approval.Statement, error)) (*signing, error) {
	s := &signing{}
	me := q.Me.Name
	if len(keysOf(all, me, approval.Password)) > 0 {
		s.Password = &Field{Name: "password", Label: q.T("drafts.password"), Hint: q.T("drafts.password.hint", me), Type: "password", Required: true, Autocomplete: "current-password"}
	}
	keys := keysOf(all, me, approval.Passkey)
	if len(keys) > 0 && q.p.Relying != "" {
		at := q.p.Now().UTC().Truncate(time.Second)
		st, err := statement(me, at)
		if err != nil {
			return nil, err
		}
		digest, err := st.Digest()
		if err != nil {
			return nil, err
		}
		var ids []string
		for _, k := range q.Me.Passkeys {
			if key := enrolledAs(keys, k.Key); key != "" {
				ids = append(ids, k.ID+":"+key)
			}
		}
		s.Passkey = &passkey{Challenge: base64.StdEncoding.EncodeToString(digest[:]), At: at.Format(time.RFC3339), KeyID: keys[0].KeyID,
			Relying: q.p.Relying, Credentials: strings.Join(ids, " ")}
	}
	s.FileKey = len(keysOf(all, me, approval.File)) > 0
	s.NoKey = s.Password == nil && s.Passkey == nil
	return s, nil
}

// overDraft makes the statements on a draft, from the document that its page shows.
func (d *draft) overDraft(act approval.Act) func(by string, at time.Time) (approval.Statement, error) {
	e := &alerting.Envelope{World: d.World, Document: d.Document, Channels: d.Channels, Audience: d.Audience, Author: d.Author.Name, Counted: d.Counted, Window: d.Window}
	return func(by string, at time.Time) (approval.Statement, error) { return approval.Over(e, act, by, at) }
}

// assertion is the signature of a passkey that a form brought; ok is false when it brought none.
func (q *request) assertion(act approval.Act) (a alerting.Approval, ok bool, err error) {
	text := q.form("assertion")
	if text == "" {
		return a, false, nil
	}
	at, err := time.Parse(time.RFC3339, q.form("signed_at"))
	if err != nil || len(text) > approval.MaxAssertion || !json.Valid([]byte(text)) {
		return a, false, &Problem{Status: http.StatusBadRequest, Title: q.T("drafts.unsigned"), Detail: q.T("drafts.passkey.broken")}
	}
	return alerting.Approval{By: q.Me.Name, Act: string(act), At: at, KeyID: q.form("key_id"), Signature: []byte(text)}, true, nil
}

// signs puts the signature of whoever looks on the version of a draft that his form names.
func (q *request) signs(id string, act approval.Act) (desk.Draft, error) {
	var after desk.Draft
	version, err := q.version()
	if err != nil {
		return after, err
	}
	pick := desk.Pick{Place: q.form("place"), Challenge: q.form("challenge")}
	a, ok, err := q.assertion(act)
	if err != nil {
		return after, err
	}
	if ok {
		err = q.post(q.api("drafts", id, "sign"), map[string]any{"version": version, "approval": a, "place": pick.Place, "challenge": pick.Challenge}, &after)
		return after, err
	}
	err = q.post(q.api("drafts", id, "sign-with-password"), map[string]any{"version": version, "operator": q.Me.Name, "password": q.r.PostFormValue("password"),
		"act": act, "place": pick.Place, "challenge": pick.Challenge}, &after)
	return after, err
}

// version is the one that a form is about.
func (q *request) version() (int64, error) {
	n, err := strconv.ParseInt(q.form("version"), 10, 64)
	if err != nil || n < 1 {
		return 0, &Problem{Status: http.StatusBadRequest, Title: q.T("error.form"), Detail: q.T("drafts.version.missing")}
	}
	return n, nil
}

// refusal is what a form says above itself when the API refused what it asked for.
type refusal struct {
	// Title says what was not done, What what to do now, and Detail what the API said.
	Title, What, Detail string
	// Stale: the draft is another by now, and must be read again.
	Stale bool
	// Nobody: it would reach nobody.
	Nobody bool
}

// refused turns an answer of the API about a draft into what the form says; other errors are given back. Title is what was not done.
func (q *request) refused(err error, title string, d *draft) (*refusal, int, error) {
	var problem *Problem
	if !errors.As(err, &problem) || problem.Status >= http.StatusInternalServerError && problem.Status != http.StatusServiceUnavailable {
		return nil, 0, err
	}
	r := &refusal{Title: title, Detail: problem.Detail}
	if len(problem.Findings) > 0 {
		r.Detail = problem.Findings.Error()
		r.Nobody = slices.ContainsFunc(problem.Findings, func(f cap.Finding) bool { return f.ID == "desk.nobody" })
	}
	sent, _ := strconv.ParseInt(q.form("version"), 10, 64) // what is no number was refused before
	switch {
	case sent != 0 && sent != d.Version:
		r.Stale, r.What = true, q.T("drafts.stale", d.Author.Name, d.Version, sent)
	case problem.Status == http.StatusConflict:
		r.What = q.T("drafts.conflict", q.T("drafts.state."+string(d.State)))
	case problem.Status == http.StatusServiceUnavailable:
		r.What = q.T("drafts.unavailable")
	}
	return r, problem.Status, nil
}
