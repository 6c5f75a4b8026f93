package cap

import (
	"fmt"
	"strings"
)

// tagFault finds tags of HTML. A < that begins no known tag is left alone: "wind < 20 km/h".
func tagFault(text string) string {
	for rest := text; ; {
		at := strings.IndexByte(rest, '<')
		if at < 0 {
			return ""
		}
		rest = rest[at+1:]
		if name := tagName(rest); htmlTag(name) {
			return fmt.Sprintf("the text holds the HTML tag <%s>, which most receivers show as it stands: write plain text", name)
		}
	}
}

// tagName is the name of the tag that a text goes on with after its <, in lower case; empty when the tag has no end.
func tagName(text string) string {
	text = strings.TrimPrefix(text, "/")
	end := 0
	for end < len(text) && end < 12 && (text[end] >= 'a' && text[end] <= 'z' || text[end] >= 'A' && text[end] <= 'Z' || text[end] >= '0' && text[end] <= '9') {
		end++
	}
	tail := strings.IndexByte(text[end:], '>')
	if end == 0 || tail < 0 {
		return ""
	}
	// What follows the name is nothing, a slash, or attributes: "a<b and c>d" has none.
	if rest := text[end : end+tail]; trim(rest) != "" && trim(rest) != "/" && (!isSpace(rest[0]) || !strings.Contains(rest, "=")) {
		return ""
	}
	return strings.ToLower(text[:end])
}

func htmlTag(name string) bool {
	switch name {
	case "a", "abbr", "address", "article", "b", "blockquote", "body", "br", "button", "center", "code", "div", "em", "font", "form",
		"h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "i", "iframe", "img", "input", "label", "li", "link", "main",
		"meta", "nav", "ol", "option", "p", "pre", "s", "script", "section", "select", "small", "span", "strike", "strong", "style",
		"sub", "sup", "svg", "table", "tbody", "td", "textarea", "tfoot", "th", "thead", "title", "tr", "tt", "u", "ul", "video":
		return true
	}
	return false
}

// entityFault finds character references that are left after the document was read: they were escaped twice.
func entityFault(text string) string {
	for rest := text; ; {
		at := strings.IndexByte(rest, '&')
		if at < 0 {
			return ""
		}
		rest = rest[at+1:]
		if name := entityName(rest); name != "" {
			return fmt.Sprintf("the text holds &%s; as people would read it: write the character itself", name)
		}
	}
}

// entityName is the reference that a text goes on with after its &; empty when it is none.
func entityName(text string) string {
	end := strings.IndexByte(text[:min(len(text), 10)], ';')
	if end < 2 {
		return ""
	}
	name := text[:end]
	if digits, found := strings.CutPrefix(name, "#x"); found {
		return onlyOf(name, digits, "0123456789abcdefABCDEF")
	}
	if digits, found := strings.CutPrefix(name, "#"); found {
		return onlyOf(name, digits, "0123456789")
	}
	return onlyOf(name, name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
}

// onlyOf is the name when its part is made of the allowed characters alone.
func onlyOf(name, part, allowed string) string {
	if part == "" || strings.Trim(part, allowed) != "" {
		return ""
	}
	return name
}
