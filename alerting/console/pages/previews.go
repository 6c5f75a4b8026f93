package pages

import (
	"errors"
	"maps"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"tocsin/alerting/desk"
	"tocsin/alerting/report"
	"tocsin/cap"
)

// previews are what a document would be on every channel, and whom it would reach; a page shows them by
// {{template "previews" (part $ .Data.Previews)}}. A document with errors has the public page and the XML alone, and what stops the rest.
type previews struct {
	// Run is what issuing would do; nil when the document has errors.
	Run *report.DryRun
	// Errors stop the rest; Problem is another refusal.
	Errors  cap.Findings
	Problem string
	// Odd is what is strange about the area, and Rest the other remarks.
	Odd, Rest cap.Findings
	Languages []languagePreview
	XML       string
}

// languagePreview is one info: what people who read that language are shown.
type languagePreview struct {
	// Tag is that of the info (RFC 3066), Name what it is called in the reader's language.
	Tag, Name string
	Public    publicPreview
	SMS       *smsPreview
	Push      *pushPreview
	Mail      *mailPreview
	Siren     *sirenPreview
	// Problems say why a channel has no words.
	Problems []string
}

// publicPreview is the public page of the alert in one language.
type publicPreview struct {
	Event, Headline, Description, Instruction, Sender, Web, Contact string
	Severity                                                        cap.Severity
	Areas                                                           []string
	Sent, Expires                                                   time.Time
}

// previewsOf asks the API what a draft would do, with its channels and its audience. Its document may be of any quality; what the API
// refuses stands in the previews.
func (q *request) previewsOf(d *desk.Draft) (*previews, error) {
	return q.previewsAs(d.Document, orderOf(d))
}

// orderOf is what a draft says besides its document, as the query of whatever takes the document.
func orderOf(d *desk.Draft) url.Values {
	order := url.Values{"person": d.Audience.People, "group": d.Audience.Groups}
	for _, ch := range d.Channels {
		order.Add("channel", string(ch))
	}
	if d.Window != nil {
		order.Set("window", d.Window.ID)
	}
	return order
}

func (q *request) previewsAs(document []byte, order url.Values) (*previews, error) {
	out := &previews{XML: string(document)}
	a, _ := cap.Read(document, cap.Options{MaxBytes: maxForm})
	if a != nil {
		out.Languages = q.languagesOf(a)
	}
	query := url.Values{"previews": {"true"}}
	maps.Copy(query, order)
	var run report.DryRun
	_, err := q.ask(call{method: http.MethodPost, path: q.api("alerts", "dry-run") + "?" + query.Encode(), text: document, media: capMedia}, &run)
	var problem *Problem
	switch {
	case errors.As(err, &problem) && len(problem.Findings) > 0:
		for _, f := range problem.Findings {
			if f.Level == cap.LevelError {
				out.Errors = append(out.Errors, f)
			}
		}
	case errors.As(err, &problem):
		out.Problem = problem.Error()
	case err != nil:
		return nil, err
	default:
		out.Run = &run
		out.take(&run)
	}
	return out, nil
}

const capMedia = "application/cap+xml"

// languagesOf are the infos as the public page shows them.
func (q *request) languagesOf(a *cap.Alert) []languagePreview {
	var out []languagePreview
	for i := range a.Infos {
		info := &a.Infos[i]
		one := languagePreview{Tag: tagOf(info), Name: q.LanguageName(tagOf(info)),
			Public: publicPreview{Event: info.Event, Headline: info.Headline, Description: info.Description, Instruction: info.Instruction, Sender: info.SenderName,
				Web: info.Web, Contact: info.Contact, Severity: info.Severity, Sent: a.Sent, Expires: info.Expires}}
		for _, area := range info.Areas {
			if area.Description != "" {
				one.Public.Areas = append(one.Public.Areas, area.Description)
			}
		}
		out = append(out, one)
	}
	return out
}

// tagOf is the language of an info; CAP 1.2 §3.2.2: without one it is en-US.
func tagOf(info *cap.Info) string {
	if info.Language == "" {
		return "en-US"
	}
	return info.Language
}

// LanguageName is what a language is called in that of the reader; a tag that is none is shown as it is.
func (q *request) LanguageName(tag string) string {
	t, err := language.Parse(tag)
	if err != nil {
		return tag
	}
	if namer := display.Tags(language.Make(q.Lang)); namer != nil {
		if name := namer.Name(t); name != "" && q.Lang == "zh" {
			return strings.NewReplacer(" (", "（", ")", "）").Replace(name)
		} else if name != "" {
			return name
		}
	}
	return tag
}

// languageAmong is the name of a language beside others: without a region or script unless several of them are of that language.
func (q *request) languageAmong(tag string, all []string) string {
	base := func(tag string) string { short, _, _ := strings.Cut(tag, "-"); return short }
	same := 0
	for _, one := range all {
		if base(one) == base(tag) {
			same++
		}
	}
	if same > 1 {
		return q.LanguageName(tag)
	}
	return q.LanguageName(base(tag))
}

// take sorts what a dry run says by language and channel.
func (p *previews) take(run *report.DryRun) {
	for i := range run.Previews {
		one := &run.Previews[i]
		if one.Info < 1 || one.Info > len(p.Languages) {
			continue // the document was read differently: its words stand under no language, and the XML shows all
		}
		p.Languages[one.Info-1].take(one)
	}
	for _, s := range run.Samples {
		for i := range p.Languages {
			if l := &p.Languages[i]; s.Channel == "sms" && l.SMS != nil && l.Tag == s.Language {
				l.SMS.Recipients = s.Recipients
			}
		}
	}
	for _, f := range run.Findings {
		if strings.HasPrefix(f.ID, "reach.") {
			p.Odd = append(p.Odd, f)
		} else {
			p.Rest = append(p.Rest, f)
		}
	}
}

// Seconds is a number of seconds as a duration, for Span.
func (p *previews) Seconds(s *float64) time.Duration {
	return time.Duration(math.Ceil(*s)) * time.Second
}

// Span says how long something takes, in the coarsest two units.
func (q *request) Span(d time.Duration) string { return q.span(d) }
