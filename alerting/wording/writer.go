package wording

import (
	"fmt"
	"html/template"
	"strings"

	"golang.org/x/text/language"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/event"
)

// Limits of the number of parts of one SMS.
const (
	// DefaultSMSParts is the limit when Options states none.
	DefaultSMSParts = 3
	// MaxSMSParts is what networks carry reliably; not even an instruction goes beyond it.
	MaxSMSParts = 10
)

// Options of a Writer; the zero value is good.
type Options struct {
	// SMSParts limits the parts of one SMS; 0 means DefaultSMSParts, and more than MaxSMSParts means that.
	SMSParts int
	// PublicURL is the folder of the alerts' public pages, for example https://warn.example/alerts: a slash and the
	// alert id in hexadecimal digits are added. When it is empty, or no address of http or https, messages link to the
	// info's own web page, if any.
	PublicURL string
	// Sender names the office where an info has no senderName.
	Sender string
}

// Writer words alerts. It never changes after New and may be used by many goroutines at once.
type Writer struct {
	smsParts  int
	publicURL string
	sender    string
	lexicon   *lexicon
	sirens    *sirenTable
	events    *event.Tables
	mail      *template.Template
}

// New makes a Writer. It panics only when the data embedded in the program is broken, which the tests rule out.
func New(o Options) *Writer {
	lex, err := readLexicon()
	if err != nil {
		panic("wording: " + err.Error())
	}
	sirens, err := readSirens()
	if err != nil {
		panic("wording: " + err.Error())
	}
	events, err := event.Read()
	if err != nil {
		panic("wording: " + err.Error())
	}
	if o.SMSParts <= 0 {
		o.SMSParts = DefaultSMSParts
	}
	return &Writer{
		smsParts: min(o.SMSParts, MaxSMSParts), publicURL: strings.TrimRight(cleanLink(o.PublicURL), "/"),
		sender: o.Sender, lexicon: lex, sirens: sirens, events: events, mail: mailTemplate(),
	}
}

// Render words one info of an alert for one channel. The text is in the info's language; fixed words that are not known
// in it are English.
//
// SMS: the first part names hazard, place and the first sentence of the instruction, and shortens the place if need be;
// then come end and sender, the rest of the instruction, the description, the link. When the limit of parts is reached,
// the description is cut. When even without it the instruction does not fit, the limit is raised to hold the whole
// instruction, up to MaxSMSParts; only an instruction longer than that is cut, at a sentence's end, with an ellipsis and
// the link. Advice tells the author of all this beforehand.
//
// Push: a PushPayload. Mail: subject, plain text and HTML with all that the info says. Siren: a SirenProgramme.
//
// info indexes issued.Alert.Infos; it is ignored for a Cancel that has none, which is then worded in English without
// event and place: use RenderCancel where the original is known. A draft's envelope may leave its world empty. An index out of range, a world that contradicts the
// document's status, and a message that is not for the public (Ack, Error, Draft, System) are alerting.ErrInvalid.
func (w *Writer) Render(issued *alerting.Issued, info int, ch alerting.Channel) (alerting.Message, error) {
	d, err := w.prepare(issued, info)
	if err != nil {
		return alerting.Message{}, fmt.Errorf("word an alert for %s: %w", ch, err)
	}
	return w.message(d, ch)
}

// RenderCancel words a Cancel for those who were told of info number info of the original: which warning ended, by its
// own event and place and in its own language, whether or not the Cancel has an info in that language. What the Cancel
// itself says follows, unless it only repeats the original.
func (w *Writer) RenderCancel(cancel, original *alerting.Issued, info int, ch alerting.Channel) (alerting.Message, error) {
	d, err := w.prepareCancel(cancel, original, info)
	if err != nil {
		return alerting.Message{}, fmt.Errorf("word a cancel for %s: %w", ch, err)
	}
	return w.message(d, ch)
}

func (w *Writer) message(d *draft, ch alerting.Channel) (alerting.Message, error) {
	m := alerting.Message{Language: d.lang, Tag: d.tag, Urgency: d.urgencyOf(), Cost: 1}
	var err error
	switch ch {
	case alerting.SMS:
		m.Body = w.sms(d).text
		m.Cost, _ = Segments(m.Body)
	case alerting.Push:
		m.Subject = d.title(maxTitle)
		m.Body, err = w.push(d, m.Subject)
	case alerting.Mail:
		m.Subject = d.subject()
		m.Body = d.mailText()
		m.HTML, err = w.mailHTML(d, m.Subject)
	case alerting.Siren:
		m.Body, err = w.siren(d)
	default:
		err = fmt.Errorf("%w: no such channel %q", alerting.ErrInvalid, string(ch))
	}
	if err != nil {
		return alerting.Message{}, err
	}
	return m, nil
}

