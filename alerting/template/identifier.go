package template

import (
	"encoding/base32"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// DefaultIdentifier gives identifiers that sort by time.
const DefaultIdentifier = "{time}-{random}"

// CheckIdentifier says what is wrong with a pattern of identifiers. It holds at least {time} or {local}, so that they sort,
// and {random} or {digit}, so that no two of a second are alike:
//
//	{time}      20260501T100000Z, in UTC
//	{local}     20260501120000, in the office's zone
//	{random}    16 letters and digits: 80 random bits
//	{digit}     one random digit, for forms that have no room for more. Of two alerts of one second every tenth pair is then
//	            alike; the desk refuses the second of them
//	{template}  the id of the template
//
// CAP 1.2 §3.2.1: an identifier holds no blank, comma, < or &.
func CheckIdentifier(pattern string) error {
	p, err := parsePattern(pattern)
	if err != nil {
		return err
	}
	if strings.ContainsAny(pattern, " \t\r\n,<&") || wordsFault(pattern, false) != "" {
		return amiss("slot.identifier", "%s: an identifier holds no blank, comma, < or &", shown(pattern))
	}
	slots := p.Slots()
	known := []string{"time", "local", "random", "digit", "template"}
	for _, name := range slots {
		if !slices.Contains(known, name) {
			return amiss("slot.identifier-slot", "{%s} stands for nothing here: want some of {%s}", name, strings.Join(known, "}, {"))
		}
	}
	if !slices.Contains(slots, "time") && !slices.Contains(slots, "local") {
		return amiss("slot.identifier-time", "it must hold {time} or {local}, so that identifiers sort by time")
	}
	if !slices.Contains(slots, "random") && !slices.Contains(slots, "digit") {
		return amiss("slot.identifier-random", "it must hold {random} (or {digit}), so that no two identifiers are alike")
	}
	return nil
}

// NewIdentifier makes an identifier for a document of no template; {template} then stands for "free". An empty pattern is
// DefaultIdentifier.
func NewIdentifier(pattern string, now time.Time, random io.Reader) (string, error) {
	return identifierOf(pattern, "free", now, random)
}

// identifierOf makes an identifier.
func identifierOf(pattern, template string, now time.Time, random io.Reader) (string, error) {
	if pattern == "" {
		pattern = DefaultIdentifier
	}
	if err := CheckIdentifier(pattern); err != nil {
		return "", fmt.Errorf("the pattern of identifiers: %w", err)
	}
	p, err := parsePattern(pattern)
	if err != nil {
		return "", err
	}
	var dice [11]byte
	if _, err := io.ReadFull(random, dice[:]); err != nil {
		return "", fmt.Errorf("make an identifier: %w", err)
	}
	values := map[string]string{
		"time": now.UTC().Format("20060102T150405Z"), "local": now.Format("20060102150405"), "template": template,
		"random": strings.ToLower(base32.StdEncoding.EncodeToString(dice[:10])), "digit": string('0' + dice[10]%10),
	}
	return p.fill(func(slot string) string { return values[slot] }), nil
}
