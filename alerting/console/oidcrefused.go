package console

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"strconv"
	"strings"

	"tocsin/alerting"
	"tocsin/alerting/login"
)

// A login at the OpenID Connect provider is made of pages that a browser asks for by itself, so what goes wrong is a page, too. It is in
// both languages: the cookie with the language that somebody chose does not come along from another site.

//go:embed oidc.html
var oidcHTML string

//go:embed oidc.css
var oidcCSS string

// oidcSaying is the page in one language. Foreign: why is said in English all the same.
type oidcSaying struct {
	Lang, Title, Why, Do, Again, Other string
	Foreign                            bool
}

// forBrowsers lets a route of the login at the provider answer with a page where a browser asks, and with a problem where a program does.
func (c *Console) forBrowsers(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
		err := h(w, r, by)
		var shut *login.Locked
		switch {
		case err == nil:
			return nil
		case strings.Contains(r.Header.Get("Accept"), "text/html"):
			return c.sayRefused(w, r, err)
		case errors.Is(err, login.ErrWrong) || errors.As(err, &shut):
			return c.opened(w, r, login.Opened{}, err, true)
		}
		return err
	}
}

// sayRefused is the page that says why nobody was logged in, and what to do.
func (c *Console) sayRefused(w http.ResponseWriter, r *http.Request, err error) error {
	status := oidcStatus(w, err)
	if status == http.StatusInternalServerError {
		c.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	return sayPage(w, status, tongueOf(r), func(lang string) oidcSaying { return oidcSays(lang, err, status) })
}

// sayPage is a page that says one thing in both languages, the reader's first.
func sayPage(w http.ResponseWriter, status int, first string, says func(lang string) oidcSaying) error {
	t, err := template.New("oidc").Parse(oidcHTML)
	if err != nil {
		return fmt.Errorf("the page of a failed login: %w", err)
	}
	langs := []string{"en", "zh"}
	if first == "zh" {
		langs = []string{"zh", "en"}
	}
	page := struct {
		Lang    string
		CSS     template.CSS
		Sayings []oidcSaying
	}{Lang: langs[0], CSS: template.CSS(oidcCSS)} //nolint:gosec // it is ours
	for _, lang := range langs {
		page.Sayings = append(page.Sayings, says(lang))
	}
	sum := sha256.Sum256([]byte(oidcCSS))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	w.WriteHeader(status)
	return t.Execute(w, page)
}

// oidcStatus is the status of the page, as it is for programs.
func oidcStatus(w http.ResponseWriter, err error) int {
	var shut *login.Locked
	switch {
	case errors.As(err, &shut):
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(shut.Wait.Seconds()))))
		return http.StatusTooManyRequests
	case errors.Is(err, login.ErrWrong):
		return http.StatusUnauthorized
	}
	return problemOf(err).Status
}

// oidcSays is the page in a language. What is no refusal is not repeated: it may hold addresses of the office's machines.
func oidcSays(lang string, err error, status int) oidcSaying {
	s := oidcSaying{Lang: lang, Title: "You are not logged in", Again: "Try again", Other: "Log in another way",
		Why: "Something went wrong here; it is in the log.", Do: "Try again. If it stays so, log in with your password, or tell an administrator."}
	if lang == "zh" {
		s = oidcSaying{Lang: lang, Title: "登录未成功", Again: "重新登录", Other: "用其他方式登录",
			Why: "系统内部出错，已记入系统日志。", Do: "请重试；仍不行时，请用密码登录，或告知管理员。"}
	}
	zh := lang == "zh"
	pick := func(en, chinese string) string {
		if zh {
			return chinese
		}
		return en
	}
	if refusal := alerting.RefusalOf(err); refusal != nil {
		text, ok := refusal.Chinese()
		s.Foreign = zh && !ok
		if s.Why = text + "。"; !zh || !ok {
			english := refusal.Sentence()
			s.Why = strings.ToUpper(english[:1]) + english[1:] + "."
		}
	}
	switch {
	case status == http.StatusTooManyRequests:
		s.Do, s.Again = pick("Wait as long as it says.", "请等候上述时间。"), ""
	case status == http.StatusServiceUnavailable:
		s.Why = pick("The provider, or a store of this office, does not answer at the moment.", "身份认证服务或本单位的数据库暂时没有响应。")
		s.Do = pick("Try again in a minute, or log in with your password.", "请过一分钟再试，或用密码登录。")
	case errors.Is(err, alerting.ErrConflict):
		s.Do = pick("Ask an administrator to rename that account, or to remove it.", "请管理员将那个账号改名或移除。")
	case errors.Is(err, alerting.ErrState):
		s.Do, s.Again = pick("Log in with your password.", "请用密码登录。"), ""
	case errors.Is(err, login.ErrWrong):
		s.Do = pick("Ask an administrator whether your account is open.", "请向管理员确认账号是否启用。")
	case errors.Is(err, alerting.ErrForbidden):
		s.Do = pick("Begin again, and finish within ten minutes in the same browser window.", "请重新登录，并在同一浏览器中于十分钟内完成。")
	}
	return s
}
