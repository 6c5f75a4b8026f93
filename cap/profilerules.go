package cap

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// book makes the rules that several profiles share, each with the ID and source of its own.
type book struct{ id, source string }

func (b book) rule(id, element string, level Level, title string, check func(*Alert, Report)) Rule {
	return Rule{b.id + "." + id, b.source + ", " + element, level, title, check}
}

// tells reports whether an alert speaks to the public: acknowledgements and errors speak to systems.
func tells(a *Alert) bool {
	return a.MsgType == MsgAlert || a.MsgType == MsgUpdate || a.MsgType == MsgCancel
}

func (b book) infoRequired() Rule {
	return b.rule("info.required", "info", LevelError, "An Alert, Update or Cancel has an info.", onAlert("", func(a *Alert) string {
		if tells(a) && len(a.Infos) == 0 {
			return "there is no info: the profile asks for one in every Alert, Update and Cancel"
		}
		return ""
	}))
}

func (b book) areaRequired() Rule {
	return b.rule("area.required", "area", LevelError, "Every info has an area.", onInfo("", func(_ *Alert, i *Info) string {
		if len(i.Areas) == 0 {
			return "the info has no area: the profile asks for one"
		}
		return ""
	}))
}

func (b book) referencesRequired() Rule {
	return b.rule("references.required", "references", LevelError, "An Update or Cancel names the messages it speaks of.",
		onAlert("/references", func(a *Alert) string {
			if len(a.References) == 0 && (a.MsgType == MsgUpdate || a.MsgType == MsgCancel) {
				return fmt.Sprintf("msgType is %s: the profile asks for the messages it speaks of as sender,identifier,sent", a.MsgType)
			}
			return ""
		}))
}

// filled asks for an element of info that the standard leaves optional; the rule's ID has its name as sender-name.
func (b book) filled(name string, level Level, get func(i *Info) string) Rule {
	return b.rule(strings.ReplaceAll(name, "N", "-n")+".required", name, level, "Every info has a "+name+".", onInfo("/"+name, func(_ *Alert, i *Info) string {
		if blank(get(i)) {
			return "the element is missing or blank: the profile asks for it"
		}
		return ""
	}))
}

func senderName(i *Info) string  { return i.SenderName }
func description(i *Info) string { return i.Description }
func instruction(i *Info) string { return i.Instruction }

func (b book) expires(level Level) Rule {
	return b.rule("expires.required", "expires", level, "Every info says when it expires.", onInfo("/expires", func(_ *Alert, i *Info) string {
		if i.Expires.IsZero() {
			return "the element is missing: the profile asks for it"
		}
		return ""
	}))
}

func (b book) responseType(level Level) Rule {
	return b.rule("response-type.required", "responseType", level, "Every info has a responseType.", onInfo("/responseType", func(_ *Alert, i *Info) string {
		if len(i.ResponseTypes) == 0 {
			return "the element is missing: the profile asks for it"
		}
		return ""
	}))
}

// sameCategories asks that all infos speak of one kind of event.
func (b book) sameCategories() Rule {
	return b.sameInAll("category.same", "category", func(one, other *Info) bool { return sameSet(one.Categories, other.Categories) })
}

func (b book) sameEventCodes() Rule {
	return b.sameInAll("event-code.same", "eventCode", func(one, other *Info) bool { return sameSet(one.EventCodes, other.EventCodes) })
}

func (b book) sameInAll(id, element string, same func(one, other *Info) bool) Rule {
	return b.rule(id, element, LevelError, "The "+element+" elements are the same in all infos.", func(a *Alert, report Report) {
		for i := 1; i < len(a.Infos); i++ {
			if !same(&a.Infos[0], &a.Infos[i]) {
				report(infoPath(i), "the "+element+" elements differ from those of the first info: the profile asks for the same in all")
			}
		}
	})
}

// sameSet compares two short lists without regard to order.
func sameSet[T comparable](one, other []T) bool {
	holds := func(all, some []T) bool {
		return !slices.ContainsFunc(some, func(v T) bool { return !slices.Contains(all, v) })
	}
	return holds(one, other) && holds(other, one)
}

// sameEvent asks that infos of one language name one event.
func (b book) sameEvent(level Level) Rule {
	return b.rule("event.same", "event", level, "The infos of one language name the same event.", func(a *Alert, report Report) {
		for i := 1; i < len(a.Infos); i++ {
			for k := range i {
				if strings.EqualFold(languageOf(&a.Infos[k]), languageOf(&a.Infos[i])) && a.Infos[k].Event != a.Infos[i].Event {
					report(infoPath(i)+"/event", fmt.Sprintf("info %d is in the same language and names another event: the profile asks for one event an alert", k+1))
					break
				}
			}
		}
	})
}

// shapes prefers shapes to codes.
func (b book) shapes() Rule {
	return b.rule("area.shape", "polygon, circle", LevelAdvice, "Every area has a polygon or circle.", onArea("", func(ar *Area) string {
		if len(ar.Polygons)+len(ar.Circles) == 0 {
			return "the area has no polygon or circle: the profile prefers them to geocodes"
		}
		return ""
	}))
}

// rated advises against Unknown.
func (b book) rated() Rule {
	return b.rule("grade.unknown", "urgency, severity, certainty", LevelAdvice, "Urgency, severity and certainty are not Unknown.", func(a *Alert, report Report) {
		for i := range a.Infos {
			info := &a.Infos[i]
			for _, one := range []named{{"urgency", string(info.Urgency)}, {"severity", string(info.Severity)}, {"certainty", string(info.Certainty)}} {
				if one.text == "Unknown" {
					report(infoPath(i)+"/"+one.name, "Unknown tells receivers nothing to go by: the profile advises to decide")
				}
			}
		}
	})
}

// longest bounds a text in characters.
func (b book) longest(name string, most int, get func(i *Info) string) Rule {
	return b.rule(name+".length", name, LevelAdvice, fmt.Sprintf("The %s has at most %d characters.", name, most), onInfo("/"+name, func(_ *Alert, i *Info) string {
		if n := utf8.RuneCountInString(get(i)); n > most {
			return fmt.Sprintf("the text has %d characters, and the profile advises %d at most: shorten it", n, most)
		}
		return ""
	}))
}

// values counts the values that have a name; name decides about a valueName.
func values(list []Value, name func(string) bool) (found []Value) {
	for _, v := range list {
		if name(v.Name) {
			found = append(found, v)
		}
	}
	return found
}

// digits reports whether a text is decimal digits, and one of the lengths.
func digits(text string, lengths ...int) bool {
	return slices.Contains(lengths, len(text)) && number(text) >= 0
}

// mailAddress reports whether a text looks like a mail address.
func mailAddress(text string) bool {
	local, host, found := strings.Cut(text, "@")
	return found && local != "" && strings.Contains(host, ".") && !strings.Contains(host, "@")
}
