package report

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/fanout"
	"tocsin/cap"
)

// DryRunner finds out what issuing would do, by the same audience, words and gateways, without writing anything.
type DryRunner struct {
	Audience fanout.Audience
	Sirens   fanout.SirenAudience
	Words    fanout.Words
	Gateways fanout.Gateways
	// Terms are what the configuration says of the gateways, by name; may be nil.
	Terms map[string]Terms
	// Registered counts everybody in the register; may be nil.
	Registered func(ctx context.Context) (int64, error)
	// Refs and SirenRefs are the office's references by id.
	Refs      func(ctx context.Context, ids []int64) (map[int64]string, error)
	SirenRefs func(ctx context.Context, ids []int64) (map[int64]string, error)
	// Advice says what an author should know about the words of an info; may be nil.
	Advice func(in *alerting.Issued, info int) []string
	// Remarks are the warnings and the advice on a document; may be nil.
	Remarks func(in *alerting.Issued) cap.Findings
	// Outside finds what lies outside the territory of the author's unit, for which issuing would be refused; may be nil.
	Outside func(ctx context.Context, in *alerting.Issued) (cap.Findings, error)
	// Issued gives an alert that was issued, and Pages whom it was told to: by them the people of an update are parted. May be nil.
	Issued func(ctx context.Context, id alerting.AlertID) (*alerting.Issued, error)
	Pages  func(ctx context.Context, id alerting.AlertID) iter.Seq2[fanout.Page, error]
	Now    func() time.Time
}

// DryRun is what issuing would do.
type DryRun struct {
	Alert   alerting.AlertID `json:"alert"`
	World   alerting.World   `json:"world"`
	Lane    alerting.Lane    `json:"lane"`
	Expires time.Time        `json:"expires"`
	People  int64            `json:"people"`
	Sirens  int64            `json:"sirens"`
	// Groups part the people of an update: still inside, newly inside, and told before and inside no longer. The last are not
	// in People, and not in the figures of the channels.
	Groups   *fanout.Groups `json:"groups,omitempty"`
	Channels []DryChannel   `json:"channels"`
	// FinishS is that of the channel that takes longest, and Money what all channels cost.
	FinishS *float64 `json:"finish_s"`
	Money   []Money  `json:"money,omitempty"`
	Samples []Sample `json:"samples"`
	Notes   []string `json:"notes,omitempty"`
	// Findings are the warnings and the advice on the document, and on whom its areas hold. Errors were refused before, but for those
	// of the territory: with them it is shown, and would be refused.
	Findings cap.Findings `json:"findings,omitempty"`
	// List names everybody, when asked for.
	List []Listed `json:"list,omitempty"`
	// Previews are the words of every info, when asked for.
	Previews []Preview `json:"previews,omitempty"`
}

// DryChannel is one channel's part.
type DryChannel struct {
	Channel    alerting.Channel `json:"channel"`
	Recipients int64            `json:"recipients"`
	// Cost is in permits: SMS parts, else one a delivery.
	Cost     int64    `json:"cost"`
	Gateways []string `json:"gateways"`
	// FinishS is how many seconds that takes at the configured rates when nothing else is under way; null without recipients,
	// and when none of the gateways has a limit (Unlimited).
	FinishS   *float64 `json:"finish_s"`
	Unlimited bool     `json:"unlimited,omitempty"`
	// Money is what that costs, by currency, where gateways name a price.
	Money []Money `json:"money,omitempty"`
}

// Sample is what those of one language would read on one channel.
type Sample struct {
	Channel    alerting.Channel `json:"channel"`
	Language   string           `json:"language"`
	Recipients int64            `json:"recipients"`
	// Parts is the SMS parts of one message, else 1.
	Parts   int      `json:"parts"`
	Subject string   `json:"subject,omitempty"`
	Body    string   `json:"body"`
	Advice  []string `json:"advice,omitempty"`
}

// Listed is one recipient.
type Listed struct {
	Who      string             `json:"who"`
	Kind     string             `json:"kind"`
	Language string             `json:"language,omitempty"`
	Channels []alerting.Channel `json:"channels"`
}

// dry is a dry run in progress.
type dry struct {
	*DryRunner
	in   *alerting.Issued
	list bool
	out  DryRun
	// counts are recipients by info and channel.
	counts map[sampleKey]int64
	// texts are rendered once; one that cannot be is nil, and nobody is told by it.
	texts map[sampleKey]*alerting.Message
	// told are who hears of what an update replaces; nil for all else. Of these still are inside, and fresh are inside and new.
	told         *crowd
	still, fresh int64
	// hung are the permits of sirens, by gateway.
	hung map[string]int64
}

