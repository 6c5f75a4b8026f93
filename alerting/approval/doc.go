// Package approval says who may send a warning, and proves that they agreed to it.
//
// An approval is a signature, made with a key of the operator's own, over the exact bytes of the document (as they were
// before the office signed them), the act, the audience with its size, and the author. The alert carries the signatures, and
// the enrolments by which the keys are known, onto the stream; the desk, fan-out and every worker check them again with
// what their own configuration names: the founders, the policy, the desk's public key. So a forged row, a forged record
// or a swapped key sends nothing.
//
// It stands apart, as a leaf that its siblings may import like seal, because those who ask for an approval and those who
// check it must never differ about what was signed. It has no store, no clock and no network. What always holds: whatever
// does not verify counts for nothing; an operator counts once, however many keys he has; nobody approves what he wrote;
// starting takes two people, and stopping takes one.
package approval
