package desk

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
)

// Whoever approves what a rule with pick_place fits, or countersigns it once it is out, picks its place out of three: nobody can who
// has not read it. The author wrote the place, and is not asked. The three are all names of units (see alike.go).

// question is what a place is picked for, and a challenge is bound to: a version of a draft, or an alert that went out first.
type question struct {
	of      string
	version int64
	// subject names it in the journal; ask says where the question is asked for.
	subject string
	ask     error
}

func questionOfDraft(id string, version int64) question {
	return question{of: id, version: version, subject: subjectOfDraft(id), ask: alerting.Refuse(nil, "place.ask-draft",
		"ask GET /api/drafts/%s/confirmation?operator=NAME and send place and challenge with the signature (tocsin approve asks)", id)}
}

// questionOfAlert has a name that no draft has.
func questionOfAlert(id alerting.AlertID) question {
	subject := subjectOf(id.String())
	return question{of: subject, subject: subject, ask: alerting.Refuse(nil, "place.ask-alert",
		"ask GET /api/alerts/%s/countersign?operator=NAME and send place and challenge with the signature (tocsin countersign asks)", id)}
}

// Challenge asks an operator for the place of a draft, or of an alert that went out first.
type Challenge struct {
	Question string `json:"question"`
	// Places are three names of units, or of as many units, of which one is right, in random order; none when the office knows too few,
	// or not which are right, and the place must be typed as the message says it.
	Places []string `json:"places,omitempty"`
	Typed  bool     `json:"typed,omitempty"`
	// Challenge goes back with the place. It is of this version and this operator until Expires, and does not say which is right.
	Challenge string    `json:"challenge"`
	Expires   time.Time `json:"expires"`
}

// Pick is what an operator answers to a Challenge: the place itself, and the challenge.
type Pick struct {
	Place     string `json:"place,omitempty"`
	Challenge string `json:"challenge,omitempty"`
}

// challengeFor is how long a challenge may be answered.
const challengeFor = 10 * time.Minute

// picksPlace reports whether a rule that fits wants the place picked. Where a message names no place there is nothing to pick.
func (d *Desk) picksPlace(in *alerting.Issued) bool {
	if d.Office == nil || len(truths(in.Alert)) == 0 {
		return false
	}
	return slices.ContainsFunc(d.Office.Policy.Demands(in.Alert, &in.Envelope), func(r approval.Rule) bool { return r.PickPlace })
}

// ask puts the challenge for an operator beside what he confirms, if he must answer one.
func (d *Desk) ask(ctx context.Context, c *Confirmation, in *alerting.Issued, q question, operator string) error {
	if operator == "" || operator == in.Envelope.Author || !d.picksPlace(in) {
		return nil
	}
	say := phrasesOf(c.Language)
	alike, err := d.threeAlike(ctx, in.Alert, c.Language, q.of+"\x00"+operator)
	if err != nil {
		return err
	}
	expires, right := d.Now().Add(challengeFor).Truncate(time.Second), ""
	if alike != nil {
		right = alike[0]
	}
	token, err := d.challenge(q, operator, expires, right)
	if err != nil {
		return err
	}
	c.Challenge = &Challenge{Question: say.typed, Typed: alike == nil, Challenge: token, Expires: expires.UTC()}
	if alike != nil {
		key, err := d.placeKey()
		if err != nil {
			return err
		}
		c.Challenge.Question, c.Challenge.Places = say.pick, ranked(key, rand.Text(), alike)
	}
	return nil
}

// ranked puts names into an order that the seed gives, and that nobody foresees who has not the key.
func ranked(key []byte, seed string, names []string) []string {
	sums := make(map[string]string, len(names))
	for _, n := range names {
		sums[n] = string(sumOf(key, "order", seed, n))
	}
	return slices.SortedFunc(slices.Values(names), func(a, b string) int { return strings.Compare(sums[a], sums[b]) })
}

