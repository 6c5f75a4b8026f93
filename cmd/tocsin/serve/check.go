package serve

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/alerting"
	"tocsin/alerting/stream"
	"tocsin/cmd/tocsin/config"
)

// CheckFiles reads every file that a configuration names, and builds every gateway and listener with what serve builds
// them with, without connecting to anything.
func CheckFiles(cfg *config.Config) error {
	var errs []error
	check := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	secret := func(what, file string) {
		_, err := config.Secret(file)
		check(what, err)
	}
	secret("kafka.sasl.password_file", cfg.Kafka.SASL.PasswordFile)
	secret("redis.password_file", cfg.Redis.PasswordFile)
	_, err := DatabaseURL(cfg)
	check("sql.password_file", err)
	for _, t := range cfg.API.Tokens {
		secret("token "+t.Name, t.TokenFile)
	}
	_, err = provider(cfg.Login.OIDC)
	check("login.oidc", err)
	_, err = clientTLS(cfg.Kafka.TLS)
	check("kafka.tls", err)
	_, err = clientTLS(cfg.Redis.TLS)
	check("redis.tls", err)
	for _, l := range []struct {
		name string
		config.Listener
	}{{"api", cfg.API.Listener}, {"callbacks", cfg.Callbacks.Listener}, {"feeds", cfg.Feeds.Listener}, {"metrics", cfg.Metrics.Listener}} {
		_, err := serverTLS(l.Listener)
		check(l.name+".cert_file, key_file", err)
	}
	check("journal.key_file", checkJournal(cfg))
	_, err = Signing(cfg.Alerts.Signing)
	check("alerts.signing", err)
	check("approval.desk_key_file", checkApproval(cfg))
	check("templates.dir", checkTemplates(cfg))
	_, err = inboxSources(cfg)
	check("inbox.sources", err)
	// A process with its own stores makes the first key by itself.
	made, _ := filepath.Glob(filepath.Join(cfg.Keyring.Dir, "*.key"))
	if kafkaIn, redisIn := cfg.InProcess(); !kafkaIn || !redisIn || len(made) > 0 {
		if _, err := openKeyring(cfg.Keyring.Dir, false, time.Now); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, checkGateways(cfg))...)
}

// checkGateways builds every gateway, and the handler of their reports, and puts them away again.
func checkGateways(cfg *config.Config) error {
	h := &house{cfg: cfg, log: slog.New(slog.DiscardHandler), reg: prometheus.NewRegistry(), now: time.Now, checking: true, stream: new(stream.Stream)}
	var errs []error
	for _, g := range cfg.Gateways {
		adapter, err := h.makers()[alerting.Channel(g.Channel)](g)
		if c, ok := adapter.(io.Closer); ok && err == nil {
			err = c.Close()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("gateway %s: %w", g.Name, err))
		}
	}
	if len(errs) == 0 {
		_, err := h.callbacks()
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Warnings say what is legal and hardly ever meant. Every start logs them.
func Warnings(cfg *config.Config) []string {
	var warnings []string
	for _, where := range cfg.Bare() {
		warnings = append(warnings, "a password goes over the network without TLS, and so does all that follows ("+where+")")
	}
	for i := range cfg.Gateways {
		if cfg.Gateways[i].SMTP != nil && cfg.Callbacks.PublicURL == "" {
			warnings = append(warnings, fmt.Sprintf("gateway %s: mails carry no List-Unsubscribe, and many mailboxes take such "+
				"mail for spam: callbacks.public_url is not set", cfg.Gateways[i].Name))
		}
	}
	return warnings
}

// Notes say what is legal and yet worth knowing; the warnings are among them.
func Notes(cfg *config.Config) []string {
	notes := Warnings(cfg)
	h := &house{cfg: cfg}
	for _, ch := range alerting.Channels() {
		live, sandbox := h.named(ch, true), h.named(ch, false)
		switch {
		case len(live)+len(sandbox) == 0:
			notes = append(notes, fmt.Sprintf("channel %s has no gateway: nobody is reached on it", ch))
		case len(live) == 0:
			notes = append(notes, fmt.Sprintf("channel %s has no live gateway: actual alerts reach nobody real on it", ch))
		case len(sandbox) == 0:
			notes = append(notes, fmt.Sprintf("channel %s has only live gateways: exercises and tests are not sent on it", ch))
		}
	}
	if kafkaIn, _ := cfg.InProcess(); kafkaIn {
		notes = append(notes, "Kafka and Redis run inside the process: good for one machine, not for an office that must survive losing it")
	}
	if !cfg.Approval.Needed() {
		notes = append(notes, "approval.founders is empty: nobody must approve, and whoever has a token that may issue sends alone")
	}
	if len(cfg.API.Tokens) == 0 {
		notes = append(notes, "api.tokens is empty: nobody can issue")
	}
	return notes
}
