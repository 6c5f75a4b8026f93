package audience

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// sortLot is how many people are sorted by cell before they are written: the larger, the fewer pages of the tables each
// lot touches. It takes about 60 MB.
const sortLot = 100_000

// newPerson is one line of a file of people.
type newPerson struct {
	line     int
	ref      string
	language string
	wants    int64
	verified bool
	places   []place
	// addresses stand as in alerting.PeopleChannels(); hash is nil where there is none.
	addresses [3]newAddress
}

type newAddress struct {
	sealed, hash []byte
	// others are the hashes under older keys.
	others [][]byte
}

// cell is where the person goes in the order of writing: by his first place, people without a cell last.
func (p *newPerson) cell() int64 {
	for _, at := range p.places {
		if at.code == "" {
			return Key(at.cell)
		}
	}
	return math.MaxInt64
}

// ImportPeople reads people from CSV (UTF-8, with or without byte order mark; comma, semicolon or tab). The first line
// names the columns; only person is needed:
//
//	person     the reference by which the office knows the person; must be unique
//	language   language tag, e.g. zh-CN
//	wants      CAP categories and hazards of package event, separated by |, e.g. Met|flood; empty means all
//	sms        phone number
//	push       push subscription as JSON
//	mail       e-mail address
//	verified   yes or no: the addresses were confirmed by their owner; only then are they used
//	places     see below; columns place, place1, place2, … are read alike, and all are added up
//
// A place is "lat,lon", "cell:TOKEN" (S2) or "code:NAME=VALUE" (as CAP's geocode), each with an optional "@Severity", the
// lowest that matters there; several are separated by ";" or "|", and the field is put into quotes where the separator of the
// file occurs in it: "30.2741,120.1551@Minor;cell:344b@Severe;code:SAME=006109".
//
// A person who is there already is replaced, but what he opted out of stays so. A line that cannot be used is skipped and
// reported, as one is that has more or fewer fields than the first; so is, without the rest of its line, an address that
// belongs to another person. Who has no place is imported, with a warning. The file may be of any length. Transactions are short (≤ 500 rows), so that warnings can be worked on meanwhile; after an error what was
// written stays, and importing the same file again is safe.
func (a *Audience) ImportPeople(ctx context.Context, r io.Reader, o ImportOptions) (Result, error) {
	var result Result
	l, err := newLines(r)
	if err != nil {
		return result, fmt.Errorf("import people: %w", err)
	}
	if l.column("person") < 0 {
		return result, fmt.Errorf("import people: %w", alerting.Refuse(alerting.ErrInvalid, "upload.column", "the first line has no column %q", "person"))
	}
	p := a.newPeopleParser(l, o, &result)
	if len(p.places) == 0 {
		result.warn(Problem{Line: l.line, What: alerting.Say("import.no-places", "there is no column places; %s", onlyByName())})
	}
	w := &peopleWriter{a: a, result: &result}
	in := intake[*newPerson]{lines: l, result: &result, report: o.Report, lot: sortLot, parse: p.person}
	w.progress = in.progress
	in.write = func(lot []*newPerson) error { return w.lot(ctx, lot) }
	if err := in.run(); err != nil {
		return result, fmt.Errorf("import people: %w", err)
	}
	if err := a.analyze(ctx, peopleTables()...); err != nil {
		return result, fmt.Errorf("import people: %w", err)
	}
	return result, nil
}

func peopleTables() []string {
	return []string{"people", "addresses", "opt_outs", "places", "place_codes"}
}

// analyze counts tables anew: without it PostgreSQL may sort the whole of a range for every lot of rows.
func (a *Audience) analyze(ctx context.Context, tables ...string) error {
	for _, table := range tables {
		err := a.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.ExecContext(ctx, "ANALYZE ?", bun.Ident(table))
			return err
		})
		if err != nil {
			return fmt.Errorf("analyze %s: %w", table, err)
		}
	}
	return nil
}

// peopleParser turns lines into people.
type peopleParser struct {
	a                           *Audience
	o                           ImportOptions
	result                      *Result
	ref, language, wants, check int
	channels                    [3]int
	places                      []int
}

func (a *Audience) newPeopleParser(l *lines, o ImportOptions, result *Result) *peopleParser {
	p := &peopleParser{a: a, o: o, result: result, ref: l.column("person"), language: l.column("language"),
		wants: l.column("wants"), check: l.column("verified")}
	for i, ch := range alerting.PeopleChannels() {
		p.channels[i] = l.column(string(ch))
	}
	for i, name := range l.header {
		if rest, ok := strings.CutPrefix(name, "place"); ok && (rest == "s" || strings.Trim(rest, "0123456789") == "") {
			p.places = append(p.places, i)
		}
	}
	return p
}

// person reads the line that l holds.
func (p *peopleParser) person(l *lines) (*newPerson, error) {
	one := &newPerson{line: l.line, ref: l.field(p.ref)}
	if one.ref == "" {
		return nil, &columnError{"person", amiss("import.person-empty", "it is empty; give each person a reference of his own")}
	}
	if len(one.ref) > 200 {
		return nil, &columnError{"person", amiss("import.person-long", "it is longer than 200 bytes")}
	}
	var err error
	if one.language, err = parseLanguage(l.field(p.language)); err != nil {
		return nil, &columnError{"language", err}
	}
	if one.wants, err = parseWants(l.field(p.wants)); err != nil {
		return nil, &columnError{"wants", err}
	}
	if one.verified, err = parseYes(l.field(p.check), p.o.Verified); err != nil {
		return nil, &columnError{"verified", err}
	}
	for _, column := range p.places {
		if one.places, err = parsePlaces(l.field(column), one.places); err != nil {
			return nil, &columnError{l.header[column], err}
		}
	}
	one.places = distinct(one.places)
	if len(one.places) > maxPlaces {
		return nil, &columnError{"places", amiss("import.places", "%d places are too many; at most %d are kept", len(one.places), maxPlaces)}
	}
	for i, column := range p.channels {
		if text := l.field(column); text != "" {
			if err := p.address(&one.addresses[i], alerting.PeopleChannels()[i], text); err != nil {
				return nil, &columnError{l.header[column], err}
			}
		}
	}
	if len(one.places) == 0 && len(p.places) > 0 {
		p.result.warn(Problem{Line: l.line, Column: l.header[p.places[0]], What: alerting.Say("import.places-empty", "it is empty; %s", onlyByName())})
	}
	return one, nil
}

// onlyByName is what it means to have no place.
func onlyByName() string {
	return alerting.Say("import.only-by-name", "whoever has no place is told only of alerts that name him")
}

// maxPlaces bounds the places of one person, so that one person fits into a transaction.
const maxPlaces = 100

// distinct leaves each cell and code once, with the lowest severity.
func distinct(places []place) []place {
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.cell, b.cell), cmp.Compare(a.min, b.min))
	})
	return slices.CompactFunc(places, func(a, b place) bool { return a.code == b.code && a.cell == b.cell })
}

// address checks, seals and hashes one address.
func (p *peopleParser) address(into *newAddress, ch alerting.Channel, text string) error {
	clear, normal := text, ""
	var err error
	switch ch {
	case alerting.SMS:
		clear, err = phone(text, p.o.Region)
		normal = clear
	case alerting.Push:
		clear, normal, err = push(text)
	case alerting.Mail:
		clear, err = mailbox(text)
		normal = strings.ToLower(clear)
	}
	if err != nil {
		return err
	}
	*into = p.a.sealed(ch, clear, normal)
	return nil
}
