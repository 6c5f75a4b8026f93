package cap

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The functions of this file are the checks of the table in rules.go, those of geometry excepted. Each returns what is
// wrong and what to write instead, or nothing.

func required(text string) string {
	if blank(text) {
		return "the element is missing or blank: fill it in"
	}
	return ""
}

// oneOf checks a code value: case counts, and blanks around it are not taken away (§3.4).
func oneOf[T ~string](value T, allowed ...T) string {
	if slices.Contains(allowed, value) {
		return ""
	}
	names := make([]string, len(allowed))
	for i, name := range allowed {
		names[i] = string(name)
		if strings.EqualFold(names[i], trim(string(value))) {
			return fmt.Sprintf("%q must be written %s: case and blanks count", clip(string(value)), name)
		}
	}
	if value == "" {
		return "the element is missing or empty: write one of " + strings.Join(names, ", ")
	}
	return fmt.Sprintf("%q is not one of the values: write one of %s", clip(string(value)), strings.Join(names, ", "))
}

// nameFault checks identifier and sender: they are parts of references.
func nameFault(text string) string {
	if strings.ContainsAny(text, ",<&") || strings.ContainsFunc(text, isBlankRune) {
		return fmt.Sprintf("%q holds a blank, a comma, < or &: leave them out", clip(text))
	}
	return ""
}

func isBlankRune(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == 0xA0 }

func sentRequired(a *Alert) string {
	if a.Sent.IsZero() {
		return "the element is missing: " + timeForm
	}
	return ""
}

func scopeValue(a *Alert) string {
	if a.Version == "1.0" && a.Scope == "" {
		return ""
	}
	return oneOf(a.Scope, ScopePublic, ScopeRestricted, ScopePrivate)
}

func restrictionRequired(a *Alert) string {
	if a.Scope == ScopeRestricted && blank(a.Restriction) {
		return "the scope is Restricted: say to whom it is restricted"
	}
	return ""
}

func restrictionScope(a *Alert) string {
	if a.Scope != ScopeRestricted && !blank(a.Restriction) {
		return "a restriction needs the scope Restricted: set that scope, or leave the restriction out"
	}
	return ""
}

func addressesRequired(a *Alert) string {
	if a.Scope == ScopePrivate && len(a.Addresses) == 0 {
		return "the scope is Private: name the recipients"
	}
	return ""
}

func addressesScope(a *Alert) string {
	if a.Scope != ScopePrivate && len(a.Addresses) > 0 {
		return "addresses do not limit the recipients unless the scope is Private: set that scope, or leave them out"
	}
	return ""
}

// namesFault checks what addresses and incidents can express.
func namesFault(names []string) string {
	for _, name := range names {
		if blank(name) || strings.Contains(name, `"`) {
			return fmt.Sprintf("%q is blank or holds a double quote: leave it out", clip(name))
		}
	}
	return ""
}

func referencesRequired(a *Alert) string {
	if len(a.References) == 0 && (a.MsgType == MsgCancel || a.MsgType == MsgError) {
		return fmt.Sprintf("msgType is %s: name the messages it speaks of as sender,identifier,sent", a.MsgType)
	}
	return ""
}

func referencesAdvised(a *Alert) string {
	if len(a.References) == 0 && (a.MsgType == MsgUpdate || a.MsgType == MsgAck) {
		return fmt.Sprintf("msgType is %s, and without references it speaks of no message: name them as sender,identifier,sent", a.MsgType)
	}
	return ""
}

func referenceFault(_ *Alert, r Reference) string {
	for _, name := range []string{r.Sender, r.Identifier} {
		if message := nameFault(name); message != "" {
			return "is malformed: " + message
		}
	}
	switch {
	case r.Sender == "" || r.Identifier == "" || r.Sent.IsZero():
		return "is incomplete: give sender, identifier and sent"
	case timeFault(r.Sent) != "":
		return "is malformed: " + timeFault(r.Sent)
	}
	return ""
}

func selfReference(a *Alert, r Reference) string {
	if r.Identifier == a.Identifier && r.Sender == a.Sender && r.Sent.Equal(a.Sent) {
		return "names the message itself: name the earlier one"
	}
	return ""
}

func reusedIdentifier(a *Alert, r Reference) string {
	if r.Identifier == a.Identifier && r.Sender == a.Sender && !r.Sent.Equal(a.Sent) {
		return "has the identifier of the message itself: give every message one of its own"
	}
	return ""
}

func postdatedReference(a *Alert, r Reference) string {
	if r.Sent.After(a.Sent) {
		return "was sent later than the message itself: check both times"
	}
	return ""
}

func infoRequired(a *Alert) string {
	if len(a.Infos) == 0 && (a.MsgType == MsgAlert || a.MsgType == MsgUpdate) {
		return "there is no info, so nobody can be told anything: add one"
	}
	return ""
}

// languageTag is xs:language, that is the syntax of RFC 3066.
var languageTag = regexp.MustCompile(`^[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*$`)

func languageSyntax(_ *Alert, i *Info) string {
	if i.Language != "" && !languageTag.MatchString(i.Language) {
		return fmt.Sprintf("%q is not a language tag: write one such as en-GB or fr", clip(i.Language))
	}
	return ""
}

