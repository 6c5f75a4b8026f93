package template

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// Office is who warns.
type Office struct {
	// Sender is the CAP sender, and Name what people call the office.
	Sender string
	Name   string
	// Identifier is the office's pattern of identifiers (see CheckIdentifier); empty means DefaultIdentifier.
	Identifier string
}

// Request fills a template. Values, Now, Office and Random are needed.
type Request struct {
	// Values are what stands in the slots, by their names, as JSON or a command line gives them: text, numbers, and for a
	// text or place also an object with a text for each language. See Slot.Wants.
	Values map[string]any
	// Status is Actual where the template allows it and none is named, else the first that it allows.
	Status cap.Status
	// Update says what the template has prepared for an update, where it has; it is still an alert, which the desk makes an update.
	Update bool
	// Note is the CAP note; empty means that of the template.
	Note string
	// Now is when the alert is sent; its zone is that of times of day, in values and in texts.
	Now    time.Time
	Office Office
	// Random gives the bytes that tell identifiers apart.
	Random io.Reader
	// Units names administrative units by their codes (NAME=VALUE). An unknown one is ErrNotFound. May be nil.
	Units func(code string) (name string, err error)
	// Options bound the document, and name the profile that it must keep.
	Options cap.Options
}

// Order is how a filled template is to go out.
type Order struct {
	// Channels are the only ones; empty means all. Groups are the only siren groups; empty means all that the area holds.
	Channels []alerting.Channel `json:"channels"`
	Groups   []string           `json:"groups"`
}

// Filled is a template whose slots are filled.
type Filled struct {
	Alert *cap.Alert
	// Document is the alert as CAP.
	Document []byte
	Order    Order
	// Findings are warnings and advice about the document; none is an error.
	Findings cap.Findings
	// Origin is what to remember of it.
	Origin *alerting.Origin
}

// Fill makes an alert. Every error is ErrInvalid, unless Random or Units fail: it lists each slot that is wrong, with what
// came and what is wanted, or the rules of CAP and of the profile that the document would break.
func (t *Template) Fill(r Request) (*Filled, error) {
	filled, err := t.fill(r)
	if err != nil {
		return nil, fmt.Errorf("fill the template %s: %w", t.ID, err)
	}
	return filled, nil
}

func (t *Template) fill(r Request) (*Filled, error) {
	r.Now = r.Now.Truncate(time.Second)
	status, err := t.status(r.Status)
	if err != nil {
		return nil, err
	}
	c := &filling{t: t, now: r.Now, units: r.Units}
	if err := c.all(r.Values); err != nil {
		return nil, err
	}
	if r.Office.Sender == "" {
		return nil, alerting.Refuse(alerting.ErrInvalid, "template.no-sender", "the office has no sender: name it (office.sender in the configuration, or --sender)")
	}
	identifier, err := identifierOf(r.Office.Identifier, t.ID, r.Now, r.Random)
	if err != nil {
		return nil, err
	}
	a := &cap.Alert{Version: "1.2", Identifier: identifier, Sender: r.Office.Sender, Sent: r.Now, Status: status, MsgType: cap.MsgAlert,
		Source: fmt.Sprintf("template %s, version %d", t.ID, t.Version), Scope: cap.ScopePublic, Note: r.Note}
	if fault := wordsFault(r.Note, true); fault != "" {
		return nil, alerting.Refuse(alerting.ErrInvalid, "template.note", "the note: %s", alerting.Said(fault))
	}
	if a.Note == "" && status != cap.StatusActual {
		a.Note = t.Note
	}
	if a.Note == "" && status == cap.StatusExercise {
		a.Note = fmt.Sprintf("Exercise with the template %s.", t.ID)
	}
	for i := range t.Texts {
		x := t.Texts[i]
		if r.Update && i < len(t.Update) {
			x.Headline, x.Description, x.Instruction = t.Update[i].Headline, t.Update[i].Description, t.Update[i].Instruction
		}
		a.Infos = append(a.Infos, c.info(&x, r.Office))
	}
	document, err := cap.Write(a)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", alerting.ErrInvalid, err)
	}
	alert, findings := cap.ParseAll(document, r.Options)
	if err := findings.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", alerting.ErrInvalid, err)
	}
	return &Filled{Alert: alert, Document: document, Findings: findings, Origin: c.origin(),
		Order: Order{Channels: append([]alerting.Channel{}, t.Channels...), Groups: append([]string{}, t.Siren.Groups...)}}, nil
}

// Trial fills the template with its examples, its defaults, and inventions where there are neither, to show what it gives.
func (t *Template) Trial(r Request) (*Filled, error) {
	r.Values = map[string]any{}
	for i := range t.Slots {
		if name := t.Slots[i].Name; name != t.Expires || t.Slots[i].Example != nil {
			r.Values[name] = t.Slots[i].sample()
		}
	}
	if r.Units == nil {
		r.Units = func(string) (string, error) { return "Riverside", nil }
	}
	return t.Fill(r)
}

func (t *Template) status(want cap.Status) (cap.Status, error) {
	switch {
	case want == "" && slices.Contains(t.Statuses, cap.StatusActual):
		return cap.StatusActual, nil
	case want == "":
		return t.Statuses[0], nil
	case !slices.Contains(t.Statuses, want):
		return "", alerting.Refuse(alerting.ErrInvalid, "template.status", "the status is %s: want one of %s, which this template allows", shown(string(want)), listed(t.Statuses))
	}
	return want, nil
}

