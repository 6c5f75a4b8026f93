package console

import (
	"net/http"
	"strconv"
	"strings"

	"tocsin/alerting"
)

// tooOftenWait is after how many seconds an address that came too often has room again.
const tooOftenWait = 5

// tooOften sends an address away that comes too often: a person's browser with a page, in the language that he reads, and a program with a
// problem. Both are told when to come again (Retry-After, RFC 9110 §10.2.3).
func (c *Console) tooOften(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", strconv.Itoa(tooOftenWait))
	if c.Login == nil || r.Method != http.MethodGet || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		turnDown(w, r, http.StatusTooManyRequests, "Too many attempts", alerting.Refuse(nil, "request.too-often", "try again in some seconds"))
		return
	}
	lang := tongueOf(r)
	if chosen, err := r.Cookie(LanguageCookie); err == nil {
		lang = chosen.Value
	}
	if err := sayPage(w, http.StatusTooManyRequests, lang, tooOftenSays); err != nil {
		c.fail(w, r, err)
	}
}

// LanguageCookie holds the language that somebody has chosen at the pages.
const LanguageCookie = "tocsin-lang"

// tooOftenSays is the page in a language.
func tooOftenSays(lang string) oidcSaying {
	if lang == "zh" {
		return oidcSaying{Lang: lang, Title: "请求过于频繁", Why: "来自您网络地址的请求过多。", Do: "请等候 " + strconv.Itoa(tooOftenWait) + " 秒再试。", Other: "返回登录页"}
	}
	return oidcSaying{Lang: lang, Title: "Too many attempts", Why: "Too much was asked for from your network address in a short time.",
		Do: "Wait " + strconv.Itoa(tooOftenWait) + " seconds, then try again.", Other: "Go to the login"}
}
