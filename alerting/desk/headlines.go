package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// Headline is what an alert is called in lists: nothing that its document does not say.
type Headline struct {
	Alert   alerting.AlertID
	World   alerting.World
	MsgType string
	Lane    alerting.Lane
	// Sender is the CAP sender, Severity the highest of all infos, and Categories are those of all infos.
	Sender     string
	Severity   cap.Severity
	Categories []string
	Titles     []Title
	// Window is the id of the public test that it belongs to; empty for most.
	Window string
	// Entered is when the desk took it in: lists are in its order.
	Entered time.Time
	Expires time.Time
}

// Title is what an alert is called in one language.
type Title struct {
	// Language is an RFC 3066 tag, in lower case.
	Language string `json:"language"`
	// Headline is that of the info, or its event where it has none.
	Headline string `json:"headline"`
	Event    string `json:"event"`
	Area     string `json:"area"`
}

// headlineRow is a Headline as SQL keeps it.
type headlineRow struct {
	bun.BaseModel `bun:"table:headlines"`

	Alert      string `bun:"alert,pk"`
	World      string `bun:"world"`
	Kind       string `bun:"kind"`
	Lane       string `bun:"lane"`
	Sender     string `bun:"sender"`
	Severity   string `bun:"severity"`
	Categories string `bun:"categories"`
	Titles     string `bun:"titles"`
	Said       string `bun:"said"`
	EnteredMS  int64  `bun:"entered_ms"`
	ExpiresMS  int64  `bun:"expires_ms"`
	StoppedBy  string `bun:"stopped_by"`
}

// maxTitle bounds what lists show of a text, in characters: a title and no document.
const maxTitle = 200

// headlineOf is what lists say of an alert.
func headlineOf(a *cap.Alert, row *issueRow) (headlineRow, error) {
	out := headlineRow{Alert: row.Alert, World: row.World, Kind: row.Kind, Lane: string(alerting.LaneOf(a)), Sender: a.Sender, EnteredMS: row.CreatedMS, ExpiresMS: row.ExpiresMS, StoppedBy: row.StoppedBy}
	said := []string{a.Sender, a.Identifier}
	var categories []string
	for i := range a.Infos {
		info := &a.Infos[i]
		t := titleOfInfo(info)
		said = append(said, t.Headline, t.Event, t.Area, info.SenderName)
		for _, c := range info.Categories {
			if !slices.Contains(categories, string(c)) {
				categories = append(categories, string(c))
			}
		}
		if graver(info.Severity, cap.Severity(out.Severity)) {
			out.Severity = string(info.Severity)
		}
	}
	text, err := json.Marshal(titlesOf(a))
	out.Titles, out.Said = string(text), strings.ToLower(strings.Join(said, "\n"))
	// Blanks around each make one findable by LIKE.
	out.Categories = " " + strings.Join(categories, " ") + " "
	return out, err
}

// titleOfInfo is what an info is called, in full.
func titleOfInfo(info *cap.Info) Title {
	t := Title{Language: strings.ToLower(info.Language), Headline: info.Headline, Event: info.Event}
	if t.Language == "" {
		t.Language = "en-us" // CAP 1.2 §3.2.2 language
	}
	if t.Headline == "" {
		t.Headline = info.Event
	}
	var areas []string
	for k := range info.Areas {
		areas = append(areas, info.Areas[k].Description)
	}
	t.Area = strings.Join(slices.Compact(areas), ", ")
	return t
}

// titlesOf is what an alert is called in each of its languages, short enough for lists.
func titlesOf(a *cap.Alert) []Title {
	var out []Title
	for i := range a.Infos {
		t := titleOfInfo(&a.Infos[i])
		t.Headline, t.Event, t.Area = cut(t.Headline), cut(t.Event), cut(t.Area)
		if !slices.ContainsFunc(out, func(o Title) bool { return o.Language == t.Language }) {
			out = append(out, t)
		}
	}
	return out
}

func cut(text string) string {
	if r := []rune(text); len(r) > maxTitle {
		return string(r[:maxTitle-1]) + "…"
	}
	return text
}

// graver reports whether a is a higher severity than b (CAP 1.2 §3.2.2 severity); nothing is lower than Unknown.
func graver(a, b cap.Severity) bool {
	order := []cap.Severity{"", cap.UnknownSeverity, cap.Minor, cap.Moderate, cap.Severe, cap.Extreme}
	return slices.Index(order, a) > slices.Index(order, b)
}