type sampleKey struct {
	info    int
	channel alerting.Channel
}

func (d *DryRunner) begin(in *alerting.Issued, list bool) *dry {
	return &dry{DryRunner: d, in: in, list: list, counts: make(map[sampleKey]int64),
		texts: make(map[sampleKey]*alerting.Message), hung: make(map[string]int64),
		out: DryRun{Alert: in.ID, World: in.Envelope.World, Lane: in.Lane, Expires: in.Expires}}
}

// Count says how many people and sirens an alert would reach, and nothing else of what Run says.
func (d *DryRunner) Count(ctx context.Context, in *alerting.Issued) (alerting.Counted, error) {
	run := d.begin(in, false)
	err := run.people(ctx)
	if err == nil {
		err = run.sirens(ctx)
	}
	if err != nil {
		return alerting.Counted{}, fmt.Errorf("count the audience of alert %s: %w", in.ID, err)
	}
	return alerting.Counted{People: run.out.People, Sirens: run.out.Sirens}, nil
}

// Run goes through the whole audience of an alert. With list it names everybody.
func (d *DryRunner) Run(ctx context.Context, in *alerting.Issued, list bool) (DryRun, error) {
	run := d.begin(in, list)
	if d.Remarks != nil {
		run.out.Findings = d.Remarks(in)
	}
	if !d.Now().Before(in.Expires) {
		run.note(alerting.Say("trial.expired", "it expired at %s: issued as it is, it would be refused", in.Expires.Format("2006-01-02 15:04:05 -07:00")))
	}
	err := run.gatherTold(ctx)
	if err == nil {
		err = run.people(ctx)
	}
	if err == nil {
		err = run.sirens(ctx)
	}
	if err != nil {
		return DryRun{}, fmt.Errorf("dry run of alert %s: %w", in.ID, err)
	}
	run.out.Groups = run.groups()
	run.samples()
	run.reckon()
	if err := run.survey(ctx); err != nil {
		return DryRun{}, fmt.Errorf("dry run of alert %s: look at the areas: %w", in.ID, err)
	}
	if err := run.outside(ctx); err != nil {
		return DryRun{}, fmt.Errorf("dry run of alert %s: %w", in.ID, err)
	}
	if run.out.People+run.out.Sirens == 0 {
		run.note(alerting.Say("note.nobody", "nobody in the area can be told"))
	}
	switch {
	case run.out.Groups != nil && run.out.Groups.Gone > 0:
		run.note(alerting.Say("trial.gone", "who was told before and is inside no longer hears that it no longer applies to him; the figures of the channels are without them"))
	case run.out.Groups != nil:
	case len(in.References) > 0:
		run.note(alerting.Say("trial.told-before", "whoever was told of the referenced alerts is told too; they are not counted here"))
	}
	return run.out, nil
}

// outside adds what lies outside the author's territory.
func (r *dry) outside(ctx context.Context) error {
	if r.Outside == nil {
		return nil
	}
	found, err := r.Outside(ctx, r.in)
	if err != nil || len(found) == 0 {
		return err
	}
	document := r.in.Envelope.Document
	r.out.Findings = cap.Merge(document, cap.Options{MaxBytes: len(document) + 1}, r.out.Findings, found)
	r.note(alerting.Say("trial.outside", "something lies outside the territory of its author: issued as it is, it would be refused"))
	return nil
}

// note says something once.
func (r *dry) note(text string) {
	if !slices.Contains(r.out.Notes, text) {
		r.out.Notes = append(r.out.Notes, text)
	}
}

// words renders a text as fan-out will. One that cannot be rendered is noted, and the others are still shown.
func (r *dry) words(key sampleKey) *alerting.Message {
	if m, known := r.texts[key]; known {
		return m
	}
	m, err := r.Words(r.in, nil, key.info, key.channel)
	r.texts[key] = &m
	if err != nil {
		r.note(alerting.Say("note.no-words", "no words for channel %s: %v", key.channel, err))
		r.texts[key] = nil
	}
	return r.texts[key]
}

