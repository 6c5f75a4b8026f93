package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
)

// cupboard plays the desk's keys: it opens none, and says so.
type cupboard struct {
	asked []string
	err   error
}

func (c *cupboard) MakePasswordKey(_ context.Context, by alerting.Actor, operator, _ string) (approval.Key, error) {
	c.asked = append(c.asked, fmt.Sprint(by.Name, " makes ", operator))
	return approval.Key{Kind: approval.Password, Public: make([]byte, 32)}, c.err
}

func (c *cupboard) SignWithPassword(_ context.Context, id string, version int64, by alerting.Actor, p desk.PasswordSignature) (desk.Draft, error) {
	c.asked = append(c.asked, fmt.Sprint(by.Name, " signs ", id, " ", version, " as ", p.Operator, " ", p.Act))
	return desk.Draft{ID: id, Version: version}, c.err
}

func (c *cupboard) ReleaseUnderWithPassword(context.Context, string, int64, alerting.Actor, string, desk.PasswordSignature) (desk.Draft, error) {
	return desk.Draft{}, alerting.ErrForbidden
}

func (c *cupboard) CountersignWithPassword(context.Context, alerting.AlertID, alerting.Actor, desk.PasswordSignature) error {
	return alerting.ErrForbidden
}

func (c *cupboard) ChangePassword(_ context.Context, by alerting.Actor, operator, _, _ string) error {
	c.asked = append(c.asked, fmt.Sprint(by.Name, " changes ", operator))
	return c.err
}

func TestPasswordsAreNotRepeated(t *testing.T) {
	const secret = "seven harbour lights"
	var log bytes.Buffer
	keys := &cupboard{}
	c := &Console{Tokens: []Token{NewToken("duty", "token", []Right{MayApprove}), NewToken("author", "author", []Right{MayIssue}), NewToken("reader", "other", []Right{MayRead, MayCancel})},
		Passwords: keys, Log: slog.New(slog.NewTextHandler(&log, nil)), Note: noted(nil)}
	handler := c.Handler()
	for _, row := range []struct {
		name, token, path, body string
		fails                   error
		status                  int
		asked                   string
	}{
		{"made", "token", "operators/password-keys", `{"operator":"first","password":"` + secret + `"}`, nil, 201, "duty makes first"},
		{"signed", "token", "drafts/d1/sign-with-password", `{"version":3,"operator":"first","password":"` + secret + `","act":"approve"}`, nil, 200, "duty signs d1 3 as first approve"},
		{"changed", "token", "operators/password", `{"operator":"first","old":"` + secret + `","new":"` + secret + `"}`, nil, 204, "duty changes first"},
		{"shut", "token", "operators/password", `{"operator":"first","old":"` + secret + `","new":"x"}`, alerting.ErrForbidden, 403, "duty changes first"},
		{"broken inside", "token", "operators/password", `{"operator":"first","old":"` + secret + `","new":"x"}`, errors.New("inside"), 500, "duty changes first"},
		{"a stranger", "", "operators/password", `{"old":"` + secret + `"}`, nil, 401, ""},
		{"makes, without the right", "other", "operators/password-keys", `{"password":"` + secret + `"}`, nil, 403, ""},
		{"signs, without the right", "other", "drafts/d1/sign-with-password", `{"password":"` + secret + `"}`, nil, 403, ""},
		{"changes, without the right", "other", "operators/password", `{"old":"` + secret + `"}`, nil, 403, ""},
		{"an author approves", "author", "drafts/d1/sign-with-password", `{"version":3,"operator":"first","password":"` + secret + `","act":"approve"}`, nil, 403, ""},
		{"an author signs", "author", "drafts/d1/sign-with-password", `{"version":3,"operator":"first","password":"` + secret + `","act":"author"}`, nil, 200, "author signs d1 3 as first author"},
		{"the password as a field", "token", "operators/password", `{"` + secret + `":"x"}`, nil, 400, ""},
		{"the password as nothing", "token", "operators/password", secret, nil, 400, ""},
		{"the password as a list", "token", "drafts/d1/sign-with-password", `{"version":"` + secret + `"}`, nil, 400, ""},
		{"too much", "token", "operators/password", `{"old":"` + strings.Repeat(secret, maxAct/len(secret)+1) + `"}`, nil, 400, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			keys.asked, keys.err = nil, row.fails
			r := httptest.NewRequest(http.MethodPost, "/api/"+row.path, strings.NewReader(row.body))
			r.Header.Set("Authorization", "Bearer "+row.token)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != row.status || strings.Join(keys.asked, ";") != row.asked {
				t.Errorf("%d %s, asked %q", w.Code, w.Body, keys.asked)
			}
			if strings.Contains(w.Body.String()+log.String(), secret) {
				t.Errorf("the password is repeated: %s %s", w.Body, log.String())
			}
		})
	}
}
