package template

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// remember keeps a value in a form that fills the slot again with the same, whenever that is: times and names are settled. The
// area is not kept, for the document has it.
func (c *filling) remember(s *Slot, raw any, v settled) {
	switch s.Type {
	case TypeText, TypePlace:
		c.remembered[s.Name] = c.sameForAll(v.words)
	case TypeTime:
		c.remembered[s.Name] = v.at.Format(time.RFC3339)
	case TypeNumber:
		c.remembered[s.Name], _ = numberOf(raw) // it was read before
	case TypeChoice:
		c.remembered[s.Name] = raw
	case TypeArea:
	}
}

// sameForAll is one text where it does for all languages, else one each.
func (c *filling) sameForAll(words map[string]string) any {
	each, first, same := map[string]any{}, words[c.t.Texts[0].Language], true
	for name, text := range words {
		each[name] = text
		same = same && text == first
	}
	if same && !strings.HasPrefix(first, unitPrefix) {
		return first
	}
	return each
}

// origin is what to remember: the values, and the words for the end in every language.
func (c *filling) origin() *alerting.Origin {
	return &alerting.Origin{Template: c.t.ID, Version: c.t.Version, Digest: c.t.Digest, Values: c.remembered, Ends: c.t.Expires,
		AllClear: c.later(c.t.AllClear), Cancel: c.later(c.t.Cancel)}
}

func (c *filling) later(all []Later) []alerting.Words {
	var out []alerting.Words
	for _, l := range all {
		out = append(out, alerting.Words{Language: l.Language, Headline: c.say(l.Headline, l.Language),
			Description: c.say(l.Description, l.Language), Instruction: c.say(l.Instruction, l.Language)})
	}
	return out
}

// MaxClaim bounds a claim, in bytes as it is sent: a header has no room for more.
const MaxClaim = 32 << 10

// Claim says of a document from which template and values it came. Nobody has to believe it: see Recall.
type Claim struct {
	Template string         `json:"template"`
	Values   map[string]any `json:"values"`
}

// Claim is that of a filled template, as a header carries it: JSON in base64url. Values that no header has room for give ErrInvalid.
func (f *Filled) Claim() (string, error) {
	text, err := json.Marshal(Claim{f.Origin.Template, f.Origin.Values})
	if err != nil {
		return "", fmt.Errorf("%w: the values: %w", alerting.ErrInvalid, err)
	}
	claim := base64.RawURLEncoding.EncodeToString(text)
	if len(claim) > MaxClaim {
		return "", alerting.Refuse(alerting.ErrInvalid, "template.values-long", "the values are too long to be remembered: at most %d bytes", MaxClaim*3/4)
	}
	return claim, nil
}

// ParseClaim reads a claim as a header carries it. What is none is ErrInvalid.
func ParseClaim(text string) (Claim, error) {
	var c Claim
	if len(text) > MaxClaim {
		return c, fmt.Errorf("%w: it has %d bytes, more than %d", alerting.ErrInvalid, len(text), MaxClaim)
	}
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(plain))
		d.DisallowUnknownFields()
		d.UseNumber()
		if err = d.Decode(&c); err == nil && (c.Template == "" || d.More()) {
			err = errors.New("it names no template, or something follows it")
		}
	}
	if err != nil {
		return Claim{}, fmt.Errorf("%w: want what filling a template has answered: %w", alerting.ErrInvalid, err)
	}
	return c, nil
}

// Recall believes a claim only if the template, filled as it says when the document was sent, gives the very same infos: what is
// remembered is then of the template's words and of what stands in the document, whoever sent the claim. The zone is that of the
// office. A claim that is not true is ErrInvalid.
func (t *Template) Recall(a *cap.Alert, c Claim, zone *time.Location) (*alerting.Origin, error) {
	if len(a.Infos) == 0 || len(a.Infos[0].Areas) == 0 {
		return nil, alerting.Refuse(alerting.ErrInvalid, "template.no-area", "the document has no info with an area")
	}
	var last error
	// Times are worded in the zone in which they were filled; that is the document's, where it is not the office's.
	for _, now := range []time.Time{a.Sent.In(zone), a.Sent} {
		filled, err := t.Fill(t.Again(a, c.Values, Request{Now: now, Status: a.Status, Random: strings.NewReader(strings.Repeat("0", 64)),
			Office: Office{Sender: a.Sender}}))
		if err == nil && sameInfos(a, filled.Alert) {
			return filled.Origin, nil
		}
		last = err
	}
	if last != nil {
		return nil, last
	}
	return nil, alerting.Refuse(alerting.ErrInvalid, "template.differs", "the template %s, filled like that, gives other words or another area than the document has", t.ID)
}

// Again is a request with the values of an alert that came from the template. The area is the alert's, unless the values in the
// request name another; they go before the others too.
func (t *Template) Again(a *cap.Alert, values map[string]any, r Request) Request {
	all := maps.Clone(values)
	if all == nil {
		all = map[string]any{}
	}
	for _, slot := range t.Slots {
		if slot.Type == TypeArea && len(a.Infos) > 0 && len(a.Infos[0].Areas) > 0 {
			all[slot.Name] = a.Infos[0].Areas[0]
		}
	}
	maps.Copy(all, r.Values)
	r.Values = all
	return r
}

// sameInfos compares what two alerts say. Who says it is no matter of the template.
func sameInfos(have, want *cap.Alert) bool {
	if len(have.Infos) != len(want.Infos) {
		return false
	}
	other := *have
	other.Infos = nil
	for i := range want.Infos {
		info := want.Infos[i]
		info.SenderName = have.Infos[i].SenderName
		other.Infos = append(other.Infos, info)
	}
	one, err := cap.Write(have)
	if err != nil {
		return false
	}
	two, err := cap.Write(&other)
	return err == nil && bytes.Equal(one, two)
}
