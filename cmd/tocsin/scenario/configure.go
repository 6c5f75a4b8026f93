package scenario

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tocsin/alerting/approval"
	"tocsin/alerting/embedded/servertest"
	"tocsin/cmd/gatewaysim/sim"
	"tocsin/cmd/tocsin/serve"
)

// keys are what gateways need of the office's secrets.
type keys struct {
	vapid string
	siren ed25519.PublicKey
	// operators are the public keys of the founders and of the desk.
	operators map[string]string
}

// makeKeys writes every secret of the office into its folder, with the product's own key makers.
func (o *Office) makeKeys() keys {
	o.tb.Helper()
	var k keys
	var err error
	check := func(what string, err error) {
		if err != nil {
			o.tb.Fatalf("make %s: %v", what, err)
		}
	}
	_, err = serve.MakeKeyring(filepath.Join(o.Dir, "keyring"))
	check("the keyring", err)
	k.vapid, err = serve.MakeVAPID(filepath.Join(o.Dir, "vapid.key"))
	check("the VAPID key", err)
	public, err := serve.MakeSirenKey(filepath.Join(o.Dir, "siren.pem"))
	check("the siren key", err)
	k.siren, err = base64.StdEncoding.DecodeString(public)
	check("the siren key", err)
	_, err = serve.MakeSigningKey(o.Dir, "Harbour Emergency Office", time.Now())
	check("the signing key", err)
	_, err = serve.MakeSigningKey(filepath.Join(o.Dir, "partner"), "Weather Service", time.Now())
	check("the key of a partner", err)
	_, err = serve.MakeJournalKey(filepath.Join(o.Dir, "journal.pem"))
	check("the journal key", err)
	check("the folder of templates", os.Mkdir(filepath.Join(o.Dir, "templates"), 0o700))
	k.operators = make(map[string]string)
	for _, name := range append(Operators(), approval.DeskName) {
		k.operators[name], err = serve.MakeOperatorKey(o.OperatorFile(name))
		check("an operator's key", err)
	}
	for _, name := range append(Operators(), "everything", "reader", "issuer", "district") {
		_, err := serve.MakeToken(o.TokenFile(name))
		check("a token", err)
	}
	check("the SMS token", os.WriteFile(filepath.Join(o.Dir, "twilio.token"), []byte(sim.DefaultToken+"\n"), 0o600))
	return k
}

// sirenKeyID is the name under which the sirens know the office's key.
const sirenKeyID = "office"

func (o *Office) startGateways(opt Options, k keys) {
	o.tb.Helper()
	free := []string{"127.0.0.1:0"}
	sirens, err := sim.SirenConfig{HTTP: free, Keys: map[string]ed25519.PublicKey{sirenKeyID: k.siren}}.Gateways()
	if err == nil {
		o.Gateways, err = sim.Start(context.Background(), sim.Config{SMS: free, Push: free, Mail: free, Gateways: sirens,
			LogFile: filepath.Join(o.Dir, "gateways.tsv"), Seed: 1, Callbacks: opt.Callbacks,
			SMTP: sim.SMTPConfig{Taken: o.letters.put}})
	}
	if err != nil {
		o.tb.Fatalf("start the gateways: %v", err)
	}
	o.tb.Cleanup(func() {
		if err := o.Gateways.Close(); err != nil {
			o.tb.Errorf("close the gateways: %v", err)
		}
	})
}

// Template of the office's configuration. Tokens: everything may do all, reader only reads, issuer only issues; each operator has
// one of his own.
const officeYAML = `office: {sender: warnings@office.example, name: Harbour Emergency Office, public_url: "https://warn.example"}
data_dir: {{dir}}/data
kafka: {brokers: ["{{brokers}}"], prefix: "{{prefix}}", partitions: 2}
redis: {addresses: ["{{redis}}"], prefix: "{{prefix}}"}
sql: {url: "{{sql}}"}
keyring: {dir: {{dir}}/keyring}
api:
  listen: {{api}}
  tokens:
    - {name: everything, token_file: {{dir}}/everything.token, may: [issue, approve, cancel, read, import, redrive, audit]}
    - {name: reader, token_file: {{dir}}/reader.token, may: [read]}
    - {name: issuer, token_file: {{dir}}/issuer.token, may: [issue]}
    - {name: district, token_file: {{dir}}/district.token, may: [issue, cancel, read], unit: "DISTRICT=7"}
    - {name: first, token_file: {{dir}}/first.token, may: [issue, approve, cancel, read]}
    - {name: second, token_file: {{dir}}/second.token, may: [issue, approve, cancel, read]}
    - {name: third, token_file: {{dir}}/third.token, may: [issue, approve, cancel, read]}
callbacks: {listen: "{{callbacks}}", public_url: "http://{{callbacks}}"{{asking}}}
metrics: {listen: 127.0.0.1:0}
alerts: {signing: {key_file: {{dir}}/signing.pem, certificate_file: {{dir}}/signing.crt}}
templates: {dir: {{dir}}/templates, zone: UTC}
feeds: {listen: 127.0.0.1:0, public_url: "https://feeds.example"}
journal: {key_file: {{dir}}/journal.pem, heads_file: {{dir}}/journal.heads, every: 1s}
log: {level: info}
`

