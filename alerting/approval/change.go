package approval

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"tocsin/alerting"
)

// Change: this administrative act shall take effect.
const Change Act = "change"

// changing is the statement of an operator on a change: over all of it but the signatures, with the body by its digest.
func changing(c alerting.Change, by string, at time.Time) (Statement, error) {
	c.By, c.Body = nil, nil
	c.At, c.Expires = c.At.UTC().Truncate(time.Second), c.Expires.UTC().Truncate(time.Second)
	return about(c, Change, by, at)
}

// OverChange is the statement of an operator on a change, for keys that sign elsewhere: a passkey signs its digest.
func OverChange(c alerting.Change, by string, at time.Time) (Statement, error) {
	return changing(c, by, at)
}

// SignChange is an operator's signature on a change. A body that is there must be the one that the digest names: nobody signs
// what he was not shown.
func SignChange(s Signer, c alerting.Change, by string, at time.Time) (alerting.Approval, error) {
	if sum := sha256.Sum256(c.Body); len(c.Body) > 0 && hex.EncodeToString(sum[:]) != c.Digest {
		return alerting.Approval{}, fmt.Errorf("change %s: %w: its body is not the one that its digest names", c.ID, alerting.ErrInvalid)
	}
	st, err := changing(c, by, at)
	if err != nil {
		return alerting.Approval{}, err
	}
	return s.Sign(st)
}

// VerifyChange says why a signature on a change cannot be taken. Whoever proposes one may have any right, and others need that
// to administer: right is "" for the proposer.
func (r *Roll) VerifyChange(c alerting.Change, a alerting.Approval, right Right) error {
	return r.verify(a, Change, right, "a change", func(by string, at time.Time) (Statement, error) { return changing(c, by, at) })
}

// verify says why a signature for an act cannot be taken. What names the thing that is signed; right is that which the key must have, ""
// for any.
func (r *Roll) verify(a alerting.Approval, act Act, right Right, what string, statement func(by string, at time.Time) (Statement, error)) error {
	key, ok := r.Find(a.KeyID)
	switch {
	case a.Act != string(act):
		return alerting.Refuse(alerting.ErrInvalid, "sign.other-act", "%s is signed as %s, not as %.20q", alerting.Term(what), alerting.Term(act), alerting.Term(a.Act))
	case !ok:
		return alerting.Refuse(alerting.ErrForbidden, "key.unknown-here", "key %.40s is not known here, or was revoked", a.KeyID)
	case key.Operator != a.By:
		return alerting.Refuse(alerting.ErrForbidden, "key.not-his-change", "key %s is not that of %.64s", a.KeyID, a.By)
	case right != "" && !slices.Contains(key.Rights, right):
		return alerting.Refuse(alerting.ErrForbidden, "key.lacks-right", "key %s of %s lacks the right to %s", a.KeyID, a.By, alerting.Term(right))
	}
	s, err := statement(a.By, a.At)
	if err != nil {
		return err
	}
	return key.Key.verify(s, a.Signature, r.relying)
}

// Agreed reports whether enough have signed a change: two people, and of them one who may administer and did not propose it. The
// first signature is the proposer's.
func (r *Roll) Agreed(c alerting.Change) bool {
	over := func(by string, at time.Time) (Statement, error) { return changing(c, by, at) }
	if len(c.By) == 0 || len(r.signed(c.By, over, "")) < signers {
		return false
	}
	second := r.signed(c.By, over, MayAdminister)
	delete(second, c.By[0].By)
	return len(second) > 0
}
