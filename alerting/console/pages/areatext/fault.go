package areatext

import "fmt"

// Fault is one thing that is wrong in a text.
type Fault struct {
	// Line is counted from 1.
	Line             int
	English, Chinese string
}

// In is the fault with its line, in Chinese for "zh", otherwise in English.
func (f Fault) In(language string) string {
	if language == "zh" {
		return fmt.Sprintf("第 %d 行：%s", f.Line, f.Chinese)
	}
	return fmt.Sprintf("line %d: %s", f.Line, f.English)
}

// maxFaults bounds what is said of one text; then reading ends.
const maxFaults = 20

// words say one thing in both languages, with the same arguments.
type words struct{ english, chinese string }

func (w words) fault(line int, args ...any) Fault {
	return Fault{line, fmt.Sprintf(w.english, args...), fmt.Sprintf(w.chinese, args...)}
}

// shortened keeps a message short whatever the text holds.
func shortened(text string) string {
	runes := []rune(text)
	if len(runes) > 30 {
		return string(runes[:30]) + "…"
	}
	return text
}
