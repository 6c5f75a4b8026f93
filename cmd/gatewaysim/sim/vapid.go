package sim

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

// vapidCache checks VAPID tokens (RFC 8292) and remembers those that were good: a sender uses one for hours.
type vapidCache struct {
	now func() time.Time

	mu   sync.RWMutex
	good map[string]vapidToken // by the whole header value
}

type vapidToken struct {
	aud, key string
	exp      time.Time
}

// maxTokens bounds the cache; a full one starts anew.
const maxTokens = 4096

func newVAPIDCache(now func() time.Time) *vapidCache {
	return &vapidCache{now: now, good: map[string]vapidToken{}}
}

// check judges the Authorization header for a push service at origin; key "" accepts any application server. The result is
// 0, or the status and reason of the refusal: 401 for a missing or unreadable token, 403 for one that is not right.
func (c *vapidCache) check(header []byte, origin, key string) (status int, reason string) {
	c.mu.RLock()
	token, ok := c.good[string(header)]
	c.mu.RUnlock()
	if !ok {
		var status int
		if token, status, reason = parseVAPID(header); status != 0 {
			return status, reason
		}
		c.mu.Lock()
		if len(c.good) >= maxTokens {
			clear(c.good)
		}
		c.good[string(header)] = token
		c.mu.Unlock()
	}
	now := c.now()
	switch {
	case token.aud != origin:
		return http.StatusForbidden, "VAPID: aud is not the origin of the push service"
	case !now.Before(token.exp):
		return http.StatusForbidden, "VAPID: token expired"
	case token.exp.Sub(now) > 24*time.Hour: // RFC 8292 §2
		return http.StatusForbidden, "VAPID: exp is more than 24 hours away"
	case key != "" && token.key != strings.TrimRight(key, "="):
		return http.StatusForbidden, "VAPID: not the key of the subscription"
	}
	return 0, ""
}

// parseVAPID reads "vapid t=<JWT>, k=<key>" and verifies the signature.
func parseVAPID(header []byte) (t vapidToken, status int, reason string) {
	scheme, rest, _ := bytes.Cut(header, []byte(" "))
	if !equalFold(scheme, "vapid") {
		return t, http.StatusUnauthorized, "VAPID: header is missing or of another scheme"
	}
	var jwt string
	for part := range strings.SplitSeq(string(rest), ",") {
		part = strings.TrimSpace(part)
		if v, ok := strings.CutPrefix(part, "t="); ok {
			jwt = v
		} else if v, ok := strings.CutPrefix(part, "k="); ok {
			t.key = strings.TrimRight(v, "=")
		}
	}
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 || t.key == "" {
		return t, http.StatusUnauthorized, "VAPID: t or k is missing"
	}
	var head struct {
		Alg string `json:"alg"`
	}
	var claims struct {
		Aud string `json:"aud"`
		Exp int64  `json:"exp"`
		Sub string `json:"sub"`
	}
	if !decodePart(parts[0], &head) || !decodePart(parts[1], &claims) {
		return t, http.StatusUnauthorized, "VAPID: token is not a JWT"
	}
	if head.Alg != "ES256" {
		return t, http.StatusUnauthorized, "VAPID: alg is not ES256"
	}
	if !verifyES256(t.key, parts[0]+"."+parts[1], parts[2]) {
		return t, http.StatusForbidden, "VAPID: signature does not fit the key"
	}
	if claims.Sub != "" && !strings.HasPrefix(claims.Sub, "mailto:") && !strings.HasPrefix(claims.Sub, "https:") {
		return t, http.StatusForbidden, "VAPID: sub is neither mailto: nor https:"
	}
	if strings.HasPrefix(claims.Sub, "mailto:mailto:") {
		return t, http.StatusForbidden, "VAPID: sub has mailto: twice"
	}
	t.aud, t.exp = claims.Aud, time.Unix(claims.Exp, 0)
	return t, 0, ""
}

func decodePart(part string, into any) bool {
	b, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(b, into) == nil
}

// verifyES256 checks a JWS signature: r and s of 32 bytes each (RFC 7518 §3.4).
func verifyES256(key, signed, signature string) bool {
	point, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return false
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return false
	}
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || len(sig) != 64 {
		return false
	}
	sum := sha256.Sum256([]byte(signed))
	return ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
}
