package sms

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // X-Twilio-Signature is HMAC-SHA1; HMAC does not need collision resistance.
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"hash"
	"net/url"
	"slices"
	"strings"
	"sync"

	"tocsin/alerting"
)

// verifier checks X-Twilio-Signature: base64 of HMAC-SHA1, keyed with the auth token, over the URL that Twilio called
// and all parameters of the form, sorted by name, name and value without separators
// (https://www.twilio.com/docs/usage/security#validating-requests). Twilio signs with or without the default port, so
// both forms of the public address count.
type verifier struct {
	bases []string
	keys  []*sync.Pool // of hash.Hash, keyed
}

// newVerifier takes the public address, of which only scheme, host and path prefix are used, and every auth token
// that is valid at the moment.
func newVerifier(public string, tokens []string) (*verifier, error) {
	u, err := url.Parse(public)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("%w: public URL: want https://host[:port][/path]", alerting.ErrInvalid)
	}
	if len(tokens) == 0 || slices.Contains(tokens, "") {
		return nil, fmt.Errorf("%w: auth tokens: want at least one, none empty", alerting.ErrInvalid)
	}
	prefix := strings.TrimSuffix(u.EscapedPath(), "/")
	v := &verifier{bases: []string{u.Scheme + "://" + u.Host + prefix}}
	defaultPort := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	switch u.Port() {
	case "":
		v.bases = append(v.bases, u.Scheme+"://"+u.Host+":"+defaultPort+prefix)
	default:
		v.bases = append(v.bases, u.Scheme+"://"+strings.TrimSuffix(u.Host, ":"+u.Port())+prefix)
	}
	for _, token := range tokens {
		key := []byte(token)
		v.keys = append(v.keys, &sync.Pool{New: func() any { return hmac.New(sha1.New, key) }})
	}
	return v, nil
}

// genuine reports whether the signature fits the request URI ("/path?query", as received) and the form. Every value of
// the form that repeats a name is ignored, as Twilio's own validator does.
func (v *verifier) genuine(uri string, form url.Values, signature string) bool {
	if !strings.HasPrefix(uri, "/") || len(signature) != base64.StdEncoding.EncodedLen(sha1.Size) {
		return false
	}
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	var text bytes.Buffer
	for _, base := range v.bases {
		text.Reset()
		text.WriteString(base)
		text.WriteString(uri)
		for _, name := range names {
			text.WriteString(name)
			text.WriteString(form[name][0])
		}
		for _, pool := range v.keys {
			if fits(pool, text.Bytes(), signature) {
				return true
			}
		}
	}
	return false
}

// fits compares in constant time.
func fits(pool *sync.Pool, text []byte, signature string) bool {
	mac := pool.Get().(hash.Hash)
	defer pool.Put(mac)
	mac.Reset()
	mac.Write(text)
	var sum [sha1.Size]byte
	var want [28]byte
	base64.StdEncoding.Encode(want[:], mac.Sum(sum[:0]))
	return subtle.ConstantTimeCompare(want[:], []byte(signature)) == 1
}
