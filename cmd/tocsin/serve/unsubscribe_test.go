package serve

import (
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/alerting"
	"tocsin/alerting/seal"
	"tocsin/channels"
	"tocsin/cmd/tocsin/config"
)

// TestTheFormPostsBelowThePublicPrefix: a proxy takes the path of callbacks.public_url off; the button must still lead
// to where the proxy listens.
func TestTheFormPostsBelowThePublicPrefix(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keyring")
	keys, err := openKeyring(dir, true, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse([]byte("callbacks: {public_url: \"https://warn.example/cb/\"}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{cfg: cfg, keys: keys, reg: prometheus.NewRegistry(), log: slog.New(slog.DiscardHandler)}
	back, err := h.callbacks()
	if err != nil {
		t.Fatal(err)
	}
	link := h.unsubscribeURL(channels.Delivery{World: alerting.Actual, Channel: alerting.Mail})
	page, err := url.Parse(link)
	if err != nil || page.Path != "/cb/unsubscribe" {
		t.Fatalf("the link in the mail is %s: %v", link, err)
	}
	answer := httptest.NewRecorder()
	http.StripPrefix("/cb", back).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, link, nil))
	form := regexp.MustCompile(`action="([^"]*)"`).FindStringSubmatch(answer.Body.String())
	if answer.Code != http.StatusOK || form == nil {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	action, err := page.Parse(html.UnescapeString(form[1]))
	if err != nil || action.String() != link {
		t.Errorf("the button leads to %v, want %s (%v)", action, link, err)
	}
	if _, err := keys.VerifyTicket(seal.Unsubscribe, action.Query().Get("t")); err != nil {
		t.Errorf("the button's ticket: %v", err)
	}
}