// filling is a template while its slots are filled.
type filling struct {
	t     *Template
	now   time.Time
	units func(code string) (string, error)
	// trial: a default or an example is tried when the file is read.
	trial bool

	// words are what the slots say, by slot and language.
	words map[string]map[string]string
	// remembered are the values as they fill the slots again, whenever that is.
	remembered     map[string]any
	area           cap.Area
	onset, expires time.Time
}

// settled is what became of a value.
type settled struct {
	words map[string]string
	at    time.Time
	area  cap.Area
}

// resolve reads a value for a slot. The error does not name the slot.
func (c *filling) resolve(s *Slot, raw any) (v settled, err error) {
	switch s.Type {
	case TypeText, TypePlace:
		v.words, err = c.inWords(s, raw)
	case TypeTime:
		v.words, v.at, err = c.inMoment(s, raw)
	case TypeNumber:
		v.words, err = c.inNumber(s, raw)
	case TypeChoice:
		key, _ := raw.(string)
		option := s.Option(key)
		if option == nil {
			return v, alerting.Refuse(nil, "slot.got", "got %s: want %v", shown(raw), s.wants())
		}
		v.words = option.Words
	case TypeArea:
		v.area, err = s.inArea(raw)
	}
	return v, err
}

// all reads the values of all slots.
func (c *filling) all(values map[string]any) error {
	var errs []error
	bad := func(code, format string, args ...any) {
		errs = append(errs, alerting.Refuse(alerting.ErrInvalid, code, format, args...))
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if c.t.slot(name) == nil {
			bad("slot.unknown", "there is no slot %s: the slots are %s", shown(name), listed(c.t.names()))
		}
	}
	c.words, c.remembered = map[string]map[string]string{}, map[string]any{}
	for i := range c.t.Slots {
		slot := &c.t.Slots[i]
		raw := values[slot.Name]
		if raw == nil {
			raw = slot.Default
		}
		if raw == nil && slot.Name == c.t.Expires {
			raw = "+" + c.t.Validity.String()
		}
		if raw == nil {
			bad("slot.empty", "slot %s: got nothing: want %v", slot.Name, slot.wants())
			continue
		}
		v, err := c.resolve(slot, raw)
		if err == nil {
			err = c.keep(slot, v)
			c.remember(slot, raw, v)
		}
		switch {
		case errors.Is(err, alerting.ErrUnavailable):
			errs = append(errs, fmt.Errorf("slot %s: %w", slot.Name, err))
		case err != nil:
			bad("slot.wrong", "slot %s: %v", slot.Name, err)
		}
	}
	if len(errs) == 0 && !c.onset.IsZero() && !c.onset.Before(c.end()) {
		bad("slot.onset", "slot %s: it begins at %s, when the warning has ended: want a time before %s", c.t.Onset, c.onset.Format(time.RFC3339), c.end().Format(time.RFC3339))
	}
	return errors.Join(errs...)
}

// keep notes what a slot says. What ends the warning must lie ahead, within the validity.
func (c *filling) keep(s *Slot, v settled) error {
	switch {
	case s.Type == TypeArea:
		c.area = v.area
		return nil
	case s.Name == c.t.Expires:
		last := c.now.Add(time.Duration(c.t.Validity))
		if !v.at.After(c.now) || v.at.After(last) {
			return alerting.Refuse(nil, "slot.expires", "got %s: the warning ends then, so want a time after now, and no later than %s (a validity of %s)",
				v.at.Format(time.RFC3339), last.Format(time.RFC3339), c.t.Validity)
		}
		c.expires = v.at
	}
	if s.Name == c.t.Onset {
		c.onset = v.at
	}
	c.words[s.Name] = v.words
	return nil
}

// end is when the warning ends.
func (c *filling) end() time.Time {
	if c.expires.IsZero() {
		return c.now.Add(time.Duration(c.t.Validity))
	}
	return c.expires
}

// names are the names of the slots.
func (t *Template) names() []string {
	out := make([]string, len(t.Slots))
	for i := range t.Slots {
		out[i] = t.Slots[i].Name
	}
	return out
}

// say puts the words of a language into a text.
func (c *filling) say(p Pattern, language string) string {
	return p.fill(func(slot string) string { return c.words[slot][language] })
}

// info words the alert in one language.
func (c *filling) info(x *Text, office Office) cap.Info {
	say := func(p Pattern) string { return c.say(p, x.Language) }
	area := c.area
	area.Description = say(x.AreaDesc)
	i := cap.Info{Language: x.Language, Categories: slices.Clone(c.t.Categories), Event: x.Event, ResponseTypes: slices.Clone(c.t.ResponseTypes),
		Urgency: c.t.Urgency, Severity: c.t.Severity, Certainty: c.t.Certainty, EventCodes: slices.Clone(c.t.EventCodes),
		Onset: c.onset, Expires: c.end(), SenderName: x.SenderName, Headline: say(x.Headline), Description: say(x.Description),
		Instruction: say(x.Instruction), Web: x.Web, Contact: say(x.Contact), Areas: []cap.Area{area}}
	if i.SenderName == "" {
		i.SenderName = office.Name
	}
	return i
}
