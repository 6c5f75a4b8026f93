package doctor

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	netmail "net/mail"
	"net/url"
	"os"
	"slices"
	"strings"

	"tocsin/cmd/tocsin/config"
)

// callbacks asks for the public address of the callbacks as a gateway would come to it. Ours refuses a link without a
// ticket with words that nobody else uses.
func (d *Doctor) callbacks(ctx context.Context) []Finding {
	const check = "callbacks"
	base := d.Config.Callbacks.PublicURL
	if base == "" {
		return []Finding{{check, Skipped, "callbacks.public_url is not set", ""}}
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	const do = "start the role api; check the proxy, the firewall and the certificate in front of callbacks.listen"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/unsubscribe", nil)
	if err != nil {
		return []Finding{{check, Wrong, "callbacks.public_url is no address", "correct callbacks.public_url"}}
	}
	resp, err := d.Client.Do(req)
	if err != nil {
		return []Finding{{check, Wrong, "gateways cannot report back to " + base + ": " + bare(err).Error(), do}}
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if resp.StatusCode != http.StatusForbidden || !strings.Contains(string(text), "This link is not valid") {
		return []Finding{{check, Wrong, fmt.Sprintf("somebody else answers at %s (%d)", base, resp.StatusCode), do}}
	}
	return []Finding{{check, OK, base + " leads to the role api", ""}}
}

// bare takes the address out of an error of the HTTP client.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// mail looks whether the domains that mail comes from let receivers believe it: SPF, DKIM and DMARC.
func (d *Doctor) mail(ctx context.Context) []Finding {
	var out []Finding
	var done []string
	for _, g := range d.Config.Gateways {
		if g.SMTP == nil {
			continue
		}
		from, err := netmail.ParseAddress(g.SMTP.From)
		if err != nil {
			continue
		}
		domain := from.Address[strings.LastIndexByte(from.Address, '@')+1:]
		if !slices.Contains(done, domain) {
			done = append(done, domain)
			out = append(out, d.spf(ctx, domain), d.dmarc(ctx, domain))
		}
		if k := g.SMTP.DKIM; k != nil {
			out = append(out, d.dkim(ctx, k))
		} else {
			out = append(out, Finding{"dkim " + domain, Skipped, "gateway " + g.Name + " leaves the signing to its server", ""})
		}
	}
	if len(out) == 0 {
		return []Finding{{"mail", Skipped, "no gateway sends mail", ""}}
	}
	return out
}

// txt looks a name up; offline is true when nobody could be asked who knows the world's names. A network that is cut off may
// have a resolver that denies every name, so what it denies counts only if it knows the root.
func (d *Doctor) txt(ctx context.Context, name string) (records []string, offline bool) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	records, err := d.DNS.LookupTXT(ctx, name)
	if err == nil {
		return records, false
	}
	var dns *net.DNSError
	if !errors.As(err, &dns) || !dns.IsNotFound {
		return nil, true
	}
	_, err = d.DNS.LookupNS(ctx, ".")
	return nil, err != nil
}

// having are the records that begin with a prefix.
func having(records []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(records), func(r string) bool { return !strings.HasPrefix(strings.ToLower(r), prefix) })
}

func offlineFinding(check string) Finding {
	return Finding{check, Skipped, "no DNS server that knows the world answers from here", ""}
}

func (d *Doctor) spf(ctx context.Context, domain string) Finding {
	check := "spf " + domain
	records, offline := d.txt(ctx, domain)
	switch found := having(records, "v=spf1"); {
	case offline:
		return offlineFinding(check)
	case len(found) == 0:
		return Finding{check, Wrong, "no SPF record: receivers cannot tell our servers from a forger's",
			fmt.Sprintf("in DNS: %s. TXT \"v=spf1 a:YOUR-MAIL-SERVER -all\"", domain)}
	case len(found) > 1:
		return Finding{check, Wrong, "more than one SPF record, which counts as none (RFC 7208 §4.5)", "keep one TXT record that begins with v=spf1"}
	case strings.Contains(found[0], "+all"):
		return Finding{check, Wrong, "the SPF record lets everybody send (+all)", "end it with -all"}
	}
	return Finding{check, OK, "one SPF record", ""}
}

func (d *Doctor) dmarc(ctx context.Context, domain string) Finding {
	check := "dmarc " + domain
	records, offline := d.txt(ctx, "_dmarc."+domain)
	switch found := having(records, "v=dmarc1"); {
	case offline:
		return offlineFinding(check)
	case len(found) != 1:
		return Finding{check, Wrong, fmt.Sprintf("%d DMARC records, want one: forged warnings are delivered, and large receivers refuse ours", len(found)),
			fmt.Sprintf("in DNS: _dmarc.%s. TXT \"v=DMARC1; p=quarantine; rua=mailto:dmarc@%s\"", domain, domain)}
	case strings.Contains(strings.ReplaceAll(strings.ToLower(found[0]), " ", ""), ";p=none"):
		return Finding{check, Note, "DMARC only watches (p=none): forged warnings are delivered", "once the reports are clean, set p=quarantine or p=reject"}
	}
	return Finding{check, OK, "a DMARC record with a policy", ""}
}

// dkim compares what DNS publishes with the key that signs.
func (d *Doctor) dkim(ctx context.Context, k *config.DKIM) Finding {
	name := k.Selector + "._domainkey." + k.Domain
	check := "dkim " + k.Domain
	key, err := publicKey(k.KeyFile)
	if err != nil {
		return Finding{check, Skipped, err.Error(), "see the check files"}
	}
	records, offline := d.txt(ctx, name)
	if offline {
		return offlineFinding(check)
	}
	do := fmt.Sprintf("in DNS: %s. TXT \"v=DKIM1; k=%s; p=%s\"", name, key.kind, key.text[0])
	for _, r := range records {
		for tag := range strings.SplitSeq(r, ";") {
			if p, ok := strings.CutPrefix(strings.TrimSpace(tag), "p="); ok && slices.Contains(key.text, strings.Join(strings.Fields(p), "")) {
				return Finding{check, OK, "DNS publishes the key that signs", ""}
			}
		}
	}
	if len(records) > 0 {
		return Finding{check, Wrong, "DNS publishes another key than the one that signs: every signature fails", do}
	}
	return Finding{check, Wrong, "DNS publishes no key at " + name + ": no signature can be checked", do}
}

// published is a public key as DNS may write it.
type published struct {
	kind string
	text []string
}

// publicKey is the public half of the key in a PEM file, as RFC 6376 §3.6.1 and RFC 8463 §4 publish it.
func publicKey(file string) (published, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return published{}, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return published{}, errors.New("dkim.key_file: not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			return published{}, errors.New("dkim.key_file: not a private key in PKCS #8 or PKCS #1")
		}
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return published{}, errors.New("dkim.key_file: want RSA or Ed25519")
	}
	if raw, ok := signer.Public().(ed25519.PublicKey); ok {
		return published{"ed25519", []string{base64.StdEncoding.EncodeToString(raw)}}, nil
	}
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return published{}, errors.New("dkim.key_file: want RSA or Ed25519")
	}
	return published{"rsa", []string{base64.StdEncoding.EncodeToString(der)}}, nil
}