// truths are the places of an alert as they may be answered: in each language that it is written in, without case, width and spaces.
func truths(a *cap.Alert) []string {
	var out []string
	for _, lang := range Languages() {
		if t := plain(strings.Join(placesIn(a, lang), "")); t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// plain is a place without what people type differently: case, the width of characters, spaces, and what separates several.
func plain(place string) string {
	folded := strings.ToLower(strings.ToUpper(norm.NFKC.String(place)))
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune(";,、", r) || unicode.In(r, unicode.Cc, unicode.Bidi_Control) {
			return -1
		}
		return r
	}, folded)
}

// placeKey is the key of the challenges. It is made of the desk's own, so that every process of the role api has the same.
func (d *Desk) placeKey() ([]byte, error) {
	if len(d.Seal.Private) == 0 {
		return nil, alerting.Refuse(alerting.ErrState, "desk.no-key", "the desk has no key of its own (approval.desk_key_file)")
	}
	return hkdf.Key(sha256.New, d.Seal.Private.Seed(), nil, "tocsin/1 places", sha256.Size)
}

// sumOf is a MAC over parts, each with its length, so that none can be moved into the next.
func sumOf(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(binary.AppendUvarint(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// challengeSum is the length of each truncated MAC in a challenge: 128 bits (RFC 2104 §5 allows no less than half).
const challengeSum = 16

// challengeSums are a MAC of the question with a place, and one of the question with the former: whoever has no key learns from neither
// which place is right.
func (d *Desk) challengeSums(q question, operator string, expires int64) (answered func(place string) []byte, asked func(answered []byte) []byte, err error) {
	key, err := d.placeKey()
	if err != nil {
		return nil, nil, err
	}
	sum := func(of, over string) []byte {
		return sumOf(key, of, q.of, strconv.FormatInt(q.version, 10), operator, strconv.FormatInt(expires, 10), over)[:challengeSum]
	}
	return func(place string) []byte { return sum("answer", plain(place)) }, func(answered []byte) []byte { return sum("challenge", string(answered)) }, nil
}

// challenge writes one: when it ends and both MACs, in unpadded URL-safe base64. Right is the place as it is picked; empty where it is typed.
func (d *Desk) challenge(q question, operator string, expires time.Time, right string) (string, error) {
	answered, asked, err := d.challengeSums(q, operator, expires.Unix())
	if err != nil {
		return "", err
	}
	answer := answered(right)
	b := binary.BigEndian.AppendUint64(nil, uint64(expires.Unix())) //nolint:gosec // the bits are meant
	return base64.RawURLEncoding.EncodeToString(slices.Concat(b, answer, asked(answer))), nil
}

// checkChallenge says why a challenge is none of this question for this operator; why is nil when it is one. Right reports whether the place is
// the one that the challenge was made with.
func (d *Desk) checkChallenge(text string, q question, operator, place string) (right bool, why, err error) {
	b, bad := base64.RawURLEncoding.Strict().DecodeString(text)
	if bad != nil || len(b) != 8+2*challengeSum {
		return false, alerting.Refuse(nil, "place.foreign", "it is none of this office"), nil
	}
	expires := int64(binary.BigEndian.Uint64(b)) //nolint:gosec // the bits are meant
	answer, sum := b[8:8+challengeSum], b[8+challengeSum:]
	answered, asked, err := d.challengeSums(q, operator, expires)
	switch {
	case err != nil:
		return false, nil, err
	case !hmac.Equal(asked(answer), sum):
		return false, alerting.Refuse(nil, "place.other", "it is of another draft or version, or was given to another operator"), nil
	case d.Now().Unix() >= expires:
		return false, alerting.Refuse(nil, "place.late", "it could be answered for %s, and ended at %s", challengeFor, moment(expires*1000).Format(time.RFC3339)), nil
	}
	return plain(place) != "" && hmac.Equal(answered(place), answer), nil, nil
}