func (r *dry) people(ctx context.Context) error {
	scan, err := r.Audience.Begin(ctx, r.in, "", nil)
	if err != nil {
		return err
	}
	for {
		found, err := scan.Next(ctx, alerting.PageSize)
		if err != nil {
			return err
		}
		names, err := r.names(ctx, found, r.Refs)
		if err != nil {
			return err
		}
		for i := range found {
			channels := r.count(&found[i], alerting.PeopleChannels())
			if len(channels) == 0 {
				continue
			}
			r.out.People++
			r.part(found[i].ID)
			if r.list {
				r.out.List = append(r.out.List, Listed{names[found[i].ID], "person", r.language(found[i].Info), channels})
			}
		}
		if len(found) < alerting.PageSize {
			break
		}
	}
	if why, ok := scan.(fanout.Explainer); ok {
		if reason := why.Reason(); reason != "" {
			r.note(reason)
		}
		r.out.Notes = append(r.out.Notes, why.Notes()...)
	}
	return nil
}

func (r *dry) sirens(ctx context.Context) error {
	found, err := r.Sirens.Sirens(ctx, r.in)
	if err != nil {
		return err
	}
	names, err := r.names(ctx, found, r.SirenRefs)
	if err != nil {
		return err
	}
	for i := range found {
		if len(r.count(&found[i], []alerting.Channel{alerting.Siren})) == 0 {
			continue
		}
		r.out.Sirens++
		if r.list {
			r.out.List = append(r.out.List, Listed{names[found[i].ID], "siren", "", []alerting.Channel{alerting.Siren}})
		}
	}
	return nil
}

func (r *dry) names(ctx context.Context, found []alerting.Addressee, refs func(context.Context, []int64) (map[int64]string, error)) (map[int64]string, error) {
	if !r.list || len(found) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	return refs(ctx, ids)
}

// count notes the channels that would reach an addressee, by the rules of fan-out: those with an address, a gateway in
// this world (a siren has one of its own), the officer's leave, and words.
func (r *dry) count(a *alerting.Addressee, of []alerting.Channel) []alerting.Channel {
	var channels []alerting.Channel
	for i, ch := range alerting.Channels() {
		allowed := len(r.in.Envelope.Channels) == 0 || slices.Contains(r.in.Envelope.Channels, ch)
		gateways, key := r.through(ch), sampleKey{a.Info, ch}
		if !slices.Contains(of, ch) || len(a.Addresses[i]) == 0 || !allowed || len(gateways) == 0 {
			continue
		}
		if ch == alerting.Siren && !slices.Contains(gateways, a.Gateway) {
			r.note(alerting.Say("trial.siren-gateway", "siren gateway %s does not serve the world %s", a.Gateway, r.in.Envelope.World))
			continue
		}
		m := r.words(key)
		if m == nil {
			continue
		}
		if ch == alerting.Siren {
			r.hung[a.Gateway] += int64(max(m.Cost, 1))
		}
		channels = append(channels, ch)
		r.counts[key]++
	}
	return channels
}

// through names the gateways of a channel by the rules of fan-out. A test that keeps within its window is counted as the
// public test that it is to be, also before the window opens.
func (r *dry) through(ch alerting.Channel) []string {
	world := r.in.Envelope.World
	if world == alerting.Test && r.in.Envelope.Window != nil && approval.Fits(r.in, ch) == nil {
		world = alerting.Actual
	}
	return r.Gateways[world][ch]
}

func (r *dry) language(info int) string {
	if info < len(r.in.Alert.Infos) {
		return r.in.Alert.Infos[info].Language
	}
	return ""
}

// samples shows one text per info and channel that has recipients, and sums the channels up.
func (r *dry) samples() {
	for _, ch := range alerting.Channels() {
		line := DryChannel{Channel: ch, Gateways: r.through(ch)}
		for info := range r.in.Alert.Infos {
			n := r.counts[sampleKey{info, ch}]
			if n == 0 {
				continue
			}
			m := r.words(sampleKey{info, ch})
			cost := max(m.Cost, 1)
			line.Recipients += n
			line.Cost += n * int64(cost)
			s := Sample{Channel: ch, Language: m.Language, Recipients: n, Parts: cost, Subject: m.Subject, Body: m.Body}
			if r.Advice != nil && ch == alerting.SMS {
				s.Advice = r.Advice(r.in, info)
			}
			r.out.Samples = append(r.out.Samples, s)
		}
		if len(line.Gateways) == 0 {
			r.note(alerting.Say("trial.no-gateway", "channel %s has no gateway for the world %s", ch, r.out.World))
		}
		r.out.Channels = append(r.out.Channels, line)
	}
}
