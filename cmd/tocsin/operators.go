package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cmd/tocsin/serve"
)

func operatorsVerb(t *terminal) *cobra.Command {
	c := &cobra.Command{Use: "operators", Short: "Who may sign: list, request, sign, enrol, revoke",
		Long: "Keys of operators are enrolled under the signatures of two who may administer; the first two stand in the configuration. A request is a file " +
			"that goes from one to the other (request, sign, sign) and then to the office (enrol)."}
	c.AddCommand(operatorListVerb(t), operatorRequestVerb(t), operatorSignVerb(t), operatorEnrolVerb(t), operatorRevokeVerb(t),
		operatorPasswordKeyVerb(t), operatorPasswordVerb(t))
	return c
}

func operatorListVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "Every key that counts", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Operators(cmd.Context())
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"operator", "key", "kind", "rights", "founder"}, value: all}
			for _, o := range all {
				founder := ""
				if o.Founder {
					founder = "founder"
				}
				l.rows = append(l.rows, []string{o.Name, o.KeyID, string(o.Kind), strings.Join(names(o.Rights), " "), founder})
			}
			return t.show(l)
		}}
}

// paper is what goes from one administrator to the other: one of the two is there.
type paper struct {
	Enrolment  *alerting.Enrolment  `json:"enrolment,omitempty"`
	Revocation *alerting.Revocation `json:"revocation,omitempty"`
}

// maxPaper bounds a paper, in bytes.
const maxPaper = 64 << 10

func (t *terminal) readPaper(name string) (paper, error) {
	var p paper
	text, err := t.readFile(name, maxPaper)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err == nil && (p.Enrolment == nil) == (p.Revocation == nil) {
		err = errors.New("want one enrolment or one revocation, as `tocsin operators request` writes it")
	}
	if err != nil {
		return p, &exit{exitRefused, fmt.Errorf("%s: %w", name, err)}
	}
	return p, nil
}

func (p paper) write(name string) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o600)
}

func operatorRequestVerb(t *terminal) *cobra.Command {
	var e alerting.Enrolment
	var v alerting.Revocation
	var since string
	c := &cobra.Command{Use: "request FILE", Short: "Write a request: to enrol a key, or with --revoke to revoke one", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if v.KeyID != "" {
				v.At = time.Now().UTC().Truncate(time.Second)
				if since != "" {
					var err error
					if v.At, err = moment("--since", since); err != nil {
						return err
					}
				}
				return paper{Revocation: &v}.write(args[0])
			}
			if _, err := approval.ParseKey(e.Key); err != nil {
				return &exit{exitRefused, fmt.Errorf("--key: %w", err)}
			}
			if e.Operator == "" || len(e.Rights) == 0 {
				return &exit{exitRefused, errors.New("--name and --may are missing: whose key it is, and what it is good for")}
			}
			e.At = time.Now().UTC().Truncate(time.Second)
			return paper{Enrolment: &e}.write(args[0])
		}}
	f := c.Flags()
	f.StringVar(&e.Operator, "name", "", "whose key it is")
	f.StringVar(&e.Key, "key", "", "the public key, as `tocsin keys operator` prints it")
	f.StringSliceVar(&e.Rights, "may", nil, "what it is good for: author, approve, stop, administer")
	f.StringVar(&v.KeyID, "revoke", "", "the id of a key that nobody shall take any more")
	f.StringVar(&since, "since", "", "with --revoke: from when on its signatures count for nothing (RFC 3339); left out: from now on")
	f.StringVar(&v.Reason, "reason", "", "with --revoke: why")
	return c
}

func operatorSignVerb(t *terminal) *cobra.Command {
	var s signing
	c := &cobra.Command{Use: "sign FILE", Short: "Put your signature on a request", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := t.readPaper(args[0])
			if err != nil {
				return err
			}
			key, err := serve.OperatorKey(s.key)
			if err != nil {
				return &exit{exitRefused, fmt.Errorf("--key: %w", err)}
			}
			if err := p.sign(key, s.as); err != nil {
				return &exit{exitRefused, err}
			}
			return p.write(args[0])
		}}
	f := c.Flags()
	f.StringVar(&s.key, "key", "", "the file with your key")
	f.StringVar(&s.as, "as", "", "your name, as you are enrolled")
	_ = c.MarkFlagRequired("key")
	_ = c.MarkFlagRequired("as")
	return c
}

// sign adds a signature.
func (p paper) sign(key approval.Signer, as string) error {
	now := time.Now()
	if p.Enrolment != nil {
		a, err := approval.SignEnrolment(key, *p.Enrolment, as, now)
		p.Enrolment.By = append(p.Enrolment.By, a)
		return err
	}
	a, err := approval.SignRevocation(key, *p.Revocation, as, now)
	p.Revocation.By = append(p.Revocation.By, a)
	return err
}

func operatorEnrolVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "enrol FILE", Short: "Hand a request in that two have signed", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := t.readPaper(args[0])
			if err != nil {
				return err
			}
			if p.Enrolment == nil {
				return &exit{exitRefused, fmt.Errorf("%s revokes a key: use `tocsin operators revoke`", args[0])}
			}
			api, err := t.client()
			if err != nil {
				return err
			}
			if err := api.Enrol(cmd.Context(), *p.Enrolment); err != nil {
				return t.refused(err)
			}
			t.printf("enrolled: %s\n", p.Enrolment.Operator)
			return nil
		}}
}

func operatorRevokeVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "revoke FILE", Short: "Hand a revocation in that two, or the key's owner, have signed", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := t.readPaper(args[0])
			if err != nil {
				return err
			}
			if p.Revocation == nil {
				return &exit{exitRefused, fmt.Errorf("%s enrols a key: use `tocsin operators enrol`", args[0])}
			}
			api, err := t.client()
			if err != nil {
				return err
			}
			if err := api.Revoke(cmd.Context(), *p.Revocation); err != nil {
				return t.refused(err)
			}
			t.printf("revoked: key %s\n", p.Revocation.KeyID)
			return nil
		}}
}
