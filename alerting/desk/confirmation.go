package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"tocsin/alerting"
	"tocsin/cap"
)

// Confirmation is what somebody confirms who signs a message: its kind, place, audience, channels and end, and what it does to others.
// It is the one text for pages and for the command line.
type Confirmation struct {
	Draft   string `json:"draft,omitempty"`
	Version int64  `json:"version,omitempty"`
	// SHA256 is that of the document that it was made from, in hexadecimal: whoever signs compares it.
	SHA256   string `json:"sha256"`
	Language string `json:"lang"`
	Kind     Kind   `json:"kind"`
	// Title is the headline; the others are whole lines in the language.
	Title    string   `json:"title"`
	Headline string   `json:"headline"`
	Place    string   `json:"place"`
	Audience string   `json:"audience"`
	Channels string   `json:"channels"`
	Until    string   `json:"until"`
	Effects  []string `json:"effects,omitempty"`
	Author   string   `json:"author"`
	// Text is all of these lines, each ended by a line feed.
	Text string `json:"text"`
	// Challenge is there when a rule wants whoever approves to pick the place.
	Challenge *Challenge `json:"challenge,omitempty"`
}

// Confirmation makes the text that is confirmed with a draft in its present version, in English or Chinese. Operator is who will
// sign; with it comes what he is asked where a rule wants the place picked. ErrInvalid when the draft breaks a rule.
func (d *Desk) Confirmation(ctx context.Context, id, lang, operator string) (Confirmation, error) {
	fail := func(err error) (Confirmation, error) {
		return Confirmation{}, fmt.Errorf("what is confirmed with draft %s: %w", id, err)
	}
	row, err := findDraft(ctx, d.DB.Read(), id)
	if err != nil {
		return fail(err)
	}
	v, err := findVersion(ctx, d.DB.Read(), id, row.Version)
	if err != nil {
		return fail(err)
	}
	o, err := v.order()
	if err != nil {
		return fail(err)
	}
	in, err := d.check(v.Document, o, d.limits())
	if err != nil {
		return fail(err)
	}
	v.onto(&in.Envelope, nil)
	counted := row.State != string(Drafted) && row.State != string(Returned)
	out, err := d.confirm(ctx, in, lang, counted)
	if err != nil {
		return fail(err)
	}
	out.Draft, out.Version = id, row.Version
	if err := d.ask(ctx, &out, in, questionOfDraft(id, row.Version), operator); err != nil {
		return fail(err)
	}
	return out, nil
}

// confirm makes the text of a message; counted says whether it is known whom it reaches.
func (d *Desk) confirm(ctx context.Context, in *alerting.Issued, lang string, counted bool) (Confirmation, error) {
	lang, err := language(lang)
	if err != nil {
		return Confirmation{}, err
	}
	say, e := phrasesOf(lang), &in.Envelope
	sum := sha256.Sum256(e.Document)
	out := Confirmation{SHA256: hex.EncodeToString(sum[:]), Language: lang, Kind: kindOf(e.World, e.Window), Title: titleIn(in.Alert, lang)}
	k := &out.Kind
	out.Headline = fmt.Sprintf(say.headline, k.Symbol, k.Names[lang], k.Reaches[lang], out.Title)
	out.Place = say.noPlace
	if places := placesIn(in.Alert, lang); len(places) > 0 {
		out.Place = fmt.Sprintf(say.place, strings.Join(places, say.between))
	}
	if d.picksPlace(in) {
		units, err := d.unsaid(ctx, in.Alert, lang)
		if err != nil {
			return out, err
		}
		if len(units) > 0 {
			out.Place += fmt.Sprintf(say.within, strings.Join(units, say.between))
		}
	}
	out.Audience = say.notCounted
	if counted {
		out.Audience = say.audience(e.Counted)
	}
	if n := len(e.Audience.People); n > 0 {
		out.Audience += fmt.Sprintf(say.named, n)
	}
	if g := e.Audience.Groups; len(g) > 0 {
		out.Audience += fmt.Sprintf(say.groups, strings.Join(g, say.list))
	}
	out.Channels = fmt.Sprintf(say.channels, say.allChannels)
	if len(e.Channels) > 0 {
		out.Channels = fmt.Sprintf(say.channels, say.channelNames(e.Channels))
	}
	out.Until = fmt.Sprintf(say.until, momentIn(in.Expires, in.Alert))
	if w := e.Window; w != nil {
		out.Until += fmt.Sprintf(say.window, w.ID, momentIn(w.From, in.Alert), momentIn(w.Until, in.Alert), say.channelNames(w.Channels))
	}
	if out.Effects, err = d.effects(ctx, in, lang); err != nil {
		return out, err
	}
	out.Author = fmt.Sprintf(say.author, e.Author)
	lines := slices.Concat([]string{out.Headline, out.Place, out.Audience, out.Channels, out.Until}, out.Effects, []string{out.Author})
	out.Text = strings.Join(lines, "\n") + "\n"
	return out, nil
}

// effects says what a message does to the alerts that it refers to.
func (d *Desk) effects(ctx context.Context, in *alerting.Issued, lang string) ([]string, error) {
	say := phrasesOf(lang)
	var sentence string
	switch {
	case in.Alert.MsgType == cap.MsgCancel:
		sentence = say.cancels
	case isAllClear(in.Alert):
		sentence = say.clears
	case in.Alert.MsgType == cap.MsgUpdate:
		sentence = say.updates
	default:
		return nil, nil
	}
	var out []string
	for _, id := range in.References {
		title, err := d.titleOfIssued(ctx, id, lang)
		if errors.Is(err, alerting.ErrNotFound) {
			title, err = say.unknown, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, fmt.Sprintf(sentence, id, title))
	}
	return out, nil
}

// titleOfIssued is the headline of an alert that this desk issued; ErrNotFound when it issued none of that id.
func (d *Desk) titleOfIssued(ctx context.Context, id alerting.AlertID, lang string) (string, error) {
	row, err := find(ctx, d.DB.Read(), id)
	if err != nil {
		return "", err
	}
	old, err := row.open()
	if err != nil {
		return "", err
	}
	return titleIn(old.Alert, lang), nil
}

// infosIn are the infos of a language; all, when none is in it.
func infosIn(a *cap.Alert, lang string) []cap.Info {
	var out []cap.Info
	for _, i := range a.Infos {
		if base, err := language(i.Language); err == nil && base == lang {
			out = append(out, i)
		}
	}
	if out == nil {
		return a.Infos
	}
	return out
}

// titleIn is the headline in a language, in one line.
func titleIn(a *cap.Alert, lang string) string {
	shown := *a
	shown.Infos = infosIn(a, lang)
	return oneLine(titleOf(&shown))
}

// placesIn are the descriptions of an alert's areas in a language, each once.
func placesIn(a *cap.Alert, lang string) []string {
	var out []string
	for _, i := range infosIn(a, lang) {
		for _, area := range i.Areas {
			if text := oneLine(area.Description); text != "" && !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out
}

// oneLine keeps what somebody wrote from looking like a line of the office's own: it has no control characters, and none that turn
// the direction of what follows.
func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return ' '
		}
		return r
	}, text)), " ")
}

// momentIn is a time as the alert's author writes it: in the zone of its sent.
func momentIn(at time.Time, a *cap.Alert) string {
	return at.In(a.Sent.Location()).Format("2006-01-02 15:04 -07:00")
}
