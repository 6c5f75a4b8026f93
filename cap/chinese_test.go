package cap

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// TestEveryRuleSpeaksChinese: whatever its message is, each rule of each profile, of the decoder and of the tolerant door has one.
func TestEveryRuleSpeaksChinese(t *testing.T) {
	table, err := ReadTranslation(chineseTable)
	if err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]bool)
	for _, p := range Profiles() {
		for _, r := range p.Rules {
			ids[r.ID] = true
		}
	}
	for _, r := range FormRules() {
		ids[r.ID] = true
	}
	for _, r := range Tolerances() {
		ids[r.ID] = true
	}
	for id := range ids {
		text, ok := table.Of(Finding{ID: id, Message: "a message that nobody has written yet"})
		if !ok || !strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%s says %q", id, text)
		}
	}
	// A row that no rule has is a slip of the pen.
	for id := range table.byID {
		rest, any := strings.CutPrefix(id, "*.")
		used := id == "*" || ids[id] || strings.HasPrefix(id, "chain.") || strings.HasPrefix(id, "territory.")
		for known := range ids {
			_, tail, _ := strings.Cut(known, ".")
			used = used || any && tail == rest
		}
		if !used {
			t.Errorf("there is no rule %s", id)
		}
	}
}

// TestMessagesInChinese: what stands in the English message stands in the Chinese one.
func TestMessagesInChinese(t *testing.T) {
	for _, row := range []struct{ id, english, tag, want string }{
		{"core.severity.value", `"severe" must be written Severe: case and blanks count`, "zh-CN", `"severe" 应写作 Severe：区分大小写，前后不得有空格`},
		{"core.severity.value", "the element is missing or empty: write one of Extreme, Severe", "zh", "该要素缺失或为空：请填写下列值之一：Extreme, Severe"},
		{"core.headline.length", "the headline has 200 characters, and receivers cut it after about 160: shorten it", "zh", "标题共 200 个字，接收端大约只显示前 160 个：请精简"},
		{"core.headline.length", "some day it says something else", "zh", "标题过长，接收端会截断：请精简到 160 字以内"},
		{"core.headline.length", "some day it says something else", "en", "some day it says something else"},
		{"china.expires.required", "the element is missing: the profile asks for it", "ZH", "缺少该要素：本行业规范要求填写"},
		{"nobody.knows", "what this is", "zh", "what this is"},
	} {
		if got := (Finding{ID: row.id, Message: row.english}).In(row.tag); got != row.want {
			t.Errorf("%s in %s: %q, want %q", row.id, row.tag, got, row.want)
		}
	}
	for _, line := range []string{"core.x\tone %s\t一", "core.x\t一", "\tone\t一"} {
		if _, err := ReadTranslation(line); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
}

// TestFixturesInChinese: every finding on the documents of testdata has Chinese text.
func TestFixturesInChinese(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	looked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		at := strings.Index(string(text), "<")
		for _, p := range Profiles() {
			_, found := Read(text[at:], Options{Profile: p})
			_, strict := ParseAll(text[at:], Options{Profile: p})
			for _, f := range append(found, strict...) {
				looked++
				if f.In("zh") == f.Message {
					t.Errorf("%s: %s has no Chinese: %s", file, f.ID, f.Message)
				}
			}
		}
	}
	if looked < 100 {
		t.Errorf("only %d findings", looked)
	}
}
