package cap

import (
	"strings"
	"unicode"
)

// tongue is a language whose warnings can be judged here.
type tongue uint8

const (
	foreign tongue = iota
	english
	chinese
)

// tongueOf says in which language an info is written, by its tag and by its text: many alerts state no language, and are
// not in English all the same.
func tongueOf(i *Info) tongue {
	switch strings.ToLower(primary(languageOf(i))) {
	case "en":
		if looksEnglish(i.Headline)+looksEnglish(i.Description)+looksEnglish(i.Instruction) >= 2 {
			return english
		}
	case "zh", "cmn", "yue":
		if hasHan(i.Headline) || hasHan(i.Description) || hasHan(i.Instruction) {
			return chinese
		}
	}
	return foreign
}

func hasHan(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// looksEnglish counts the words that hardly any other language has.
func looksEnglish(text string) int {
	n := 0
	anyWord(text, func(word string) bool {
		switch word {
		case "the", "of", "and", "or", "is", "are", "you", "your", "to", "for", "with", "from", "not", "will", "has", "have", "this",
			"that", "at", "by", "stay", "warning", "until", "near", "all", "be", "above", "now", "leave":
			n++
		}
		return n >= 2
	})
	return n
}

// maxWord is longer than any word that is looked for, in bytes.
const maxWord = 24

// anyWord calls found for each word of Latin letters and digits, in lower case, until it says true.
func anyWord(text string, found func(word string) bool) bool {
	var word [maxWord]byte
	n := 0
	for i := 0; i <= len(text); i++ {
		c := byte(' ')
		if i < len(text) {
			c = text[i]
		}
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '\'', c >= 0x80:
		default:
			if n > 0 && n < maxWord && found(string(word[:n])) {
				return true
			}
			n = 0
			continue
		}
		if n < maxWord {
			word[n] = c
			n++
		}
	}
	return false
}

// anyOf reports whether a text holds one of the pieces.
func anyOf(text string, pieces ...string) bool {
	for _, piece := range pieces {
		if strings.Contains(text, piece) {
			return true
		}
	}
	return false
}

// drillWord is the word by which a text calls itself a test or an exercise; empty when it does not.
func drillWord(text string) string {
	for _, piece := range []string{"演练", "演习", "测试"} {
		if strings.Contains(text, piece) {
			return piece
		}
	}
	said := ""
	anyWord(text, func(word string) bool {
		switch word {
		case "test", "exercise", "drill":
			said = word
		}
		return said != ""
	})
	return said
}

// sourceWord are words that stand in the name of who warns.
func sourceWord(word string) bool {
	switch word {
	case "agency", "authority", "authorities", "board", "bureau", "centre", "center", "commission", "council", "department",
		"directorate", "government", "institute", "ministry", "office", "police", "sheriff", "service", "services", "brigade",
		"administration", "observatory", "survey", "issued", "nws", "headquarters", "mayor", "governor":
		return true
	}
	return false
}

// placeWord are words that name or point to a place.
func placeWord(word string) bool {
	switch word {
	case "river", "coast", "coastal", "lake", "valley", "island", "islands", "bay", "harbour", "harbor", "street", "road", "avenue",
		"highway", "bridge", "city", "town", "village", "county", "district", "province", "state", "region", "municipality", "parish",
		"borough", "park", "forest", "mountain", "mountains", "north", "south", "east", "west", "northern", "southern", "eastern",
		"western", "downtown", "upstream", "downstream", "miles", "kilometres", "kilometers", "km", "nationwide", "statewide", "quay":
		return true
	}
	return false
}

// timeWord are words that say when.
func timeWord(word string) bool {
	switch word {
	case "now", "immediately", "today", "tonight", "tomorrow", "until", "morning", "noon", "afternoon", "evening", "night",
		"midnight", "hour", "hours", "hrs", "minute", "minutes", "day", "days", "week", "weekend", "monday", "tuesday", "wednesday",
		"thursday", "friday", "saturday", "sunday", "am", "pm", "utc", "gmt", "currently", "ongoing", "soon", "once", "already",
		"overnight", "o'clock":
		return true
	}
	return false
}

// actionWord are words that tell somebody to do something, or not to.
func actionWord(word string) bool {
	switch word {
	case "abandon", "alert", "assist", "avoid", "be", "beware", "board", "boil", "bring", "call", "cancel", "carry", "check",
		"clear", "climb", "close", "conserve", "contact", "cover", "delay", "do", "don't", "drink", "drive", "drop", "dress",
		"evacuate", "exit", "expect", "fill", "find", "flee", "follow", "get", "give", "go", "heed", "help", "hold", "inspect", "isolate", "keep",
		"leave", "limit", "listen", "lock", "look", "make", "minimize", "minimise", "monitor", "move", "must", "never", "observe", "obey", "open",
		"pack", "park", "plan", "postpone", "prepare", "protect", "pull", "put", "reach", "read", "reduce", "refrain", "remain", "remove",
		"report", "rescue", "return", "run", "secure", "see", "seek", "shelter", "should", "shut", "slow", "stand", "stay", "stop", "store",
		"take", "tell", "tie", "travel", "tune", "turn", "unplug", "use", "visit", "wait", "walk", "warn", "wash", "watch", "wear":
		return true
	}
	return false
}
