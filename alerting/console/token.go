package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"tocsin/alerting"
)

// Right is what a caller may do.
type Right string

// The rights.
const (
	MayIssue   Right = "issue"
	MayApprove Right = "approve"
	MayCancel  Right = "cancel"
	MayRead    Right = "read"
	MayImport  Right = "import"
	MayRedrive Right = "redrive"
	// MayAdminister is the accounts, and the papers of operators.
	MayAdminister Right = "administer"
	// MayAudit is reading the journal.
	MayAudit Right = "audit"
)

// What routes may take besides one of the rights.
const (
	// MayEnrol and MaySign: either of the two. An author signs what he submits; whoever signs as approver needs the right to approve.
	MayEnrol Right = "approve or administer"
	MaySign  Right = "issue or approve"
	// Known: whoever is logged in, or has a token.
	Known Right = "known"
	// Anyone: nobody is asked who he is. Such routes answer each address only so often.
	Anyone Right = "anyone"
)

// Rights lists those that a token may have.
func Rights() []Right {
	return []Right{MayIssue, MayApprove, MayCancel, MayRead, MayImport, MayRedrive, MayAdminister, MayAudit}
}

// among reports whether one of some rights is enough.
func (r Right) among(may []Right) bool {
	return r == Known || slices.ContainsFunc(strings.Split(string(r), " or "), func(one string) bool { return slices.Contains(may, Right(one)) })
}

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

// token finds the token of a secret, in the same time whichever it is.
func (c *Console) token(secret string) (Token, bool) {
	digest := sha256.Sum256([]byte(secret))
	var found Token
	var any int
	for _, t := range c.Tokens {
		if subtle.ConstantTimeCompare(digest[:], t.Digest[:]) == 1 {
			found, any = t, 1
		}
	}
	return found, any == 1
}

// asks lets a handler be called only by those with a right.
func (c *Console) asks(right Right, handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if right == Anyone {
			c.anyone(w, r, handle)
			return
		}
		who, err := c.caller(r)
		if err == nil {
			err = c.choose(r, &who, right)
		}
		if err != nil {
			c.turnAway(w, r, err)
			return
		}
		ctx, leave := c.whileKnown(withCaller(r.Context(), who), who, right)
		defer leave()
		if err := handle(w, r.WithContext(ctx), who.Actor); err != nil {
			c.fail(w, r, err)
		}
	})
}

// anyone lets a handler be called by whoever does not come too often.
func (c *Console) anyone(w http.ResponseWriter, r *http.Request, handle handler) {
	if err := c.sameOrigin(r); err != nil {
		c.turnAway(w, r, err)
		return
	}
	if !c.strangers.admit(c.address(r)) {
		c.tooOften(w, r)
		return
	}
	if err := handle(w, r, alerting.Actor{}); err != nil {
		c.fail(w, r, err)
	}
}
