package approval

import (
	"slices"
	"sync/atomic"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// Office is what a process knows by itself: enough to check any alert without asking a store.
type Office struct {
	// Founders is the roll that the configuration gives.
	Founders *Roll
	Policy   Policy
	// Desk is the key with which the desk signs the Cancels that it writes; zero when it has none.
	Desk Key

	revoked   atomic.Pointer[[]alerting.Revocation]
	withdrawn atomic.Pointer[[]alerting.Withdrawal]
	closed    atomic.Pointer[closings]
}

// DeskName is the operator as whom the desk signs. No other may have that name.
const DeskName = "desk"

// Revoke hands in all revocations that are known by now.
func (o *Office) Revoke(all []alerting.Revocation) { o.revoked.Store(&all) }

// Roll is the founders with those whom enrolments make known, less what was revoked.
func (o *Office) Roll(enrolments []alerting.Enrolment) (*Roll, []error) {
	roll, problems := o.Founders.With(enrolments)
	if all := o.revoked.Load(); all != nil {
		var more []error
		roll, more = roll.Without(*all)
		problems = append(problems, more...)
	}
	return roll, problems
}

// Check reports whether an alert may be sent: alerting.ErrForbidden with what it lacks. It is what the desk asks before it
// releases an alert, and fan-out and workers before they touch it.
func (o *Office) Check(in *alerting.Issued) error {
	roll, _ := o.Roll(in.Envelope.Enrolments)
	return o.CheckWith(roll, in)
}

// CheckWith is Check with a roll that is known already.
func (o *Office) CheckWith(roll *Roll, in *alerting.Issued) error {
	if in.Alert.MsgType == cap.MsgCancel && o.stopped(roll, &in.Envelope) {
		return nil
	}
	if in.Envelope.Standing != nil {
		return o.standing(roll, in)
	}
	if missing := o.lacking(roll, in); len(missing) > 0 {
		return alerting.Refuse(alerting.ErrForbidden, "alert.not-approved", "not approved: %s", missing)
	}
	return nil
}

// stopped reports whether somebody who may stop, or the desk, has signed a stop.
func (o *Office) stopped(roll *Roll, e *alerting.Envelope) bool {
	over := func(by string, at time.Time) (Statement, error) { return Over(e, Stop, by, at) }
	if len(roll.signed(e.Approvals, over, MayStop)) > 0 {
		return true
	}
	return slices.ContainsFunc(e.Approvals, func(a alerting.Approval) bool {
		if len(o.Desk.Public) == 0 || a.By != DeskName || a.Act != string(Stop) || a.KeyID != o.Desk.ID() {
			return false
		}
		s, err := over(a.By, a.At)
		return err == nil && o.Desk.verify(s, a.Signature, Relying{}) == nil
	})
}

// standing is CheckWith for an alert that goes out under a standing authorisation. Once two have signed it, it needs none.
func (o *Office) standing(roll *Roll, in *alerting.Issued) error {
	beyond := o.Beyond(roll, in)
	if len(beyond) == 0 || len(o.Missing(roll, in)) == 0 {
		return nil
	}
	return alerting.Refuse(alerting.ErrForbidden, "alert.beyond", "not approved: the standing authorisation does not let it go: %s", beyond)
}

// Missing says in words what an alert still lacks, one for each rule; empty when it may be sent.
func (o *Office) Missing(roll *Roll, in *alerting.Issued) []string {
	var out []string
	for _, lack := range o.lacking(roll, in) {
		out = append(out, lack.Error())
	}
	return out
}

// lacking is what an alert still lacks, as refusals of no kind.
func (o *Office) lacking(roll *Roll, in *alerting.Issued) alerting.Several {
	e := &in.Envelope
	over := func(act Act) func(by string, at time.Time) (Statement, error) {
		return func(by string, at time.Time) (Statement, error) { return Over(e, act, by, at) }
	}
	authors := roll.signed(e.Approvals, over(Author), MayAuthor)
	var missing alerting.Several
	most := 0
	everybody := make(map[string]bool)
	for _, rule := range o.demands(in) {
		most = max(most, rule.Approvals)
		approvers := roll.signed(ofKinds(roll, e.Approvals, rule.Kinds), over(Approve), MayApprove)
		delete(approvers, e.Author)
		for name := range approvers {
			everybody[name] = true
		}
		if lack := rule.Approvals - len(approvers); lack > 0 {
			missing = append(missing, lackOf(rule, lack))
		}
	}
	// Who wrote it is a second person only if his own key says so; the name of a token is nobody.
	if authors[e.Author] {
		everybody[e.Author] = true
	}
	if most > 0 && len(everybody) < signers && len(missing) == 0 {
		missing = append(missing, alerting.Refuse(nil, "approval.second", "two people must have signed, and one has: "+
			"the author was no operator who signed it, so another approval is needed"))
	}
	return missing
}

// ofKinds are the approvals whose keys are of the kinds that count.
func ofKinds(roll *Roll, all []alerting.Approval, kinds []Kind) []alerting.Approval {
	if len(kinds) == 0 {
		return all
	}
	var out []alerting.Approval
	for _, a := range all {
		if key, ok := roll.counts(a.KeyID, a.At); ok && slices.Contains(kinds, key.Key.Kind) {
			out = append(out, a)
		}
	}
	return out
}

// lackOf says how many approvals a rule still wants.
func lackOf(rule Rule, lack int) error {
	switch kinds := alerting.Terms(rule.Kinds); {
	case lack == 1 && len(kinds) == 0:
		return alerting.Refuse(nil, "approval.lacks-one", "rule %s wants 1 approval more", rule.ID)
	case lack == 1:
		return alerting.Refuse(nil, "approval.lacks-one-of", "rule %s wants 1 approval more by a key of kind %v", rule.ID, kinds)
	case len(kinds) == 0:
		return alerting.Refuse(nil, "approval.lacks", "rule %s wants %d approvals more", rule.ID, lack)
	default:
		return alerting.Refuse(nil, "approval.lacks-of", "rule %s wants %d approvals more by a key of kind %v", rule.ID, lack, kinds)
	}
}

// SignStop is the desk's signature on a Cancel that it wrote itself.
func SignStop(s Signer, e *alerting.Envelope, at time.Time) (alerting.Approval, error) {
	st, err := Over(e, Stop, DeskName, at)
	if err != nil {
		return alerting.Approval{}, err
	}
	return s.Sign(st)
}

// Verify checks one signature on an alert, so that whoever made it learns at once what is wrong with it.
func (r *Roll) Verify(e *alerting.Envelope, a alerting.Approval, right Right) error {
	key, ok := r.Find(a.KeyID)
	switch {
	case !ok:
		return alerting.Refuse(alerting.ErrForbidden, "key.unknown", "key %s is not known here, or was revoked", a.KeyID)
	case key.Operator != a.By:
		return alerting.Refuse(alerting.ErrForbidden, "key.not-his", "key %s is not that of %s", a.KeyID, a.By)
	case !slices.Contains(key.Rights, right):
		return alerting.Refuse(alerting.ErrForbidden, "key.lacks-right", "key %s of %s lacks the right to %s", a.KeyID, a.By, alerting.Term(right))
	}
	s, err := Over(e, Act(a.Act), a.By, a.At)
	if err != nil {
		return err
	}
	return key.Key.verify(s, a.Signature, r.relying)
}
