package main

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"tocsin/cmd/tocsin/doctor"
)

func doctorVerb(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Inspect the servers that the configuration names, and say what is wrong and what to type",
		Long: "Inspect Kafka, Redis, SQL, the keys, the callbacks and the mail domain that the configuration names, and say what is wrong and " +
			"what to type. Nothing is changed anywhere. Exit code 0: nothing is wrong; 1: something is.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := t.config()
			if err != nil {
				return err
			}
			d := &doctor.Doctor{Config: cfg, Now: time.Now, DNS: net.DefaultResolver, Client: &http.Client{}}
			findings := d.Examine(cmd.Context())
			if err := t.showFindings(findings); err != nil {
				return err
			}
			if !doctor.Healthy(findings) {
				return &exit{exitFailed, errors.New("something is wrong")}
			}
			return nil
		},
	}
}

// showFindings prints a line for each check, and below it what to do.
func (t *terminal) showFindings(findings []doctor.Finding) error {
	l := listing{value: findings, header: []string{"check", "state", "says", "do"}}
	for _, f := range findings {
		l.rows = append(l.rows, []string{f.Check, string(f.State), f.Says, f.Do})
	}
	if t.format != "table" {
		return t.show(l)
	}
	for _, f := range findings {
		t.printf("%-8s %-26s %s\n", f.State, f.Check, f.Says)
		if f.Do != "" {
			t.printf("%-8s %-26s -> %s\n", "", "", f.Do)
		}
	}
	return nil
}
