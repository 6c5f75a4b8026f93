package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"tocsin/cap"
	"tocsin/cap/dsig"
	"tocsin/cmd/tocsin/serve"
)

func signVerb(t *terminal) *cobra.Command {
	var key, certificate, form, out string
	c := &cobra.Command{
		Use:   "sign [FILE]",
		Short: "Sign a CAP document (- or nothing reads standard input)",
		Long: "Put an enveloped XML signature before the last end tag of a CAP document, and change nothing else. A document that breaks a rule, or is " +
			"signed already, is refused. Exit code 0: signed; 2: refused.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			signer, err := serve.Signer(key, certificate, form)
			if err != nil {
				return &exit{exitRefused, err}
			}
			document, err := t.readFile(fileOr(args, "-"), maxDocument)
			if err != nil {
				return &exit{exitRefused, err}
			}
			if _, err := cap.Parse(document, atHome()); err != nil {
				return &exit{exitRefused, err}
			}
			signed, err := signer.Sign(document)
			if err != nil {
				return &exit{exitRefused, err}
			}
			if out == "" {
				_, err = t.out.Write(signed)
				return err
			}
			return os.WriteFile(out, signed, 0o644) //nolint:gosec // an alert is public
		},
	}
	f := c.Flags()
	f.StringVar(&key, "key", "", "file with the private key: RSA, or ECDSA P-256, in PEM")
	f.StringVar(&certificate, "certificate", "", "file with its certificate in PEM, and those up to the anchor")
	f.StringVar(&form, "c14n", "exclusive", "canonical form: exclusive, inclusive or inclusive11")
	f.StringVarP(&out, "file", "f", "", "write into this file (default: standard output)")
	for _, name := range []string{"key", "certificate"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}

// fileOr is the one argument, or what stands for none.
func fileOr(args []string, none string) string {
	if len(args) == 0 {
		return none
	}
	return args[0]
}

// verified is what verify says of one file.
type verified struct {
	File string `json:"file"`
	// Verdict is verified, not verified, unsigned or unreadable.
	Verdict    string      `json:"verdict"`
	Reason     string      `json:"reason,omitempty"`
	Signatures []signature `json:"signatures"`
}

type signature struct {
	dsig.Signature
	Subject   string    `json:"subject,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`
}

// The verdicts on a file.
const (
	isVerified   = "verified"
	notVerified  = "not verified"
	isUnsigned   = "unsigned"
	isUnreadable = "unreadable"
)

func verifyVerb(t *terminal) *cobra.Command {
	var anchorFiles []string
	var at string
	c := &cobra.Command{
		Use:   "verify [FILE…]",
		Short: "Verify the signatures of CAP documents (- or nothing reads standard input)",
		Long: "Verify signatures as whoever knows nothing but the pinned anchors would. All signatures of a document must be trusted. Exit code 0: every " +
			"document is verified; 1: one is not, or bears no signature; 2: one cannot be read.",
		RunE: func(_ *cobra.Command, args []string) error {
			trust, err := trustOf(anchorFiles, at)
			if err != nil {
				return &exit{exitRefused, err}
			}
			if len(args) == 0 {
				args = []string{"-"}
			}
			code, files := 0, []verified{}
			l := listing{header: []string{"file", "verdict", "signature", "signer", "reason"}}
			for _, name := range args {
				v := t.verify(name, trust)
				files = append(files, v)
				l.rows = append(l.rows, v.rows()...)
				code = max(code, v.code())
			}
			l.value = files
			if err := t.show(l); err != nil {
				return err
			}
			if code > 0 {
				return &exit{code, nil}
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&anchorFiles, "anchor", nil, "file with certificates to trust, in PEM: of signers or of their authorities (may be repeated)")
	c.Flags().StringVar(&at, "at", "", "when the certificates must be valid, such as 2026-05-24T12:00:00Z (default: now)")
	return c
}

func trustOf(anchorFiles []string, at string) (dsig.Trust, error) {
	moment, err := momentOf(at)
	if err != nil {
		return dsig.Trust{}, err
	}
	trust := dsig.Trust{At: moment}
	for _, file := range anchorFiles {
		anchors, err := serve.Certificates(file)
		if err != nil {
			return trust, fmt.Errorf("--anchor: %w", err)
		}
		trust.Anchors = append(trust.Anchors, anchors...)
	}
	return trust, nil
}

// verify looks at one file.
func (t *terminal) verify(name string, trust dsig.Trust) verified {
	v := verified{File: name, Signatures: []signature{}}
	document, err := t.readFile(name, maxDocument)
	var report *dsig.Report
	if err == nil {
		report, err = dsig.Verify(document, trust)
	}
	switch {
	case err != nil:
		v.Verdict, v.Reason = isUnreadable, err.Error()
		return v
	case report.Trusted():
		v.Verdict = isVerified
	case len(report.Signatures) == 0:
		v.Verdict, v.Reason = isUnsigned, "it bears no signature"
	default:
		v.Verdict = notVerified
	}
	for _, s := range report.Signatures {
		v.Signatures = append(v.Signatures, signatureOf(s))
	}
	if !report.Trusted() {
		return v
	}
	// What is verified must also be an alert that can be read.
	if _, findings := cap.Read(report.Document, atHome()); findings.Err() != nil {
		v.Verdict, v.Reason = notVerified, "the signature fits, and what was signed breaks rules: "+findings.Error()
	}
	return v
}

func signatureOf(s dsig.Signature) signature {
	out := signature{Signature: s}
	if c := s.Certificate; c != nil {
		out.Subject, out.NotBefore, out.NotAfter = c.Subject.String(), c.NotBefore, c.NotAfter
	}
	return out
}

func (v verified) code() int {
	switch v.Verdict {
	case isVerified:
		return 0
	case isUnreadable:
		return exitRefused
	}
	return exitFailed
}

func (v verified) rows() [][]string {
	if len(v.Signatures) == 0 {
		return [][]string{{v.File, v.Verdict, "", "", v.Reason}}
	}
	var rows [][]string
	for _, s := range v.Signatures {
		reason := s.Reason
		if reason == "" {
			reason = v.Reason
		}
		rows = append(rows, []string{v.File, v.Verdict, string(s.Verdict), s.Subject, reason})
	}
	return rows
}
