package login

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/store/storetest"
)

// authenticator plays a passkey: it signs as WebAuthn Level 3 §6.3.3 has it.
type authenticator struct {
	t   *testing.T
	key *ecdsa.PrivateKey
	id  string
	// flags are user present (1) and user verified (4); origin is that of the page.
	flags  byte
	origin string
}

func newAuthenticator(t *testing.T, id string) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &authenticator{t, key, id, 1 | 4, "http://localhost:1"}
}

func (a *authenticator) public() []byte {
	der, err := x509.MarshalPKIXPublicKey(a.key.Public())
	if err != nil {
		a.t.Fatal(err)
	}
	return der
}

func (a *authenticator) answer(c Challenge) Assertion {
	a.t.Helper()
	client := fmt.Appendf(nil, `{"type":"webauthn.get","challenge":%q,"origin":%q,"crossOrigin":false}`, c.Challenge, a.origin)
	party, sum := sha256.Sum256([]byte(c.RelyingParty)), sha256.Sum256(client)
	data := append(slices.Clone(party[:]), a.flags, 0, 0, 0, 1)
	digest := sha256.Sum256(append(slices.Clone(data), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	if err != nil {
		a.t.Fatal(err)
	}
	return Assertion{Challenge: c.Challenge, Credential: a.id, AuthenticatorData: data, ClientData: client, Signature: signature}
}

// add gives somebody a passkey.
func (h *house) add(name, password string, a *authenticator) error {
	h.t.Helper()
	c, err := h.BeginNewPasskey(h.t.Context(), here, name, password)
	if err != nil {
		return err
	}
	return h.FinishNewPasskey(h.t.Context(), name, NewPasskey{Label: "key ring", Public: a.public(), Assertion: a.answer(c)})
}

func (h *house) by(a *authenticator) (Opened, error) {
	h.t.Helper()
	c, err := h.BeginPasskey(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return h.ByPasskey(h.t.Context(), here, a.answer(c))
}

func TestPasskeys(t *testing.T) {
	h := newHouse(t, storetest.Open(t))
	h.Lockout.After = 100
	h.person("mei")
	h.person("tomas")
	mine := newAuthenticator(t, base64.RawURLEncoding.EncodeToString([]byte("the passkey of mei")))
	if err := h.add("mei", another, mine); !errors.Is(err, ErrWrong) {
		t.Errorf("a passkey is added without the password: %v", err)
	}
	if err := h.add("mei", phrase, mine); err != nil {
		t.Fatal(err)
	}
	if err := h.add("tomas", phrase, mine); !errors.Is(err, alerting.ErrConflict) {
		t.Errorf("one passkey of two: %v", err)
	}
	o, err := h.by(mine)
	if err != nil || o.Account.Name != "mei" || !h.alive(o.Token) || !h.noted(`mei session.opened account/mei {"with":"passkey"}`) {
		t.Fatalf("%+v %v", o, err)
	}
	for what, change := range map[string]func(a *authenticator){
		"nobody was verified":     func(a *authenticator) { a.flags = 1 },
		"another site's page":     func(a *authenticator) { a.origin = "http://localhost:2" },
		"another key":             func(a *authenticator) { a.key = newAuthenticator(t, "").key },
		"a credential of nobody":  func(a *authenticator) { a.id = "made-up-credential-id" },
		"the empty credential id": func(a *authenticator) { a.id = "" },
	} {
		other := *mine
		change(&other)
		if _, err := h.by(&other); !errors.Is(err, ErrWrong) || err.Error() != ErrWrong.Error() {
			t.Errorf("%s: %v, want the one answer", what, err)
		}
	}
	c, err := h.BeginPasskey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer := mine.answer(c)
	if _, err := h.ByPasskey(t.Context(), here, answer); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ByPasskey(t.Context(), here, answer); !errors.Is(err, ErrWrong) {
		t.Errorf("an answer counts twice: %v", err)
	}
	if c, err = h.BeginPasskey(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.pass(challengeLife + time.Second)
	if _, err := h.ByPasskey(t.Context(), here, mine.answer(c)); !errors.Is(err, ErrWrong) {
		t.Errorf("a challenge that is over: %v", err)
	}
	if c, err = h.BeginNewPasskey(t.Context(), here, "mei", phrase); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ByPasskey(t.Context(), here, mine.answer(c)); !errors.Is(err, ErrWrong) {
		t.Errorf("the challenge for a new passkey logs in: %v", err)
	}
	h.passkeyEnds(mine)
}

// passkeyEnds: it opens a door that guesses shut, and nothing once it is removed, or its account closed.
func (h *house) passkeyEnds(mine *authenticator) {
	t := h.t
	h.Lockout.After = 3
	for range 4 {
		_, _ = h.ByPassword(t.Context(), "198.51.100.3", "mei", another, "000000")
	}
	var shut *Locked
	if _, err := h.ByPassword(t.Context(), here, "mei", phrase, h.code("mei")); !errors.As(err, &shut) {
		t.Errorf("the door is open: %v", err)
	}
	if _, err := h.by(mine); err != nil {
		t.Errorf("the passkey, while the door is shut: %v", err)
	}
	if err := h.RemovePasskey(t.Context(), "tomas", mine.id); !errors.Is(err, alerting.ErrNotFound) {
		t.Errorf("somebody else removes it: %v", err)
	}
	a, err := h.Account(t.Context(), "mei")
	if err != nil || len(a.Passkeys) != 1 || a.Passkeys[0].ID != mine.id || a.Passkeys[0].Label != "key ring" {
		t.Errorf("%+v %v", a, err)
	}
	if err := h.SetDisabled(t.Context(), boss, "mei", true); err != nil {
		t.Fatal(err)
	}
	if _, err := h.by(mine); !errors.Is(err, ErrWrong) {
		t.Errorf("the passkey of a closed account: %v", err)
	}
	if err := errors.Join(h.SetDisabled(t.Context(), boss, "mei", false), h.RemovePasskey(t.Context(), "mei", mine.id)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.by(mine); !errors.Is(err, ErrWrong) {
		t.Errorf("a passkey that was removed: %v", err)
	}
}
