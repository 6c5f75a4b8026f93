package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"tocsin/alerting"
)

// Right is what a token may do.
type Right string

// The rights.
const (
	MayIssue   Right = "issue"
	MayApprove Right = "approve"
	MayCancel  Right = "cancel"
	MayRead    Right = "read"
	MayImport  Right = "import"
	MayRedrive Right = "redrive"
)

// Token is one caller: the SHA-256 of his secret, and what he may do.
type Token struct {
	Name   string
	Digest [32]byte
	May    []Right
	// Unit is the code of the administrative unit that the caller belongs to; empty is the whole office.
	Unit string
	// Worlds are the only ones that the caller may see and touch, by their paths; empty is all.
	Worlds []alerting.World
}

// NewToken makes a token of a secret.
func NewToken(name, secret string, may []Right) Token {
	return Token{Name: name, Digest: sha256.Sum256([]byte(secret)), May: may}
}

// caller finds the token of a request, in the same time whichever it is.
func (c *Console) caller(r *http.Request) (Token, bool) {
	secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	digest := sha256.Sum256([]byte(secret))
	var found Token
	var any int
	for _, t := range c.Tokens {
		if subtle.ConstantTimeCompare(digest[:], t.Digest[:]) == 1 {
			found, any = t, 1
		}
	}
	return found, ok && any == 1
}

// asks lets a handler be called only by tokens with a right.
func (c *Console) asks(right Right, handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := c.caller(r)
		switch {
		case !ok:
			unauthorized(w)
		case !slices.Contains(token.May, right):
			writeProblem(w, problem{Type: "about:blank", Status: http.StatusForbidden, Title: "Not allowed",
				Detail: "the token " + token.Name + " lacks the right " + string(right)})
		default:
			if err := handle(w, r, alerting.Actor{Name: token.Name, Kind: "token", Unit: token.Unit}); err != nil {
				c.fail(w, r, err)
			}
		}
	})
}

func unauthorized(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="tocsin"`)
	writeProblem(w, problem{Type: "about:blank", Status: http.StatusUnauthorized, Title: "A token is needed",
		Detail: "send the header Authorization: Bearer TOKEN, with a token of the configuration (api.tokens)"})
}
