package pages

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
	"tocsin/cap"
)

// draft is a draft with what its page says about it.
type draft struct {
	desk.Draft
	Kind *desk.Kind
	// Alert is what the document says; nil when it cannot be read.
	Alert *cap.Alert
	// Lacks says what it needs to be released, and Others who could approve it beside its author.
	Lacks, Others []string
	// Approvals: the office demands them. Wrote and Signed speak of whoever looks.
	Approvals, Wrote, Signed bool
	// Previews are there on its own page.
	Previews *previews
	History  *history
	Map      mapShown
	keys     []console.Operator
}

// AsDraft is the draft itself, for pages that show more than it.
func (d *draft) AsDraft() *draft { return d }

// Open reports whether the draft can still be changed.
func (d *draft) Open() bool { return d.State == desk.Drafted || d.State == desk.Returned }

// Waits reports whether it waits to be signed.
func (d *draft) Waits() bool { return d.State == desk.Submitted }

// Over reports whether nothing can be done with it any more.
func (d *draft) Over() bool { return slices.Contains(endStates(), d.State) }

// Wrong reports whether there is an error among the findings.
func (d *draft) Wrong() bool { return d.Findings.Err() != nil }

// draftAt asks for the draft that the path names.
func (q *request) draftAt() (*draft, error) {
	d := &draft{}
	if err := q.get(q.api("drafts", q.r.PathValue("id")), &d.Draft); err != nil {
		return nil, err
	}
	all, approvals, err := q.operators()
	if err != nil {
		return nil, err
	}
	d.keys, d.Approvals, d.Kind = all, approvals, q.DraftKind(d.Draft)
	if d.Kind != nil && d.Kind.ID == desk.KindPublicTest {
		q.kind = d.Kind.ID
	}
	if d.Kind == nil {
		d.Kind = q.Kind()
	}
	d.Wrote, d.Signed = q.wrote(&d.Draft), q.signed(&d.Draft)
	d.Alert, _ = cap.Read(d.Document, cap.Options{MaxBytes: max(len(d.Document), 1)})
	for _, text := range d.Missing {
		d.Lacks = append(d.Lacks, q.lack(text))
	}
	for _, o := range all {
		if o.Name != d.Author.Name && slices.Contains(o.Rights, approval.MayApprove) && !slices.Contains(d.Others, o.Name) && !d.signedBy(o.Name) {
			d.Others = append(d.Others, o.Name)
		}
	}
	slices.Sort(d.Others)
	return d, nil
}

func (d *draft) signedBy(name string) bool {
	return slices.ContainsFunc(d.Signatures, func(a alerting.Approval) bool { return a.By == name })
}

func draftPage(q *request) error {
	d, err := q.draftAt()
	if err == nil {
		d.Previews, err = q.previewsOf(&d.Draft)
	}
	if err == nil {
		d.Map = q.mapOfDraft(d)
		d.History, err = q.history(d)
	}
	if err != nil {
		return err
	}
	return q.show("drafts/draft", d.heading(q), d)
}

// draftNow is how a draft stands, for the page that shows it already.
func draftNow(q *request) error {
	d, err := q.draftAt()
	if err != nil {
		return err
	}
	return q.fragment("drafts/draft", "draft-now", d)
}

// heading is the headline in the reader's language, of the document where it was read, or of the list; or else the title.
func (d *draft) heading(q *request) string {
	if d.Alert != nil {
		for i := range d.Alert.Infos {
			if info := &d.Alert.Infos[i]; info.Headline != "" && speaks(info.Language, q.Lang) {
				return info.Headline
			}
		}
	}
	return cmp.Or(titleIn(d.Titles, q.Lang).Headline, d.Title, q.T("drafts.untitled"))
}

// Called is what something of a list is called for the reader: title is that of its first language.
func (q *request) Called(titles []desk.Title, title string) string {
	return cmp.Or(titleIn(titles, q.Lang).Headline, title)
}

// Heading is the title of a draft, for lists.
func (q *request) Heading(d desk.Draft) string { return (&draft{Draft: d}).heading(q) }

// draftDocument gives the CAP document, byte for byte.
func draftDocument(q *request) error {
	var d desk.Draft
	if err := q.get(q.api("drafts", q.r.PathValue("id")), &d); err != nil {
		return err
	}
	q.giveDocument(d.Document, fmt.Sprintf("draft-%s-%d.xml", d.ID, d.Version))
	return nil
}

// What the policy says of a document is English: these are its sentences, so that they can be said in the reader's words. Any other
// is one that the catalogue of refusals knows, or is shown as it is.
var (
	lacksApprovals = regexp.MustCompile(`^rule (\S+) wants (\d+) approvals? more(?: by a key of kind \[([a-z ]+)\])?$`)
	lacksSecond    = regexp.MustCompile(`^two people must have signed, and one has`)
)

// lack is what a draft lacks, in the reader's language.
func (q *request) lack(text string) string {
	if lacksSecond.MatchString(text) {
		return q.T("drafts.lack.second")
	}
	m := lacksApprovals.FindStringSubmatch(text)
	if m == nil {
		return q.Said(text)
	}
	n, _ := strconv.Atoi(m[2]) // digits
	if m[3] == "" {
		return q.T("drafts.lack.approvals", n, m[1])
	}
	var kinds []string
	for _, k := range strings.Fields(m[3]) {
		kinds = append(kinds, q.T("drafts.key."+k))
	}
	return q.T("drafts.lack.kinds", n, m[1], strings.Join(kinds, q.T("drafts.or")))
}

// Lack is lack for lists.
func (q *request) Lack(text string) string { return q.lack(text) }

// ChannelNames are the channels that a draft goes out on; all, when it names none.
func (q *request) ChannelNames(named []alerting.Channel) string {
	if len(named) == 0 {
		named = alerting.Channels()
	}
	var out []string
	for _, c := range named {
		out = append(out, q.T("drafts.channel."+string(c)))
	}
	return strings.Join(out, q.T("comma"))
}

// Joined are names in one line.
func (q *request) Joined(names []string) string { return strings.Join(names, q.T("comma")) }

// codeWords are where the catalogue has words for codes of CAP.
func codeWords() map[string]string {
	return map[string]string{"severity": "drafts.severity", "urgency": "drafts.urgency", "certainty": "drafts.certainty"}
}

// Code is a code of CAP in the reader's words; the code itself where there is no word for it.
func (q *request) Code(what string, code any) string {
	text := fmt.Sprint(code)
	if key := codeWords()[what] + "." + text; q.p.words.has(key) {
		return q.T(key)
	}
	return text
}
