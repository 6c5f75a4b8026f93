package main

import (
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"tocsin/channels/siren"
	"tocsin/cmd/gatewaysim/sim"
)

// list is a flag that may be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

// flags holds what does not fit into sim.Config at once.
type flags struct {
	cfg            sim.Config
	sms, push      list
	mail           list
	faults         list
	tokenFile      string
	cert, key      string
	sirens         sim.SirenConfig
	sirenHTTP      list
	sirenMQTT      list
	sirenModbus    list
	sirenKeys      list
	magic, verbose bool
	failShare      float64
	failCode       int
}

// parse turns the command line into a configuration.
func parse(args []string, errOut io.Writer) (sim.Config, error) {
	var f flags
	set := f.define(errOut)
	if err := set.Parse(args); err != nil {
		return sim.Config{}, err
	}
	if set.NArg() > 0 {
		return sim.Config{}, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	return f.finish(errOut)
}

func (f *flags) define(errOut io.Writer) *flag.FlagSet {
	set := flag.NewFlagSet("gatewaysim", flag.ContinueOnError)
	set.SetOutput(errOut)
	set.Usage = func() {
		_, _ = fmt.Fprint(errOut, "Usage: gatewaysim [flags]\n\nPlays the gateways for SMS, web push, mail and sirens until SIGTERM. "+
			"Prints one line of JSON with the addresses.\nWith none of --sms, --push and --mail it plays all three on free ports.\n\nFlags:\n")
		set.PrintDefaults()
		_, _ = fmt.Fprint(errOut, "\n"+sim.ControlHelp+sim.SirenControlHelp) // usage goes where the flag set's errors go
	}
	set.Var(&f.sms, "sms", "listen `address` of an SMS gateway (Twilio); may be repeated")
	set.Var(&f.push, "push", "listen `address` of a web push service; may be repeated")
	set.Var(&f.mail, "mail", "listen `address` of a mail server; may be repeated")
	set.StringVar(&f.cfg.Control, "control", "127.0.0.1:0", "listen `address` of the control API")
	set.BoolVar(&f.cfg.Public, "public", false, "permit addresses that are not loopback")
	set.StringVar(&f.cfg.LogFile, "log", "", "raw log `file`, appended to; default: a temporary one, removed at the end")
	set.Uint64Var(&f.cfg.Seed, "seed", 1, "seed of faults and of push subscriptions")
	set.Var(&f.faults, "fault", "fault rule or list of rules in `JSON`; may be repeated")
	set.BoolVar(&f.magic, "magic", false, "refuse magic recipients: see below")
	set.StringVar(&f.cert, "tls-cert", "", "certificate `file` (PEM): SMS and push speak TLS, mail offers STARTTLS")
	set.StringVar(&f.key, "tls-key", "", "key `file` (PEM)")
	set.BoolVar(&f.verbose, "verbose", false, "log what goes wrong in the simulator to standard error")

	set.StringVar(&f.cfg.Account.SID, "account-sid", sim.DefaultAccount, "SMS account `SID`")
	set.StringVar(&f.cfg.Account.Token, "auth-token", "", "SMS auth `token` (default "+sim.DefaultToken+")")
	set.StringVar(&f.tokenFile, "auth-token-file", "", "`file` that holds the SMS auth token")
	set.StringVar(&f.cfg.Account.KeySID, "api-key-sid", "", "`SID` of an API key that is accepted as well")
	set.StringVar(&f.cfg.Account.KeySecret, "api-key-secret", "", "`secret` of the API key")

	f.defineCallbacks(set)
	f.defineSirens(set)
	set.IntVar(&f.cfg.WebPush.DecryptEvery, "decrypt-every", 1, "decrypt every `n`-th push message only")
	set.StringVar(&f.cfg.WebPush.Key, "vapid-key", "", "the only application server `key` that is accepted (base64url)")
	set.BoolVar(&f.cfg.WebPush.NoVAPID, "no-vapid", false, "accept push messages without a VAPID token")
	set.StringVar(&f.cfg.WebPush.Origin, "push-origin", "", "`origin` that endpoints and tokens name; default: the listener's")
	set.StringVar(&f.cfg.SMTP.User, "mail-user", "", "demand AUTH PLAIN with this `user`")
	set.StringVar(&f.cfg.SMTP.Password, "mail-password", "", "and this `password`")
	set.Int64Var(&f.cfg.SMTP.MaxBytes, "mail-size", 10<<20, "largest message in `bytes`")
	return set
}

func (f *flags) defineCallbacks(set *flag.FlagSet) {
	c := &f.cfg.Callbacks
	set.DurationVar(&c.SentAfter, "callback-sent-after", 20*time.Millisecond, "wait before the status callback \"sent\"")
	set.DurationVar(&c.FinalAfter, "callback-final-after", 200*time.Millisecond, "wait before the final status callback")
	set.BoolVar(&c.NoSent, "callback-final-only", false, "post no \"sent\" callback")
	set.IntVar(&c.Concurrency, "callback-concurrency", 16, "callbacks posted at once")
	set.IntVar(&c.Retries, "callback-retries", 3, "retries of a callback answered 5xx or not at all; -1: none")
	set.DurationVar(&c.RetryAfter, "callback-retry-after", time.Second, "wait before the first retry, doubled for each")
	set.Float64Var(&f.failShare, "callback-fail-share", 0, "part of the messages that end undelivered, 0 to 1")
	set.IntVar(&f.failCode, "callback-fail-code", 30003, "their error code")
}

func (f *flags) defineSirens(set *flag.FlagSet) {
	set.Var(&f.sirenHTTP, "siren-http", "listen `address` of a host of HTTP sirens (http://address/sirens/ID); may be repeated")
	set.Var(&f.sirenMQTT, "siren-mqtt", "listen `address` of an MQTT broker with sirens behind it; may be repeated")
	set.StringVar(&f.sirens.Broker, "siren-broker", "", "`URL` of an MQTT broker elsewhere to play sirens behind")
	set.Var(&f.sirenModbus, "siren-modbus", "listen `address` of a host of Modbus sirens; may be repeated")
	set.Var(&f.sirenKeys, "siren-key-file", "`file` with the controller's public key (Ed25519, base64); may be repeated")
	set.StringVar(&f.sirens.Map, "siren-map", "", "shipped register `map` of the Modbus sirens (default tocsin)")
	set.DurationVar(&f.sirens.SpinUp, "siren-spin-up", 0, "time from accepted to sounding")
}

// addSirens makes the listeners of the sirens.
func (f *flags) addSirens(cfg *sim.Config) error {
	c := f.sirens
	c.HTTP, c.MQTT, c.Modbus = f.sirenHTTP, f.sirenMQTT, f.sirenModbus
	if len(c.HTTP)+len(c.MQTT)+len(c.Modbus) == 0 && c.Broker == "" {
		return nil
	}
	c.Keys = make(map[string]ed25519.PublicKey)
	for _, name := range f.sirenKeys {
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read siren key: %w", err)
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
		if err != nil || len(key) != ed25519.PublicKeySize {
			return fmt.Errorf("siren key %s: want an Ed25519 public key in base64", name)
		}
		c.Keys[siren.KeyID(key)] = key
	}
	gateways, err := c.Gateways()
	cfg.Gateways = append(cfg.Gateways, gateways...)
	return err
}

// finish reads files and turns shorthands into rules.
func (f *flags) finish(errOut io.Writer) (sim.Config, error) {
	cfg := f.cfg
	cfg.SMS, cfg.Push, cfg.Mail = f.sms, f.push, f.mail
	if len(f.sms)+len(f.push)+len(f.mail) == 0 {
		free := []string{"127.0.0.1:0"}
		cfg.SMS, cfg.Push, cfg.Mail = free, free, free
	}
	for _, text := range f.faults {
		rules, err := sim.ParseRules([]byte(text))
		if err != nil {
			return cfg, err
		}
		cfg.Faults = append(cfg.Faults, rules...)
	}
	if f.magic {
		cfg.Faults = append(cfg.Faults, sim.MagicRules()...)
	}
	if f.failShare > 0 {
		cfg.Faults = append(cfg.Faults, sim.Rule{On: sim.SMS, Kind: sim.CallbackFail, Share: f.failShare, Code: f.failCode})
	}
	if f.verbose {
		cfg.Logger = slog.New(slog.NewTextHandler(errOut, nil))
	}
	return cfg, errors.Join(f.readToken(&cfg), f.readTLS(&cfg), f.addSirens(&cfg))
}

func (f *flags) readToken(cfg *sim.Config) error {
	if f.tokenFile == "" {
		return nil
	}
	if cfg.Account.Token != "" {
		return errors.New("give --auth-token or --auth-token-file, not both")
	}
	b, err := os.ReadFile(f.tokenFile)
	if err != nil {
		return fmt.Errorf("read auth token: %w", err)
	}
	if cfg.Account.Token = strings.TrimSpace(string(b)); cfg.Account.Token == "" {
		return fmt.Errorf("read auth token: %s is empty", f.tokenFile)
	}
	return nil
}

func (f *flags) readTLS(cfg *sim.Config) error {
	if f.cert == "" && f.key == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("load TLS key pair: %w", err)
	}
	cfg.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	return nil
}
