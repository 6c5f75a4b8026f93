package approval

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"tocsin/alerting"
)

var (
	passkeyHost  = Relying{ID: "office.example", Origins: []string{"https://desk.office.example", "https://office.example:8443"}}
	passkeyBytes = sha256.Sum256([]byte("what is approved"))
)

// softKey is an authenticator with a browser around it.
type softKey struct {
	kind   string
	key    crypto.Signer
	public []byte
}

func softKeys(t testing.TB) []softKey {
	t.Helper()
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return []softKey{{"ES256", p256, pkix(t, p256)}, {"EdDSA", ed, pkix(t, ed)}}
}

func pkix(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// answer is what is about to be signed.
type answer struct {
	client        map[string]any
	relying       string
	flags         byte
	counter, tail []byte
}

// assert answers a request for an approval as it should be answered, but for what edit changes before it is signed.
func (k softKey) assert(t testing.TB, edit func(*answer)) Assertion {
	t.Helper()
	a := answer{relying: passkeyHost.ID, flags: userPresent | userVerified, counter: []byte{0, 0, 0, 7}, client: map[string]any{
		"type": "webauthn.get", "challenge": base64.RawURLEncoding.EncodeToString(passkeyBytes[:]),
		"origin": passkeyHost.Origins[0], "crossOrigin": false}}
	if edit != nil {
		edit(&a)
	}
	client, err := json.Marshal(a.client)
	if err != nil {
		t.Fatal(err)
	}
	id := sha256.Sum256([]byte(a.relying))
	return k.sign(t, slices.Concat(id[:], []byte{a.flags}, a.counter, a.tail), client)
}

func (k softKey) sign(t testing.TB, authenticator, client []byte) Assertion {
	t.Helper()
	sum := sha256.Sum256(client)
	signed, hash := slices.Concat(authenticator, sum[:]), crypto.Hash(0)
	if k.kind == "ES256" {
		digest := sha256.Sum256(signed)
		signed, hash = digest[:], crypto.SHA256
	}
	signature, err := k.key.Sign(rand.Reader, signed, hash)
	if err != nil {
		t.Fatal(err)
	}
	return Assertion{AuthenticatorData: authenticator, ClientData: client, Signature: signature}
}

// wantPasskeyError checks the kind and the words of an error; no words, no error.
func wantPasskeyError(t *testing.T, err, kind error, words string) {
	t.Helper()
	switch {
	case words == "" && err != nil:
		t.Errorf("refused: %v", err)
	case words != "" && (!errors.Is(err, kind) || !strings.Contains(err.Error(), words)):
		t.Errorf("got the error %v, want %v that says %q", err, kind, words)
	}
}

// wantPasskeyRefusal is wantPasskeyError for what somebody reads who signs.
func wantPasskeyRefusal(t *testing.T, err, kind error, words string) {
	t.Helper()
	wantPasskeyError(t, err, kind, words)
	speaksChinese(t, err)
}

func TestPasskeyVerifies(t *testing.T) {
	for _, key := range softKeys(t) {
		for name, edit := range map[string]func(*answer){
			"as it should be":          nil,
			"the other origin":         func(a *answer) { a.client["origin"] = passkeyHost.Origins[1] },
			"crossOrigin not said":     func(a *answer) { delete(a.client, "crossOrigin") },
			"members of the future":    func(a *answer) { a.client["new"] = map[string]any{"type": "webauthn.create"} },
			"a counter that goes back": func(a *answer) { a.counter = make([]byte, 4) },
			"synchronised":             func(a *answer) { a.flags |= backupEligible | backedUp },
			"with extensions":          func(a *answer) { a.flags, a.tail = a.flags|1<<7, []byte{0xa0} },
		} {
			t.Run(key.kind+" "+name, func(t *testing.T) {
				wantPasskeyRefusal(t, passkeyHost.Verify(key.public, passkeyBytes, key.assert(t, edit)), nil, "")
			})
		}
	}
}

// TestPasskeyRefusesWhatWasSignedWrong: everything here is signed by the right key.
func TestPasskeyRefusesWhatWasSignedWrong(t *testing.T) {
	invalid, forbidden := alerting.ErrInvalid, alerting.ErrForbidden
	cases := []struct {
		name  string
		edit  func(*answer)
		kind  error
		words string
	}{
		{"a registration", func(a *answer) { a.client["type"] = "webauthn.create" }, forbidden, "not webauthn.get"},
		{"no type", func(a *answer) { delete(a.client, "type") }, invalid, "no text as type"},
		{"a type in another case of letters", func(a *answer) { a.client["Type"] = a.client["type"]; delete(a.client, "type") }, invalid, "no text as type"},
		{"other bytes", func(a *answer) { a.client["challenge"] = base64.RawURLEncoding.EncodeToString(make([]byte, 32)) }, forbidden, "other bytes were approved"},
		{"a padded challenge", func(a *answer) { a.client["challenge"] = base64.URLEncoding.EncodeToString(passkeyBytes[:]) }, forbidden, "other bytes were approved"},
		{"less than the challenge", func(a *answer) { a.client["challenge"] = a.client["challenge"].(string)[:42] }, forbidden, "other bytes were approved"},
		{"an empty challenge", func(a *answer) { a.client["challenge"] = "" }, forbidden, "other bytes were approved"},
		{"a challenge that is a number", func(a *answer) { a.client["challenge"] = 7 }, invalid, "no text as challenge"},
		{"another origin", func(a *answer) { a.client["origin"] = "https://office.example" }, forbidden, "none of those allowed"},
		{"an origin with more behind", func(a *answer) { a.client["origin"] = passkeyHost.Origins[0] + ".evil.example" }, forbidden, "none of those allowed"},
		{"no origin", func(a *answer) { a.client["origin"] = nil }, invalid, "no text as origin"},
		{"in a frame", func(a *answer) { a.client["crossOrigin"] = true }, forbidden, "crossOrigin"},
		{"crossOrigin is text", func(a *answer) { a.client["crossOrigin"] = "false" }, forbidden, "crossOrigin"},
		{"below another page", func(a *answer) { a.client["topOrigin"] = passkeyHost.Origins[0] }, forbidden, "crossOrigin"},
		{"another relying party", func(a *answer) { a.relying = "evil.example" }, forbidden, "another relying party"},
		{"a host below the relying party", func(a *answer) { a.relying = "desk.office.example" }, forbidden, "another relying party"},
		{"nobody present", func(a *answer) { a.flags = userVerified }, forbidden, "flag UP"},
		{"nobody verified", func(a *answer) { a.flags = userPresent }, forbidden, "flag UV"},
		{"backed up, which it may not be", func(a *answer) { a.flags |= backedUp }, forbidden, "flag BS"},
		{"authenticator data too short", func(a *answer) { a.counter = a.counter[1:] }, invalid, "have 36 bytes, and need 37"},
	}
	for _, key := range softKeys(t) {
		for _, c := range cases {
			t.Run(key.kind+" "+c.name, func(t *testing.T) {
				wantPasskeyRefusal(t, passkeyHost.Verify(key.public, passkeyBytes, key.assert(t, c.edit)), c.kind, c.words)
			})
		}
		for _, text := range []string{"", "null", "[]", `"webauthn.get"`, "{", `{"type":"webauthn.get"} {}`, "\xef\xbb\xbf{}"} {
			t.Run(key.kind+" client data "+text, func(t *testing.T) {
				a := key.sign(t, key.assert(t, nil).AuthenticatorData, []byte(text))
				wantPasskeyRefusal(t, passkeyHost.Verify(key.public, passkeyBytes, a), invalid, "client data")
			})
		}
	}
}

// TestPasskeyRefusesWhatWasNotSigned: a good assertion is changed after it was signed, or held against something else.
func TestPasskeyRefusesWhatWasNotSigned(t *testing.T) {
	const wrong = "the signature is not that of the key"
	keys := softKeys(t)
	for i, key := range keys {
		good := key.assert(t, nil)
		other := passkeyBytes
		other[31]++
		tests := []struct {
			name      string
			edit      func(*Assertion)
			relying   Relying
			public    []byte
			challenge [32]byte
			words     string
		}{
			{"held against other bytes", func(*Assertion) {}, passkeyHost, key.public, other, "other bytes were approved"},
			{"held against another key", func(*Assertion) {}, passkeyHost, softKeys(t)[i].public, passkeyBytes, wrong},
			{"held against a key of the other kind", func(*Assertion) {}, passkeyHost, keys[1-i].public, passkeyBytes, wrong},
			{"held against another host", func(*Assertion) {}, Relying{"other.example", passkeyHost.Origins}, key.public, passkeyBytes, "another relying party"},
			{"held against another page", func(*Assertion) {}, Relying{passkeyHost.ID, []string{"https://desk.office.example/"}}, key.public, passkeyBytes, "none of those allowed"},
			{"held against nothing", func(*Assertion) {}, Relying{}, key.public, passkeyBytes, "none of those allowed"},
			{"the counter was changed", func(a *Assertion) { a.AuthenticatorData[36]++ }, passkeyHost, key.public, passkeyBytes, wrong},
			{"a flag was added", func(a *Assertion) { a.AuthenticatorData[32] |= backupEligible }, passkeyHost, key.public, passkeyBytes, wrong},
			{"a byte was put behind the authenticator data", func(a *Assertion) { a.AuthenticatorData = append(a.AuthenticatorData, 0) }, passkeyHost, key.public, passkeyBytes, wrong},
			{"a space was put behind the client data", func(a *Assertion) { a.ClientData = append(a.ClientData, ' ') }, passkeyHost, key.public, passkeyBytes, wrong},
			{"the signature was changed", func(a *Assertion) { a.Signature[len(a.Signature)-1]++ }, passkeyHost, key.public, passkeyBytes, wrong},
			{"a byte was put behind the signature", func(a *Assertion) { a.Signature = append(a.Signature, 0) }, passkeyHost, key.public, passkeyBytes, wrong},
			{"the signature was taken away", func(a *Assertion) { a.Signature = nil }, passkeyHost, key.public, passkeyBytes, wrong},
		}
		for _, c := range tests {
			t.Run(key.kind+" "+c.name, func(t *testing.T) {
				a := Assertion{bytes.Clone(good.AuthenticatorData), bytes.Clone(good.ClientData), bytes.Clone(good.Signature)}
				c.edit(&a)
				wantPasskeyRefusal(t, c.relying.Verify(c.public, c.challenge, a), alerting.ErrForbidden, c.words)
			})
		}
		wantPasskeyRefusal(t, passkeyHost.Verify(key.public, passkeyBytes, good), nil, "")
	}
}

func TestPasskeyPublic(t *testing.T) {
	for _, key := range softKeys(t) {
		have, err := ParsePasskeyPublic(key.public)
		if err != nil || !bytes.Equal(have, key.public) {
			t.Errorf("%s: got %x and %v, want the key as it is", key.kind, have, err)
		}
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	good := softKeys(t)[0].public
	off := bytes.Clone(good)
	off[len(off)-1]++
	const kinds = "neither for ES256 (ECDSA on P-256) nor for EdDSA (Ed25519)"
	for name, c := range map[string]struct {
		der   []byte
		words string
	}{
		"P-384":                {pkix(t, p384), kinds},
		"RSA":                  {pkix(t, long), kinds},
		"nothing":              {nil, "the public key: "},
		"a point off the line": {off, "the public key: "},
		"more behind":          {append(bytes.Clone(good), 0), "the public key: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParsePasskeyPublic(c.der)
			wantPasskeyRefusal(t, err, alerting.ErrInvalid, c.words)
			wantPasskeyRefusal(t, passkeyHost.Verify(c.der, passkeyBytes, softKeys(t)[0].assert(t, nil)), alerting.ErrInvalid, c.words)
		})
	}
}

func TestRelyingCheck(t *testing.T) {
	for name, c := range map[string]struct {
		relying Relying
		words   string
	}{
		"as it should be":      {passkeyHost, ""},
		"on this machine":      {Relying{"localhost", []string{"http://localhost:8080"}}, ""},
		"nothing":              {Relying{}, "no host name"},
		"an address as host":   {Relying{"https://office.example", passkeyHost.Origins}, "no host name"},
		"a port at the host":   {Relying{"office.example:443", passkeyHost.Origins}, "no host name"},
		"capital letters":      {Relying{"Office.example", passkeyHost.Origins}, "no host name"},
		"no origin":            {Relying{"office.example", nil}, "https://office.example"},
		"a slash behind":       {Relying{"office.example", []string{"https://office.example/"}}, "not written as browsers do"},
		"a port that is usual": {Relying{"office.example", []string{"https://office.example:443"}}, "not written as browsers do"},
		"a colon behind":       {Relying{"office.example", []string{"https://office.example:"}}, "not written as browsers do"},
		"no scheme":            {Relying{"office.example", []string{"office.example"}}, "not written as browsers do"},
		"without TLS":          {Relying{"office.example", []string{"http://office.example"}}, "not secure"},
		"elsewhere":            {Relying{"office.example", []string{"https://evil-office.example"}}, "neither office.example nor below it"},
		"the second is wrong":  {Relying{"office.example", []string{"https://office.example", "https://example"}}, "neither office.example nor below it"},
	} {
		t.Run(name, func(t *testing.T) { wantPasskeyError(t, c.relying.Check(), alerting.ErrInvalid, c.words) })
	}
}

func TestParseAssertion(t *testing.T) {
	want := softKeys(t)[0].assert(t, nil)
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if have, err := ParseAssertion(b); err != nil || !equalAssertions(have, want) {
		t.Fatalf("got %v and %v, want what was written: %s", have, err, b)
	}
	const good = `"authenticator_data":"AAAA","client_data":"AAAA","signature":"AAAA"`
	for name, c := range map[string]struct{ text, words string }{
		"another order, and spaces": {` { "signature" : "AAAA", "client_data":"AAAA","authenticator_data":"AAAA" } `, ""},
		"nothing":                   {"", "no JSON object"},
		"null":                      {"null", "no JSON object"},
		"a list":                    {"[" + good + "]", "no JSON object"},
		"not closed":                {"{" + good, "EOF"},
		"a comma too many":          {"{" + good + ",}", "invalid character"},
		"closed as a list":          {"{" + good + "]", "invalid character"},
		"more behind":               {"{" + good + "} {}", "behind its end"},
		"unknown member":            {"{" + good + `,"id":"AAAA"}`, `member "id" is unknown`},
		"another case of letters":   {`{"Signature":"AAAA"}`, `member "Signature" is unknown`},
		"a member twice":            {"{" + good + `,"signature":"AAAA"}`, `member "signature" is unknown or comes twice`},
		"a member missing":          {`{"authenticator_data":"AAAA","client_data":"AAAA"}`, "signature is missing"},
		"an empty member":           {strings.Replace("{"+good+"}", "AAAA", "", 1), "authenticator_data: it is no string in standard base64"},
		"null as member":            {strings.Replace("{"+good+"}", `"AAAA"`, "null", 1), "authenticator_data: it is no string in standard base64"},
		"an object as member":       {strings.Replace("{"+good+"}", `"AAAA"`, "{}", 1), "authenticator_data: it is no string in standard base64"},
		"base64 for URLs":           {strings.Replace("{"+good+"}", "AAAA", "__--", 1), "authenticator_data: it is no string in standard base64"},
		"base64 without padding":    {strings.Replace("{"+good+"}", "AAAA", "AA", 1), "authenticator_data: it is no string in standard base64"},
		"base64 with spare bits":    {strings.Replace("{"+good+"}", "AAAA", "AB==", 1), "authenticator_data: it is no string in standard base64"},
		"base64 with a line break":  {strings.Replace("{"+good+"}", "AAAA", `AA\nAA`, 1), "authenticator_data: it is no string in standard base64"},
		"as long as may be":         {"{" + good + "}" + strings.Repeat(" ", MaxAssertion-len(good)-2), ""},
		"too long":                  {"{" + good + "}" + strings.Repeat(" ", MaxAssertion-len(good)-1), "has 4097 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseAssertion([]byte(c.text))
			wantPasskeyRefusal(t, err, alerting.ErrInvalid, c.words)
		})
	}
}

