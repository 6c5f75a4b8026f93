package console

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"tocsin/alerting"
	"tocsin/cap"
)

// problem is an error as RFC 9457 writes it. Outcome says what became of a request to issue: refused or unknown.
type problem struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Detail   string       `json:"detail,omitempty"`
	Outcome  string       `json:"outcome,omitempty"`
	Findings cap.Findings `json:"findings,omitempty"`
}

// kindStatus is how one kind of error looks over HTTP.
type kindStatus struct {
	kind   error
	status int
	title  string
	// chinese is the title in Chinese.
	chinese string
}

// statuses is the one table from kinds of errors to HTTP.
func statuses() []kindStatus {
	return []kindStatus{
		{alerting.ErrUnknown, http.StatusGatewayTimeout, "Outcome unknown: repeating the request is safe", "结果不明：重复同一请求是安全的"},
		{alerting.ErrUnavailable, http.StatusServiceUnavailable, "A store cannot be reached", "数据库或消息服务暂时无法访问"},
		{alerting.ErrInvalid, http.StatusBadRequest, "The input breaks a rule", "输入不合规则"},
		{alerting.ErrNotFound, http.StatusNotFound, "No such thing", "没有这一项"},
		{alerting.ErrForbidden, http.StatusForbidden, "Not allowed", "不允许"},
		{alerting.ErrConflict, http.StatusConflict, "Conflicts with what is there", "与现有内容冲突"},
		{alerting.ErrState, http.StatusConflict, "Not possible in this state", "当前状态下不能这样做"},
	}
}

func problemOf(err error) problem {
	p := problem{Type: "about:blank", Status: http.StatusInternalServerError, Title: "Internal error"}
	var findings cap.Findings
	if errors.As(err, &findings) {
		p.Status, p.Title, p.Findings = http.StatusBadRequest, "The document breaks rules of CAP", findings
		return p
	}
	for _, row := range statuses() {
		if errors.Is(err, row.kind) {
			p.Status, p.Title, p.Detail = row.status, row.title, err.Error()
			break
		}
	}
	return p
}

// tongueOf is the language that whoever asks wants to read, en or zh: ?lang= says so, or else the header Accept-Language.
func tongueOf(r *http.Request) string {
	if asked := r.URL.Query().Get("lang"); asked == "zh" || asked == "" && strings.HasPrefix(r.Header.Get("Accept-Language"), "zh") {
		return "zh"
	}
	return "en"
}

// problemIn is problemOf with the title and the findings in a language. The detail is English.
func problemIn(tongue string, err error) problem {
	p := problemOf(err)
	if tongue != "zh" {
		return p
	}
	p.Findings = alerting.FindingsIn(tongue, p.Findings)
	switch {
	case len(p.Findings) > 0:
		p.Title = "文档不合 CAP 的规则"
	case p.Status == http.StatusInternalServerError:
		p.Title = "内部错误"
	}
	for _, row := range statuses() {
		if p.Title == row.title {
			p.Title = row.chinese
		}
	}
	return p
}

// fail answers with a problem. What is not one of the known kinds is logged and kept from the caller.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemIn(tongueOf(r), err)
	if p.Status == http.StatusInternalServerError {
		c.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