// check refuses what must not reach the public.
func check(issued *alerting.Issued) error {
	if issued == nil || issued.Alert == nil {
		return fmt.Errorf("%w: no alert", alerting.ErrInvalid)
	}
	world, err := alerting.WorldOf(issued.Alert.Status)
	if err != nil {
		return err
	}
	if issued.Envelope.World != world && issued.Envelope.World != "" {
		return fmt.Errorf("%w: envelope of world %q around a document of status %q", alerting.ErrInvalid,
			string(issued.Envelope.World), string(issued.Alert.Status))
	}
	switch issued.Alert.MsgType {
	case cap.MsgAlert, cap.MsgUpdate, cap.MsgCancel:
		return nil
	}
	return fmt.Errorf("%w: message type %q is not for the public", alerting.ErrInvalid, string(issued.Alert.MsgType))
}

func (w *Writer) prepare(issued *alerting.Issued, info int) (*draft, error) {
	if err := check(issued); err != nil {
		return nil, err
	}
	infos := issued.Alert.Infos
	if len(infos) == 0 && issued.Alert.MsgType == cap.MsgCancel {
		return w.draftOf(issued, nil), nil
	}
	if info < 0 || info >= len(infos) {
		return nil, fmt.Errorf("%w: info %d of %d", alerting.ErrInvalid, info, len(infos))
	}
	return w.draftOf(issued, &infos[info]), nil
}

func (w *Writer) prepareCancel(cancel, original *alerting.Issued, info int) (*draft, error) {
	if err := check(cancel); err != nil {
		return nil, err
	}
	if cancel.Alert.MsgType != cap.MsgCancel {
		return nil, fmt.Errorf("%w: message type %q, want Cancel", alerting.ErrInvalid, string(cancel.Alert.MsgType))
	}
	if err := check(original); err != nil {
		return nil, fmt.Errorf("original: %w", err)
	}
	if from, to := worldOf(cancel), worldOf(original); from != to {
		return nil, fmt.Errorf("%w: a cancel of world %q for an alert of world %q", alerting.ErrInvalid, from, to)
	}
	if info < 0 || info >= len(original.Alert.Infos) {
		return nil, fmt.Errorf("%w: info %d of %d", alerting.ErrInvalid, info, len(original.Alert.Infos))
	}
	told := &original.Alert.Infos[info]
	said := sameLanguage(cancel.Alert.Infos, told.Language)
	merged := *told
	merged.Instruction, merged.Description, merged.Headline = "", "", ""
	if said != nil {
		merged.Instruction = unlessEqual(said.Instruction, told.Instruction)
		merged.Description = unlessEqual(said.Description, told.Description)
		merged.Headline = unlessEqual(said.Headline, told.Headline)
		merged.SenderName = firstOf(said.SenderName, told.SenderName)
		merged.Contact = firstOf(said.Contact, told.Contact)
		merged.Web = firstOf(said.Web, told.Web)
	}
	if strings.TrimSpace(merged.Event) == "" {
		merged.Event = told.Headline
	}
	d := w.draftOf(cancel, &merged)
	d.tag = rootOf(original).String()
	return d, nil
}

// sameLanguage is the info in a language, or in another form of it; nil when there is none.
func sameLanguage(infos []cap.Info, lang string) *cap.Info {
	want, tag := languageOf(lang)
	base, _ := tag.Base()
	script, _ := tag.Script()
	var near *cap.Info
	for i := range infos {
		have, other := languageOf(infos[i].Language)
		if strings.EqualFold(want, have) {
			return &infos[i]
		}
		b, _ := other.Base()
		s, _ := other.Script()
		if near == nil && other != language.Und && b == base && s == script {
			near = &infos[i]
		}
	}
	return near
}

func unlessEqual(s, old string) string {
	if strings.TrimSpace(s) == strings.TrimSpace(old) {
		return ""
	}
	return s
}

func firstOf(s, other string) string {
	if strings.TrimSpace(s) != "" {
		return s
	}
	return other
}
