package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/cmd/tocsin/client"
)

func countersignVerb(t *terminal) *cobra.Command {
	var s signing
	c := &cobra.Command{Use: "countersign [ALERT]", Short: "Sign an alert that another released first; without ALERT: list those that wait",
		Long: "Show what went out before a second person had signed it, ask, and sign exactly that with your own key. Who objects uses tocsin cancel. " +
			"Without ALERT the alerts are listed that nobody has countersigned yet, the longest due first.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return t.listCountersigns(cmd)
			}
			id, api, err := t.alertAndClient(args[0])
			if err != nil {
				return err
			}
			return t.countersign(cmd, api, id, s)
		}}
	s.keyOrPassword(c)
	c.Flags().BoolVar(&s.yes, "yes", false, "do not ask")
	c.Flags().StringVar(&s.lang, "lang", "", "en or zh, for what is shown; left out: as the environment says (LC_ALL, LC_MESSAGES, LANG)")
	c.Flags().StringVar(&s.place, "place", "", "the place that it is for, where a rule wants it picked; left out: you are asked")
	return c
}

func (t *terminal) listCountersigns(cmd *cobra.Command) error {
	api, err := t.client()
	if err != nil {
		return err
	}
	all, err := api.Countersigns(cmd.Context())
	if err != nil {
		return t.refused(err)
	}
	l := listing{header: []string{"alert", "author", "released", "due", "overdue"}, value: all}
	for _, w := range all {
		overdue := ""
		if w.Overdue {
			overdue = "overdue"
		}
		l.rows = append(l.rows, []string{w.Alert.String(), w.Author, w.Released.Format(time.RFC3339), w.Due.Format(time.RFC3339), overdue})
	}
	return t.show(l)
}

func (t *terminal) countersign(cmd *cobra.Command, api *client.Client, id alerting.AlertID, s signing) error {
	key, err := s.signer()
	if err != nil {
		return err
	}
	w, err := api.Countersignable(cmd.Context(), id, languageOr(s.lang), s.as)
	if err != nil {
		return t.refused(err)
	}
	d := desk.Draft{ID: w.Alert.String(), Document: w.Document, Channels: w.Channels, Audience: w.Audience,
		Author: alerting.Actor{Name: w.Author}, Counted: w.Counted}
	a, e, err := readWhatIsSigned(d)
	if err != nil {
		return err
	}
	t.prompt("%s", w.Confirmation.Text)
	lines := t.lineReader()
	if !s.yes {
		if err := t.confirm(lines, a); err != nil {
			return err
		}
	}
	pick, err := t.pick(lines, w.Confirmation.Challenge, s.place)
	if err != nil {
		return err
	}
	if s.withPassword() {
		password, err := t.readPassword(lines, s.passwordFile, "Password of "+s.as)
		if err != nil {
			return err
		}
		err = api.CountersignWithPassword(cmd.Context(), id, s.as, password, pick)
		return t.countersigned(id, err)
	}
	signed, err := signAll(key, e, s.as, approval.Approve)
	if err != nil {
		return err
	}
	return t.countersigned(id, api.Countersign(cmd.Context(), id, signed[0], pick))
}

func (t *terminal) countersigned(id alerting.AlertID, err error) error {
	if err != nil {
		return t.refused(err)
	}
	t.printf("countersigned: alert %s\n", id)
	return nil
}

func signAll(key approval.Signer, e *alerting.Envelope, as string, acts ...approval.Act) ([]alerting.Approval, error) {
	var out []alerting.Approval
	for _, act := range acts {
		st, err := approval.Over(e, act, as, time.Now())
		if err != nil {
			return nil, err
		}
		a, err := key.Sign(st)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// releaseUnder signs a submitted draft as its author, and releases it under a standing authorisation.
func (t *terminal) releaseUnder(cmd *cobra.Command, api *client.Client, d desk.Draft, standing string, s signing) error {
	key, err := s.signer()
	if err != nil {
		return err
	}
	all, err := api.Standings(cmd.Context())
	if err != nil {
		return t.refused(err)
	}
	a, e, err := readWhatIsSigned(d)
	if err != nil {
		return err
	}
	if _, err := t.shows(cmd, api, d, e.World, s); err != nil {
		return err
	}
	for i := range all {
		if all[i].ID == standing {
			e.Standing = &all[i].StandingOrder
		}
	}
	if e.Standing == nil {
		return &exit{exitRefused, fmt.Errorf("there is no standing authorisation %q", standing)}
	}
	lines := t.lineReader()
	if !s.yes {
		if err := t.confirm(lines, a); err != nil {
			return err
		}
	}
	if s.withPassword() {
		password, err := t.readPassword(lines, s.passwordFile, "Password of "+s.as)
		if err != nil {
			return err
		}
		return t.draftOr(api.ReleaseUnderWithPassword(cmd.Context(), d.ID, d.Version, standing, s.as, password))
	}
	signed, err := signAll(key, e, s.as, approval.Author, approval.Release)
	if err != nil {
		return err
	}
	return t.draftOr(api.ReleaseUnder(cmd.Context(), d.ID, d.Version, standing, signed))
}

// pointsOf reads a polygon as CAP writes it (§3.2.4).
func pointsOf(text string) ([][2]float64, error) {
	var out [][2]float64
	for _, pair := range strings.Fields(text) {
		lat, lon, _ := strings.Cut(pair, ",")
		y, err := strconv.ParseFloat(lat, 64)
		if err != nil {
			return nil, fmt.Errorf("--polygon: %q: want LAT,LON: %w", pair, err)
		}
		x, err := strconv.ParseFloat(lon, 64)
		if err != nil {
			return nil, fmt.Errorf("--polygon: %q: want LAT,LON: %w", pair, err)
		}
		out = append(out, [2]float64{y, x})
	}
	return out, nil
}
