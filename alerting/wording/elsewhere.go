package wording

import (
	"fmt"

	"tocsin/alerting"
	"tocsin/cap"
)

// RenderElsewhere words an Update for those who were told of info number info of the original and are outside the update's areas:
// that the warning no longer applies to where they are registered, who says so, and when. It is short: what the update says
// is for others. Event, place and language are those of the original. A siren has no such words.
func (w *Writer) RenderElsewhere(update, original *alerting.Issued, info int, ch alerting.Channel) (alerting.Message, error) {
	d, err := w.prepareElsewhere(update, original, info)
	if err == nil && ch == alerting.Siren {
		err = fmt.Errorf("%w: a siren outside is stopped", alerting.ErrInvalid)
	}
	if err != nil {
		return alerting.Message{}, fmt.Errorf("word for %s that an alert no longer applies: %w", ch, err)
	}
	return w.message(d, ch)
}

func (w *Writer) prepareElsewhere(update, original *alerting.Issued, info int) (*draft, error) {
	if err := check(update); err != nil {
		return nil, err
	}
	if update.Alert.MsgType != cap.MsgUpdate {
		return nil, fmt.Errorf("%w: message type %q, want Update", alerting.ErrInvalid, string(update.Alert.MsgType))
	}
	if err := check(original); err != nil {
		return nil, fmt.Errorf("original: %w", err)
	}
	if from, to := worldOf(update), worldOf(original); from != to {
		return nil, fmt.Errorf("%w: an update of world %q for an alert of world %q", alerting.ErrInvalid, from, to)
	}
	if info < 0 || info >= len(original.Alert.Infos) {
		return nil, fmt.Errorf("%w: info %d of %d", alerting.ErrInvalid, info, len(original.Alert.Infos))
	}
	told := &original.Alert.Infos[info]
	short := cap.Info{Language: told.Language, Categories: told.Categories, Event: firstOf(told.Event, told.Headline), EventCodes: told.EventCodes,
		Severity: told.Severity, Urgency: told.Urgency, Areas: told.Areas, SenderName: told.SenderName, Contact: told.Contact}
	if said := sameLanguage(update.Alert.Infos, told.Language); said != nil {
		short.SenderName, short.Contact = firstOf(said.SenderName, told.SenderName), firstOf(said.Contact, told.Contact)
	}
	d := w.draftOf(update, &short)
	d.elsewhere, d.action, d.rest, d.note = true, d.words.Elsewhere, "", ""
	if !endsSentence(d.action) {
		d.action += d.words.Stop
	}
	d.tag = rootOf(original).String()
	return d, nil
}
