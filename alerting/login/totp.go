package login

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"tocsin/alerting"
	"tocsin/alerting/seal"
)

const (
	// stepSize is how long a code is shown (RFC 6238 §5.2), and secretSize the length of a secret in bytes (RFC 4226 §4, R6).
	stepSize   = 30 * time.Second
	secretSize = 20
	// skew is how many steps a clock may be wrong, either way.
	skew = 1
)

// newSecret makes a secret for an authenticator, in base32 without padding.
func newSecret() string {
	b := make([]byte, secretSize)
	_, _ = rand.Read(b) // it never fails (crypto/rand)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}

func stepAt(at time.Time) int64 { return at.Unix() / int64(stepSize/time.Second) }

// Code is the code of six digits that an authenticator shows at a time. ErrInvalid when the secret is none.
func Code(secret string, at time.Time) (string, error) {
	code, err := hotp.GenerateCodeCustom(strings.ToUpper(strings.TrimSpace(secret)), uint64(stepAt(at)),
		hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", fmt.Errorf("%w: the secret of an authenticator is base32", alerting.ErrInvalid)
	}
	return code, nil
}

// codeFits gives the step of a code, when it is one of about now and of a later step than the last that was used. It takes as long
// whichever it is.
func codeFits(secret, code string, now time.Time, used int64) (step int64, ok bool) {
	for i := -skew; i <= skew; i++ {
		want, err := Code(secret, now.Add(time.Duration(i)*stepSize))
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(strings.TrimSpace(code))) == 1 && stepAt(now)+int64(i) > used {
			step, ok = stepAt(now)+int64(i), true
		}
	}
	return step, ok
}

// uri is what an authenticator reads, mostly as a QR code.
func (g *Gate) uri(name, secret string) string {
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + g.Office + ":" + name,
		RawQuery: url.Values{"secret": {secret}, "issuer": {g.Office}}.Encode()}
	return strings.ReplaceAll(u.String(), "+", "%20")
}

// sealSecret encrypts a secret for the row of an account, or of a link.
func (g *Gate) sealSecret(key, secret string) []byte {
	return g.Keys.Seal(seal.Logins, []byte(secret), []byte("totp "+key))
}

// openSecret decrypts one. Where there is none it gives a secret that nobody has.
func (g *Gate) openSecret(key string, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return newSecret(), nil
	}
	b, err := g.Keys.Open(seal.Logins, sealed, []byte("totp "+key))
	if err != nil {
		return "", fmt.Errorf("open the secret of an authenticator: %w: %w", alerting.ErrUnavailable, err)
	}
	return string(b), nil
}
