package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/wording"
	"tocsin/cap"
)

func lintVerb(t *terminal) *cobra.Command {
	l := &linter{t: t, options: atHome()}
	var profile string
	var rules bool
	c := &cobra.Command{
		Use:   "lint [FILE|FOLDER…]",
		Short: "Check CAP documents against the rules of the standard and of a profile",
		Long: "Check CAP documents: files, folders (all *.xml and *.cap in them), or standard input (-, or no name at all).\n" +
			"Exit code 0: no errors; 1: a document breaks a rule; 2: a document cannot be read, or the command was not understood.",
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := cap.ProfileByID(profile)
			if err != nil {
				return &exit{exitRefused, err}
			}
			if rules {
				return t.show(rulesOf(p))
			}
			if l.lang != "en" && l.lang != "zh" {
				return &exit{exitRefused, fmt.Errorf("%w: lang %.20q: want en or zh", alerting.ErrInvalid, l.lang)}
			}
			l.options.Profile = p
			return l.run(args)
		},
	}
	c.Flags().StringVar(&profile, "profile", "core", "check with the rules of a profile: "+strings.Join(profileIDs(), ", "))
	c.Flags().BoolVar(&l.tolerant, "read", false, "read as tolerantly as a receiver should, and say what was tolerated")
	c.Flags().StringVar(&l.lang, "lang", "en", "the language of the messages: en or zh")
	c.Flags().BoolVar(&rules, "rules", false, "list the rules instead")
	return c
}

func profileIDs() []string {
	var ids []string
	for _, p := range cap.Profiles() {
		ids = append(ids, p.ID)
	}
	return ids
}

// rulesOf lists what is checked: what the decoder asks of a document, then the rules of the profile.
func rulesOf(p cap.Profile) listing {
	type row struct {
		ID     string    `json:"id"`
		Level  cap.Level `json:"level"`
		Clause string    `json:"clause"`
		Title  string    `json:"title"`
	}
	l := listing{header: []string{"rule", "level", "clause", "what it asks"}}
	var all []row
	for _, r := range append(cap.FormRules(), p.Rules...) {
		all = append(all, row{r.ID, r.Level, r.Clause, r.Title})
		l.rows = append(l.rows, []string{r.ID, r.Level.String(), r.Clause, r.Title})
	}
	l.value = all
	return l
}

// linter checks one document after the other and keeps none of them.
type linter struct {
	t        *terminal
	options  cap.Options
	tolerant bool
	lang     string
	words    *wording.Writer
	out      lintOutput
	count    lintCount
}

// The verdicts on a document.
const (
	verdictValid      = "valid"
	verdictInvalid    = "invalid"
	verdictUnreadable = "unreadable"
)

// linted is what was found in one document. It is what --output json shows.
type linted struct {
	File     string          `json:"file"`
	Verdict  string          `json:"verdict"`
	Findings []lintedFinding `json:"findings"`
}

// lintedFinding is a cap.Finding in the order in which it is shown. Line is 0 when there is no document.
type lintedFinding struct {
	ID      string    `json:"id"`
	Level   cap.Level `json:"level"`
	Clause  string    `json:"clause"`
	Path    string    `json:"path"`
	Line    int       `json:"line"`
	Message string    `json:"message"`
}

// lintCount sums up.
type lintCount struct {
	valid, invalid, unreadable int
	levels                     [cap.LevelAdvice + 1]int
}

func (l *linter) run(args []string) error {
	l.words = wording.New(wording.Options{})
	l.out = newLintOutput(l.t)
	if len(args) == 0 {
		args = []string{"-"}
	}
	for _, name := range args {
		if err := l.name(name); err != nil {
			return err
		}
	}
	if err := l.out.end(l.count); err != nil {
		return err
	}
	switch {
	case l.count.unreadable > 0:
		return &exit{exitRefused, nil}
	case l.count.invalid > 0:
		return &exit{exitFailed, nil}
	}
	return nil
}

// name checks what an argument names. What is found in a folder is checked in the order of its names.
func (l *linter) name(name string) error {
	if name == "-" {
		return l.file(name)
	}
	info, err := os.Stat(name)
	if err != nil || !info.IsDir() {
		return l.file(name)
	}
	return filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return l.unreadable(path, err)
		case d.Type().IsRegular() && isDocument(path):
			return l.file(path)
		}
		return nil
	})
}

// isDocument reports whether a file in a folder is taken for a CAP document.
func isDocument(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".xml" || ext == ".cap"
}

func (l *linter) file(name string) error {
	document, err := l.t.readFile(name, maxDocument)
	if err != nil {
		return l.unreadable(name, err)
	}
	alert, findings := l.read(document)
	if alert != nil && findings.Err() == nil {
		// What would be lost on the way to people is known when the words are made.
		found := l.words.Remarks(&alerting.Issued{ID: alerting.IDOf(alert), Alert: alert})
		findings = cap.Merge(document, l.options, findings, found)
	}
	return l.show(name, verdictOf(findings), findings)
}

// read goes through the door that was asked for.
func (l *linter) read(document []byte) (*cap.Alert, cap.Findings) {
	if l.tolerant {
		return cap.Read(document, l.options)
	}
	return cap.ParseAll(document, l.options)
}

// verdictOf tells what breaks a rule from what is no alert at all, or too large to be looked at.
func verdictOf(findings cap.Findings) string {
	verdict := verdictValid
	for _, f := range findings {
		if f.Level != cap.LevelError {
			continue
		}
		if unread(f.ID) {
			return verdictUnreadable
		}
		verdict = verdictInvalid
	}
	return verdict
}

// unread reports whether an error with this ID means that the document was not read to its end. A processing instruction
// is an exception: it is legal XML, and only not ours.
func unread(id string) bool {
	return strings.HasPrefix(id, "xml.") && id != "xml.instruction" || strings.HasPrefix(id, "core.limit") || id == "core.root"
}

// unreadable shows a file that could not even be opened.
func (l *linter) unreadable(name string, err error) error {
	message := err.Error()
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		message = path.Err.Error()
	}
	return l.show(name, verdictUnreadable, cap.Findings{{ID: "file.unreadable", Path: "document", Level: cap.LevelError,
		Message: "the file cannot be read: " + message}})
}

func (l *linter) show(name, verdict string, findings cap.Findings) error {
	switch verdict {
	case verdictValid:
		l.count.valid++
	case verdictInvalid:
		l.count.invalid++
	default:
		l.count.unreadable++
	}
	one := linted{File: name, Verdict: verdict, Findings: []lintedFinding{}}
	for _, f := range alerting.FindingsIn(l.lang, findings) {
		l.count.levels[f.Level]++
		one.Findings = append(one.Findings, lintedFinding{f.ID, f.Level, f.Clause, f.Path, f.Line, f.Message})
	}
	return l.out.add(one)
}
