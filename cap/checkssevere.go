package cap

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// severe reports whether an info warns of grave danger: then every word counts.
func severe(a *Alert, i *Info) bool {
	if a.MsgType != MsgAlert && a.MsgType != MsgUpdate || i.Urgency == Past {
		return false
	}
	if len(i.ResponseTypes) == 1 && i.ResponseTypes[0] == AllClear {
		return false
	}
	return i.Severity == Extreme || i.Severity == Severe
}

// anyText reports whether one of the three texts that people read holds something.
func (i *Info) anyText(holds func(text string) bool) bool {
	return holds(i.Headline) || holds(i.Description) || holds(i.Instruction)
}

// wordless reports whether there is no text at all: then what it lacks is not worth a line each.
func (i *Info) wordless() bool {
	return blank(i.Headline) && blank(i.Description) && blank(i.Instruction)
}

func adviseSource(a *Alert, i *Info) string {
	if !severe(a, i) || !blank(i.SenderName) {
		return ""
	}
	named := false
	switch tongueOf(i) {
	case english:
		named = i.anyText(func(text string) bool { return anyWord(text, sourceWord) })
	case chinese:
		named = i.anyText(func(text string) bool {
			return anyOf(text, "气象台", "气象局", "政府", "指挥部", "应急", "公安", "委员会", "水利", "中心", "办公室", "发布", "部门", "消防")
		})
	case foreign:
		return "there is no senderName: people heed a warning when they know who warns; name the office as people call it"
	}
	if named {
		return ""
	}
	return "there is no senderName, and the text does not say who warns: people heed a warning when they know; name the office as people call it"
}

func advisePlace(a *Alert, i *Info) string {
	if !severe(a, i) || i.wordless() || len(i.Areas) == 0 {
		return ""
	}
	language := tongueOf(i)
	if language == foreign || i.anyText(func(text string) bool { return namesPlace(language, text, i) }) {
		return ""
	}
	return fmt.Sprintf("headline, description and instruction name no place, not even %q of areaDesc: people must see that it is about them; name it",
		clip(i.Areas[0].Description))
}

func namesPlace(language tongue, text string, i *Info) bool {
	if text == "" {
		return false
	}
	if language == chinese {
		if anyOf(text, "省", "市", "县", "区", "镇", "乡", "村", "街道", "河", "湖", "江", "海", "岸", "流域", "山", "水库", "沿线", "附近", "地") {
			return true
		}
	} else if anyWord(text, placeWord) || afterPreposition(text) {
		return true
	}
	for k := range i.Areas {
		if sharesWord(i.Areas[k].Description, text) {
			return true
		}
	}
	return false
}

// afterPreposition finds a name after a word of place, as in "near Springfield".
func afterPreposition(text string) bool {
	pointed := false
	for word := range strings.FieldsSeq(text) {
		first, _ := utf8.DecodeRuneInString(word)
		if pointed && unicode.IsUpper(first) {
			return true
		}
		switch word {
		case "in", "near", "at", "around", "across", "along", "for", "of", "over", "from", "between", "towards", "toward", "In", "Near", "At", "For":
			pointed = true
		case "the":
		default:
			pointed = false
		}
	}
	return false
}

// sharesWord reports whether a text names a piece of a place's description: a word of 4 letters or more, or two
// characters of Chinese.
func sharesWord(description, text string) bool {
	lower := strings.ToLower(text)
	for word := range strings.FieldsFuncSeq(strings.ToLower(description), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if hasHan(word) {
			previous := ""
			for _, r := range word {
				pair := previous + string(r)
				if previous != "" && strings.Contains(text, pair) {
					return true
				}
				previous = string(r)
			}
		} else if utf8.RuneCountInString(word) >= 4 && strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

func adviseTime(a *Alert, i *Info) string {
	if !severe(a, i) || i.wordless() {
		return ""
	}
	language := tongueOf(i)
	if language == foreign || i.anyText(func(text string) bool {
		return clockTime(text) || language == english && anyWord(text, timeWord) ||
			language == chinese && anyOf(text, "今", "明", "日", "时", "点", "分钟", "目前", "即", "现在", "未来", "已", "正在", "夜", "早", "晚", "周")
	}) {
		return ""
	}
	return "headline, description and instruction name no time: say when it begins, until when it lasts, or that people must act now"
}

// clockTime finds a time of day such as 18:00, 6.30 or 1830.
func clockTime(text string) bool {
	digits := 0
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			if digits++; digits == 4 && (i+1 == len(text) || text[i+1] == ' ') {
				return true
			}
		case c == ':' && (digits == 1 || digits == 2) && i+2 < len(text) && text[i+1] >= '0' && text[i+1] <= '5':
			return true
		default:
			digits = 0
		}
	}
	return false
}

func adviseAction(a *Alert, i *Info) string {
	if !severe(a, i) {
		return ""
	}
	asked := false
	for _, r := range i.ResponseTypes {
		asked = asked || r != "None" && r != "Assess"
	}
	if blank(i.Instruction) {
		switch {
		case asked:
			return fmt.Sprintf("there is no instruction, so people are told no more than %s: say in words what to do", i.ResponseTypes[0])
		case !i.anyText(tellsToAct(tongueOf(i))):
			return "there is no instruction and no responseType, so nobody is told what to do: say it"
		}
		return ""
	}
	language := tongueOf(i)
	if language == foreign || i.anyText(tellsToAct(language)) {
		return ""
	}
	return "the instruction holds none of the words that usually tell people to do something: say plainly what to do, such as leave, stay inside or keep away"
}

// tellsToAct finds the words of a language that ask for something to be done.
func tellsToAct(language tongue) func(text string) bool {
	return func(text string) bool {
		switch language {
		case english:
			return anyWord(text, actionWord)
		case chinese:
			return anyOf(text, "请", "撤", "转移", "避", "远离", "不要", "勿", "停止", "关", "前往", "留在", "注意", "防", "做好", "加固", "检查", "疏散",
				"减少", "禁止", "应", "切断", "收听", "拨打", "保持", "转入", "躲")
		}
		return false
	}
}

func adviseInstruction(a *Alert, i *Info) string {
	if severe(a, i) && sameWords(i.Instruction, i.Description) {
		return "the instruction is the same as the description: say in it what to do, and in the description what happens"
	}
	return ""
}

func adviseHeadline(a *Alert, i *Info) string {
	if severe(a, i) && sameWords(i.Headline, i.Description) {
		return "the headline is the same as the description, so whoever reads on learns nothing: say in the description what happens, where and until when"
	}
	return ""
}

// sameWords compares two texts without regard to case and blanks. Blank texts are the same as nothing.
func sameWords(a, b string) bool {
	if blank(a) {
		return false
	}
	for {
		wordA, restA := nextWord(a)
		wordB, restB := nextWord(b)
		if !strings.EqualFold(wordA, wordB) {
			return false
		}
		if wordA == "" {
			return true
		}
		a, b = restA, restB
	}
}