func (r *headlineRow) open() (Headline, error) {
	id, err := alerting.ParseAlertID(r.Alert)
	out := Headline{Alert: id, World: alerting.World(r.World), MsgType: r.Kind, Lane: alerting.Lane(r.Lane), Sender: r.Sender, Severity: cap.Severity(r.Severity),
		Categories: strings.Fields(r.Categories), Entered: moment(r.EnteredMS), Expires: moment(r.ExpiresMS)}
	if err == nil {
		err = json.Unmarshal([]byte(r.Titles), &out.Titles)
	}
	if err != nil {
		return out, fmt.Errorf("read what alert %s is called: %w", r.Alert, err)
	}
	return out, nil
}

// entitle writes what an alert is called, with its issue.
func entitle(ctx context.Context, tx bun.IDB, a *cap.Alert, row *issueRow) error {
	h, err := headlineOf(a, row)
	if err != nil {
		return err
	}
	_, err = tx.NewInsert().Model(&h).On("CONFLICT DO NOTHING").Exec(ctx)
	return err
}

// strike marks an alert as stopped by another one, in lists.
func strike(ctx context.Context, tx bun.IDB, alert, by string) error {
	_, err := tx.NewUpdate().Model((*headlineRow)(nil)).Set("stopped_by = ?", by).Where("alert = ?", alert).Exec(ctx)
	return err
}

// untitle takes back what entitle and strike wrote for an alert that never went out.
func untitle(ctx context.Context, tx bun.IDB, alert string) error {
	if _, err := tx.NewDelete().Model((*headlineRow)(nil)).Where("alert = ?", alert).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*headlineRow)(nil)).Set("stopped_by = ''").Where("stopped_by = ?", alert).Exec(ctx)
	return err
}

// Headlines are what some alerts are called; those that this desk did not issue are missing.
func (d *Desk) Headlines(ctx context.Context, ids []alerting.AlertID) (map[alerting.AlertID]Headline, error) {
	out := make(map[alerting.AlertID]Headline, len(ids))
	for lot := range slices.Chunk(ids, 500) {
		names := make([]string, len(lot))
		for i, id := range lot {
			names[i] = id.String()
		}
		found, err := d.headlines(ctx, d.DB.Read().NewSelect().Where("alert IN (?)", bun.List(names)))
		if err != nil {
			return nil, err
		}
		for _, h := range found {
			out[h.Alert] = h
		}
	}
	return out, nil
}

func (d *Desk) headlines(ctx context.Context, q *bun.SelectQuery) ([]Headline, error) {
	var rows []headlineRow
	if err := q.Model(&rows).ExcludeColumn("said").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read what alerts are called: %w: %w", alerting.ErrUnavailable, err)
	}
	out := make([]Headline, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].open(); err != nil {
			return nil, err
		}
	}
	return out, d.namePublic(ctx, out)
}

// namePublic says which of the alerts belong to a public test: those of the world test alone are asked for.
func (d *Desk) namePublic(ctx context.Context, all []Headline) error {
	at := map[string]int{}
	for i := range all {
		if all[i].World == alerting.Test {
			at[all[i].Alert.String()] = i
		}
	}
	for lot := range slices.Chunk(slices.Collect(maps.Keys(at)), 500) {
		var rows []issueRow
		if err := d.DB.Read().NewSelect().Model(&rows).Column("alert", "envelope").Where("alert IN (?)", bun.List(lot)).Scan(ctx); err != nil {
			return fmt.Errorf("read which alerts are public tests: %w: %w", alerting.ErrUnavailable, err)
		}
		for i := range rows {
			var e struct {
				Window *struct {
					ID string `json:"id"`
				} `json:"window"`
			}
			if err := json.Unmarshal(rows[i].Envelope, &e); err != nil {
				return fmt.Errorf("read the envelope of alert %s again: %w", rows[i].Alert, err)
			}
			if e.Window != nil {
				all[at[rows[i].Alert]].Window = e.Window.ID
			}
		}
	}
	return nil
}

// entitleOld gives a headline to alerts that were issued before headlines were kept.
func (d *Desk) entitleOld(ctx context.Context) error {
	last := ""
	for {
		var rows []issueRow
		err := d.DB.Read().NewSelect().Model(&rows).Column("alert", "world", "kind", "document", "created_ms", "expires_ms", "stopped_by").
			Where("alert > ?", last).Where("NOT EXISTS (SELECT 1 FROM headlines AS h WHERE h.alert = issue_row.alert)").
			Order("alert").Limit(200).Scan(ctx)
		if err != nil || len(rows) == 0 {
			return err
		}
		last = rows[len(rows)-1].Alert
		err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			for i := range rows {
				a, err := cap.Parse(rows[i].Document, cap.Options{MaxBytes: len(rows[i].Document)})
				if err != nil {
					d.Log.ErrorContext(ctx, "an old alert cannot be read, and is not found by a search", "alert", rows[i].Alert, "error", err)
					continue
				}
				if err := entitle(ctx, tx, a, &rows[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}
