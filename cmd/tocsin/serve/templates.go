package serve

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"tocsin/alerting"
	"tocsin/alerting/console"
	"tocsin/alerting/template"
	"tocsin/alerting/wording"
	"tocsin/cap"
	"tocsin/cmd/tocsin/config"
)

// shelve gives the admin API the templates of the office, if it has any. Broken ones are told, and hide no other.
func (h *house) shelve(c *console.Console) error {
	if h.cfg.Templates.Dir == "" {
		return nil
	}
	shelf, err := template.Open(h.cfg.Templates.Dir)
	if err != nil {
		return fmt.Errorf("templates.dir: %w", err)
	}
	zone, err := h.cfg.Templates.Location()
	if err != nil {
		return fmt.Errorf("templates.zone: %w", err)
	}
	profile, err := cap.ProfileByID(h.cfg.Alerts.Profile)
	if err != nil {
		return fmt.Errorf("alerts.profile: %w", err)
	}
	good, broken, err := shelf.Read()
	if err != nil {
		return fmt.Errorf("templates.dir: %w", err)
	}
	for _, b := range broken {
		h.log.Error("a template is broken and left out", "file", b.File, "error", b)
	}
	h.log.Info("templates", "folder", h.cfg.Templates.Dir, "good", len(good), "broken", len(broken))
	c.Templates, c.Zone = shelf, zone
	c.Fill = func(ctx context.Context, t *template.Template, r template.Request) (*template.Filled, error) {
		r.Now, r.Random, r.Office = h.now().In(zone), rand.Reader, Office(h.cfg)
		r.Units = func(code string) (string, error) { return h.people.UnitName(ctx, code) }
		r.Options = cap.Options{MaxBytes: h.cfg.Alerts.MaxBytes, Profile: profile}
		return t.Fill(r)
	}
	return nil
}

// Office is who warns, for the filling of templates.
func Office(cfg *config.Config) template.Office {
	return template.Office{Sender: cfg.Office.Sender, Name: cfg.Office.Name, Identifier: cfg.Templates.Identifier}
}

// checkTemplates reads every template of a configuration, tries it, and compares what it promises of the sirens with what
// they will sound.
func checkTemplates(cfg *config.Config) error {
	if cfg.Templates.Dir == "" {
		return nil
	}
	shelf, err := template.Open(cfg.Templates.Dir)
	if err != nil {
		return err
	}
	good, broken, err := shelf.Read()
	errs := []error{err}
	for _, b := range broken {
		errs = append(errs, b)
	}
	words := wording.New(wording.Options{SMSParts: cfg.Alerts.SMSParts})
	for _, t := range good {
		if cfg.Alerts.MaxValidity > 0 && t.Validity.Duration() > cfg.Alerts.MaxValidity {
			errs = append(errs, fmt.Errorf("%s: validity %s: alerts.max_validity is %s: shorten it", t.ID, t.Validity, cfg.Alerts.MaxValidity))
		}
		errs = append(errs, CheckSiren(t, words))
	}
	return errors.Join(errs...)
}

// CheckSiren compares the siren programme that a template promises with the one that its hazard and severity give.
func CheckSiren(t *template.Template, words *wording.Writer) error {
	if t.Siren.Programme == "" {
		return nil
	}
	info := &cap.Alert{Status: cap.StatusActual, MsgType: cap.MsgAlert, Infos: []cap.Info{{Language: t.Texts[0].Language, Event: t.Texts[0].Event,
		Categories: t.Categories, EventCodes: t.EventCodes, ResponseTypes: t.ResponseTypes, Urgency: t.Urgency, Severity: t.Severity, Certainty: t.Certainty}}}
	m, err := words.Render(&alerting.Issued{Alert: info}, 0, alerting.Siren)
	if err != nil {
		return fmt.Errorf("%s: siren.programme: %w", t.ID, err)
	}
	var sounds wording.SirenProgramme
	if err := json.Unmarshal([]byte(m.Body), &sounds); err != nil {
		return fmt.Errorf("%s: siren.programme: %w", t.ID, err)
	}
	if sounds.Programme != t.Siren.Programme {
		return fmt.Errorf("%w: %s: siren.programme is %s, and sirens sound %s for %s of severity %s: write that, or correct hazard and severity",
			alerting.ErrInvalid, t.ID, t.Siren.Programme, sounds.Programme, t.Hazard, t.Severity)
	}
	return nil
}