func equalAssertions(a, b Assertion) bool {
	return bytes.Equal(a.AuthenticatorData, b.AuthenticatorData) && bytes.Equal(a.ClientData, b.ClientData) && bytes.Equal(a.Signature, b.Signature)
}

// FuzzParseAssertion: what is taken has three members and comes back the same when written; nothing else verifies.
func FuzzParseAssertion(f *testing.F) {
	key := softKeys(f)[0]
	good, err := json.Marshal(key.assert(f, nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"signature":"AAAA","client_data":"e30=","authenticator_data":"AAAA"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseAssertion(b)
		if err != nil {
			if !errors.Is(err, alerting.ErrInvalid) {
				t.Fatalf("%v is no alerting.ErrInvalid", err)
			}
			return
		}
		again, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseAssertion(again); err != nil || !equalAssertions(a, back) {
			t.Fatalf("%s came back as %v, %v", again, back, err)
		}
		var members map[string]any
		if err := json.Unmarshal(b, &members); err != nil || len(slices.Collect(maps.Keys(members))) != 3 {
			t.Fatalf("taken, but it has not three members: %s", b)
		}
		if err := passkeyHost.Verify(key.public, passkeyBytes, a); err == nil && !bytes.Equal(again, good) {
			t.Fatalf("another assertion verifies: %s", again)
		}
	})
}