func (o *Office) writeConfig(opt Options, k keys) {
	o.tb.Helper()
	brokers, redis, sql, prefix := o.stores(opt.Broker)
	var b strings.Builder
	asking := opt.Asking
	if asking != "" {
		asking = ", " + asking
	}
	_, _ = strings.NewReplacer("{{dir}}", o.Dir, "{{brokers}}", strings.Join(brokers, `", "`), "{{prefix}}", prefix,
		"{{redis}}", redis, "{{sql}}", sql, "{{callbacks}}", servertest.FreePort(o.tb), "{{api}}", cmp.Or(opt.Listen, "127.0.0.1:0"), "{{asking}}", asking).WriteString(&b, officeYAML)
	if opt.Heartbeat != "" {
		fmt.Fprintf(&b, "heartbeat: {url: %q, every: 1s}\n", opt.Heartbeat)
	}
	if opt.Approvals {
		fmt.Fprintf(&b, "approval:\n  desk_key: %q\n  desk_key_file: %q\n  founders:\n", k.operators[approval.DeskName], o.OperatorFile(approval.DeskName))
		for _, name := range Operators() {
			fmt.Fprintf(&b, "    - {name: %s, key: %q}\n", name, k.operators[name])
		}
		if opt.Origin != "" {
			fmt.Fprintf(&b, "  passkey: {id: localhost, origins: [%q]}\n", opt.Origin)
		}
		if opt.Policy != "" {
			fmt.Fprintf(&b, "  policy: [%s]\n", opt.Policy)
		}
	}
	if opt.Login {
		b.WriteString("login: {enabled: true}\n")
	}
	if opt.Inbox != "" {
		certificate := filepath.Join(o.Dir, "partner", "signing.crt")
		fmt.Fprintf(&b, "inbox: {sources: [%s]}\n", strings.ReplaceAll(opt.Inbox, "{{partner}}", certificate))
	}
	b.WriteString("gateways:\n")
	gateway := func(channel, settings string) {
		more := opt.Gateways[channel]
		if more != "" {
			more += ", "
		}
		fmt.Fprintf(&b, "  - {name: %s, channel: %s, live: %v, %s%s}\n", channel, channel, opt.Live, more, settings)
	}
	gateway("sms", fmt.Sprintf(`twilio: {account_sid: %s, auth_token_file: %s/twilio.token, from: "+12015550100", base_url: "%s"}`,
		sim.DefaultAccount, o.Dir, o.Gateways.URL("sms")))
	gateway("mail", fmt.Sprintf(`smtp: {address: "%s", security: none, from: warnings@office.example}`, o.Gateways.Addr("mail")))
	if !opt.Live {
		// A live gateway of push calls nobody on this machine, whatever it is told.
		gateway("push", fmt.Sprintf(`push: {vapid_public: %s, vapid_private_file: %s/vapid.key, subscriber: warnings@office.example, allow_insecure: ["%s"]}`,
			k.vapid, o.Dir, o.Gateways.URL("push")))
	}
	gateway("siren", fmt.Sprintf(`siren: {protocol: http, signing_key_file: %s/siren.pem, key_id: %s}`, o.Dir, sirenKeyID))
	o.File = filepath.Join(o.Dir, "office.yaml")
	if err := os.WriteFile(o.File, []byte(b.String()), 0o600); err != nil {
		o.tb.Fatal(err)
	}
}

// ClientFile writes the configuration of a caller on another machine: where the API is, and his token; "" for somebody who has none.
func (o *Office) ClientFile(token string) string {
	o.tb.Helper()
	name := filepath.Join(o.Dir, token+"-client.yaml")
	text := fmt.Sprintf("client: {url: %q, token_file: %q}\n", o.URL(), o.TokenFile(token))
	if token == "" {
		text = fmt.Sprintf("client: {url: %q}\n", o.URL())
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		o.tb.Fatal(err)
	}
	return name
}
