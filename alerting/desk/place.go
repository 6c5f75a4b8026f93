package desk

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
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
// has not read it. The author wrote the place, and is not asked.

// question is what a place is picked for, and a challenge is bound to: a version of a draft, or an alert that went out first.
type question struct {
	of      string
	version int64
	// subject names it in the journal; ask says where the question is asked for.
	subject, ask string
}

func questionOfDraft(id string, version int64) question {
	return question{of: id, version: version, subject: subjectOfDraft(id), ask: "GET /api/drafts/" + id + "/confirmation?operator=NAME and send place and " +
		"challenge with the signature (tocsin approve asks)"}
}

// questionOfAlert has a name that no draft has.
func questionOfAlert(id alerting.AlertID) question {
	subject := subjectOf(id.String())
	return question{of: subject, subject: subject, ask: "GET /api/alerts/" + id.String() + "/countersign?operator=NAME and send place and " +
		"challenge with the signature (tocsin countersign asks)"}
}

// Challenge asks an operator for the place of a draft, or of an alert that went out first.
type Challenge struct {
	Question string `json:"question"`
	// Places are three of which one is right, in random order; none when the office knows too few others, and it must be typed.
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
	own := placesIn(in.Alert, c.Language)
	others, err := d.otherPlaces(ctx, in.Alert, own, q.of+"\x00"+operator, say.between)
	if err != nil {
		return err
	}
	expires := d.Now().Add(challengeFor).Truncate(time.Second)
	token, err := d.challenge(q, operator, expires)
	if err != nil {
		return err
	}
	c.Challenge = &Challenge{Question: say.typed, Typed: true, Challenge: token, Expires: expires.UTC()}
	if len(others) == 2 {
		c.Challenge.Question, c.Challenge.Typed = say.pick, false
		key, err := d.placeKey()
		if err != nil {
			return err
		}
		c.Challenge.Places = ranked(key, rand.Text(), append(others, strings.Join(own, say.between)))
	}
	return nil
}

// otherPlaces are two that an alert is not for, each of as many names as its own; nil where the office knows too few. The seed gives
// the same two again: whoever asks twice does not learn which one stays.
func (d *Desk) otherPlaces(ctx context.Context, a *cap.Alert, own []string, seed, between string) ([]string, error) {
	if d.Neighbours == nil {
		return nil, nil
	}
	near, far, err := d.Neighbours(ctx, codesOf(a))
	if err != nil {
		return nil, err
	}
	key, err := d.placeKey()
	if err != nil {
		return nil, err
	}
	taken := make(map[string]bool)
	for _, i := range a.Infos {
		for _, area := range i.Areas {
			taken[plain(area.Description)] = true
		}
	}
	var pool []string
	for _, name := range slices.Concat(ranked(key, seed, near), ranked(key, seed, far)) {
		if name = oneLine(name); plain(name) != "" && !taken[plain(name)] {
			taken[plain(name)] = true
			pool = append(pool, name)
		}
	}
	each := min(len(own), len(pool)/2)
	if each == 0 {
		return nil, nil
	}
	return []string{strings.Join(pool[:each], between), strings.Join(pool[each:2*each], between)}, nil
}

// codesOf are the geocodes of an alert's areas as units have them: NAME=VALUE.
func codesOf(a *cap.Alert) []string {
	var out []string
	for _, i := range a.Infos {
		for _, area := range i.Areas {
			for _, g := range area.Geocodes {
				if code := g.Name + "=" + g.Value; !slices.Contains(out, code) {
					out = append(out, code)
				}
			}
		}
	}
	return out
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
		return nil, fmt.Errorf("%w: the desk has no key of its own (approval.desk_key_file)", alerting.ErrState)
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

// challengeSum is the length of the truncated MAC in a challenge: 128 bits (RFC 2104 §5 allows no less than half).
const challengeSum = 16

func (d *Desk) challengeSum(q question, operator string, expires int64) ([]byte, error) {
	key, err := d.placeKey()
	if err != nil {
		return nil, err
	}
	return sumOf(key, "challenge", q.of, strconv.FormatInt(q.version, 10), operator, strconv.FormatInt(expires, 10))[:challengeSum], nil
}

// challenge writes one: when it ends and a MAC, in unpadded URL-safe base64.
func (d *Desk) challenge(q question, operator string, expires time.Time) (string, error) {
	sum, err := d.challengeSum(q, operator, expires.Unix())
	if err != nil {
		return "", err
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(expires.Unix())) //nolint:gosec // the bits are meant
	return base64.RawURLEncoding.EncodeToString(append(b, sum...)), nil
}

// checkChallenge says why a challenge is none of this question for this operator; "" when it is one.
func (d *Desk) checkChallenge(text string, q question, operator string) (why string, err error) {
	b, bad := base64.RawURLEncoding.Strict().DecodeString(text)
	if bad != nil || len(b) != 8+challengeSum {
		return "it is none of this office", nil
	}
	expires := int64(binary.BigEndian.Uint64(b)) //nolint:gosec // the bits are meant
	sum, err := d.challengeSum(q, operator, expires)
	switch {
	case err != nil:
		return "", err
	case !hmac.Equal(sum, b[8:]):
		return "it is of another draft or version, or was given to another operator", nil
	case d.Now().Unix() >= expires:
		return fmt.Sprintf("it could be answered for %s, and ended at %s", challengeFor, moment(expires*1000).Format(time.RFC3339)), nil
	}
	return "", nil
}
