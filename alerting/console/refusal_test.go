package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/alerting/inbox"
	"tocsin/alerting/login"
	"tocsin/cap"
)

func TestProblemsInChinese(t *testing.T) {
	for _, row := range []struct {
		err                         error
		code, title, detail         string
		titleChinese, detailChinese string
	}{
		{fmt.Errorf("cancel alert a: %w", alerting.Refuse(alerting.ErrState, "alert.over", "it has been over since %s", "12:00")), "alert.over",
			"Not possible in this state", "cancel alert a: not possible in this state: it has been over since 12:00", "当前状态下不能这样做", "已于 12:00 结束"},
		{fmt.Errorf("%w: body: what is this", alerting.ErrInvalid), "invalid", "The input breaks a rule", "invalid: body: what is this",
			"输入不合规则", "填写的内容不合规则，请改正后再试。英文说明：invalid: body: what is this"},
		{errors.New("a secret of the house"), "internal", "Internal error", "", "内部错误", "系统内部出错，已记入系统日志。请稍后再试，仍不行请告知管理员。"},
		{fmt.Errorf("%w: %w", alerting.ErrInvalid, cap.Findings{{ID: "core.polygon.closed", Message: "the polygon is not closed: repeat its first point at the end"}}),
			"findings", "The document breaks rules of CAP", "", "文档不合 CAP 的规则", ""},
	} {
		en, zh := problemIn("en", row.err), problemIn("zh", row.err)
		if en.Code != row.code || en.Title != row.title || en.Detail != row.detail {
			t.Errorf("%v in English: %+v", row.err, en)
		}
		if zh.Code != row.code || zh.Title != row.titleChinese || zh.Detail != row.detailChinese {
			t.Errorf("%v in Chinese: %+v", row.err, zh)
		}
	}
}

// TestEveryTitleAndWordIsChinese: what a sentence may name has a Chinese name.
func TestEveryTitleAndWordIsChinese(t *testing.T) {
	var all []alerting.Term
	for _, row := range statuses() {
		all = append(all, alerting.Term(row.title))
		if alerting.General(row.code) == "" {
			t.Errorf("the kind %s has no sentence", row.code)
		}
	}
	for _, code := range []string{"internal", "findings"} {
		if alerting.General(code) == "" {
			t.Errorf("%s has no sentence", code)
		}
	}
	all = slices.Concat(all, alerting.Terms(Rights()), alerting.Terms([]Right{MayEnrol, MaySign}), alerting.Terms(approval.Rights()), alerting.Terms(login.Roles()),
		alerting.Terms(desk.ChangeStates()), alerting.Terms(inbox.States()), alerting.Terms(alerting.Worlds()), alerting.Terms(alerting.Channels()),
		alerting.Terms([]desk.DraftState{desk.Drafted, desk.Submitted, desk.Returned, desk.Approved, desk.Released, desk.Rejected, desk.Withdrawn, desk.Lapsed}),
		alerting.Terms([]desk.WindowState{desk.WindowAhead, desk.WindowOpen, desk.WindowOver, desk.WindowClosed, desk.WindowVoid}),
		[]alerting.Term{alerting.Term(approval.Author), alerting.Term(approval.Approve), alerting.Term(approval.Change)})
	for _, term := range all {
		if term.Chinese() == string(term) {
			t.Errorf("%q has no Chinese name", term)
		}
	}
}

// TestRefusalsOfTheDoor: those who are not let in learn why in their language, too, with its code.
func TestRefusalsOfTheDoor(t *testing.T) {
	c := &Console{Log: slog.New(slog.DiscardHandler), Tokens: []Token{NewToken("t", "secret", []Right{MayRead})}}
	for _, row := range []struct {
		method, path, token, lang string
		status                    int
		code, title, detail       string
	}{
		{"GET", "/api/alerts", "", "zh-CN,zh;q=0.9", 401, "token.needed", "需要令牌", "请发送请求头 Authorization"},
		{"GET", "/api/alerts", "", "en", 401, "token.needed", "A token is needed", "send the header Authorization"},
		{"POST", "/api/alerts", "secret", "zh", 403, "right.token", "不允许", "令牌 t 没有“编写和提交”的权限"},
		{"POST", "/api/alerts", "secret", "", 403, "right.token", "Not allowed", "the token t lacks the right issue"},
		{"POST", "/api/login", "", "zh", 409, "login.off", "当前状态下不能这样做", "本系统未开通人员登录"},
	} {
		r := httptest.NewRequest(row.method, row.path, strings.NewReader("{}"))
		r.Header.Set("Accept-Language", row.lang)
		if row.token != "" {
			r.Header.Set("Authorization", "Bearer "+row.token)
		}
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		var p problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Errorf("%s: %v", w.Body, err)
		}
		if w.Code != row.status || p.Code != row.code || p.Title != row.title || !strings.HasPrefix(p.Detail, row.detail) {
			t.Errorf("%s %s in %q: %d %s", row.method, row.path, row.lang, w.Code, w.Body)
		}
	}
}

// TestTheCodesAreDescribed: whoever writes a program finds every code in the description.
func TestTheCodesAreDescribed(t *testing.T) {
	text, err := (&Console{}).describe()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range alerting.Sentences() {
		if !strings.Contains(string(text), `"code": "`+s.Code+`"`) {
			t.Errorf("%s is not described", s.Code)
		}
	}
}