func languageCode(_ *Alert, i *Info) string {
	primary, _, _ := strings.Cut(i.Language, "-")
	if len(primary) > 3 && languageTag.MatchString(i.Language) {
		return fmt.Sprintf("%q does not begin with a language code of two or three letters: write one such as en-GB or fr", i.Language)
	}
	return ""
}

func categoryRequired(a *Alert, i *Info) string {
	if len(i.Categories) == 0 && a.Version != "1.0" {
		return "the element is missing: write one of Geo, Met, Safety, Security, Rescue, Fire, Health, Env, Transport, Infra, CBRNE, Other"
	}
	return ""
}

func expiresOrder(a *Alert, i *Info) string {
	switch {
	case i.Expires.IsZero():
		return ""
	case !i.Expires.After(a.Sent):
		return "the alert expires no later than it says it was sent: whoever goes by sent takes it for over; check both times"
	case !i.Effective.IsZero() && !i.Expires.After(i.Effective):
		return "the alert expires before it is effective, so there is no time at which it holds: check both times"
	}
	return ""
}

func onsetOrder(_ *Alert, i *Info) string {
	if !i.Onset.IsZero() && !i.Expires.IsZero() && i.Onset.After(i.Expires) {
		return "the event begins after the alert expires: check both times"
	}
	return ""
}

func webAbsolute(_ *Alert, i *Info) string {
	if i.Web != "" && !absolute(i.Web) {
		return fmt.Sprintf("%q is not a full address: write one such as https://example.org/page", clip(i.Web))
	}
	return ""
}

// absolute reports whether a text is an absolute URI. Blanks at its ends would not survive the schema's type anyURI.
func absolute(text string) bool {
	u, err := url.Parse(text)
	if err != nil || !u.IsAbs() || trim(text) != text {
		return false
	}
	return u.Host != "" || u.Scheme != "http" && u.Scheme != "https"
}

func valueNameBlank(v Value) string {
	if blank(v.Name) {
		return "the name is blank, so nobody can know what the value means: name it"
	}
	return ""
}

func valueBlank(v Value) string {
	if blank(v.Value) {
		return "the value is blank: fill it in or leave the whole element out"
	}
	return ""
}

// mimeType is the content type of RFC 2046: type/subtype, with parameters at most.
var mimeType = regexp.MustCompile(`^[a-zA-Z0-9!#$&^_.+-]+/[a-zA-Z0-9!#$&^_.+-]+([ \t]*;.*)?$`)

func mimeTypeFault(a *Alert, r *Resource) string {
	old := a.Version == "1.0" || a.Version == "1.1"
	if !mimeType.MatchString(r.MIMEType) && (r.MIMEType != "" || !old) {
		return fmt.Sprintf("%q is not a MIME type: write one such as image/png", clip(r.MIMEType))
	}
	return ""
}

func sizeFault(_ *Alert, r *Resource) string {
	if r.Size != nil && *r.Size < 0 {
		return "the size is negative: write the number of bytes"
	}
	return ""
}

func uriFault(_ *Alert, r *Resource) string {
	if r.URI == "" || absolute(r.URI) {
		return ""
	}
	if u, err := url.Parse(r.URI); err != nil || u.IsAbs() || trim(r.URI) != r.URI {
		return fmt.Sprintf("%q is not a URI: write one such as https://example.org/map.png", clip(r.URI))
	}
	if r.DerefURI == "" {
		return fmt.Sprintf("%q is relative and there is no derefUri that it could name: write a full address", clip(r.URI))
	}
	return ""
}

func derefURIFault(_ *Alert, r *Resource) string {
	digits, padding := 0, 0
	for i := range len(r.DerefURI) {
		switch c := r.DerefURI[i]; {
		case isSpace(c):
		case c == '=' && padding < 2:
			padding++
		case padding == 0 && (c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/'):
			digits++
		default:
			return "the content is not base 64: encode it by RFC 4648 §4"
		}
	}
	if (digits+padding)%4 != 0 {
		return "the content is cut off: base 64 comes in groups of four"
	}
	return ""
}

// sha1Hex is a digest as FIPS 180-2 has it, in hexadecimal.
var sha1Hex = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

func digestFault(_ *Alert, r *Resource) string {
	if r.Digest != "" && !sha1Hex.MatchString(r.Digest) {
		return "the digest is not an SHA-1 in 40 hexadecimal digits: write that, or leave it out"
	}
	return ""
}

// controlFault finds characters that XML cannot carry, and control characters: DEL and U+0080 to U+009F are mostly
// Windows letters that were decoded wrongly, and break text messages.
func controlFault(text string) string {
	for i, r := range text {
		if r >= 0x20 && r < 0x7F || r == '\t' || r == '\n' || r == '\r' {
			continue
		}
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return "the text is not UTF-8: encode it so"
			}
		}
		if r < 0xA0 || !isXMLChar(r) {
			return fmt.Sprintf("the text holds the control character U+%04X: remove it", r)
		}
	}
	return ""
}

// bidiFault finds characters that overrule the direction of the text around them, so that it reads unlike it is stored.
func bidiFault(text string) string {
	for _, r := range text {
		if r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 {
			return fmt.Sprintf("the text holds U+%04X, which turns the direction of reading: remove it", r)
		}
	}
	return ""
}
