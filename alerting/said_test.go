package alerting

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestEverySentenceIsFoundAgain: what the catalogue says in English is found in a text that was kept, whatever stands in it.
func TestEverySentenceIsFoundAgain(t *testing.T) {
	table, err := readRefusals(refusalTable)
	if err != nil {
		t.Fatal(err)
	}
	same := make(map[string][]string) // what is said twice in English
	for _, s := range table.sentences {
		same[s.English] = append(same[s.English], s.Chinese)
	}
	looked := 0
	for code, s := range table.sentences {
		if !strings.Contains(code, ".") || formOf(s).own < leastSaid {
			continue
		}
		looked++
		var values []any
		for i, m := range saidVerb.FindAllStringSubmatch(s.English, -1) {
			if m[2] == "d" {
				values = append(values, 40+i)
			} else {
				values = append(values, fmt.Sprintf("x-%d", i))
			}
		}
		english := fmt.Sprintf(s.English, values...)
		var wants []string
		for _, chinese := range same[s.English] {
			wants = append(wants, fmt.Sprintf(chinese, values...))
		}
		for _, text := range []string{english, "draft d-1: forbidden: " + english} {
			if got := SaidIn("zh-CN", text); !slices.Contains(wants, got) {
				t.Errorf("%s: %q is %q, want %q", code, text, got, wants)
			}
		}
		if got := SaidIn("en", english); got != english {
			t.Errorf("%s in English is %q", code, got)
		}
	}
	if looked < 300 {
		t.Errorf("only %d sentences", looked)
	}
}

// TestKeptWordsInChinese: what is kept holds values, lists and sentences within sentences; what people wrote stays theirs.
func TestKeptWordsInChinese(t *testing.T) {
	held := Several{
		Refuse(nil, "beyond.people", "it reaches %d people, and %d are allowed", 12, 10),
		Refuse(nil, "beyond.channel", "it goes out on %s, and %v are allowed", Term("siren"), Terms([]Channel{SMS, Push})),
	}
	inner := Refuse(ErrForbidden, "alert.beyond", "not approved: the standing authorisation does not let it go: %s", held)
	for _, row := range []struct{ text, want string }{
		{held.String(), "将发给 12 人，授权上限为 10 人；要通过警报器发布，而授权的渠道只有 短信、推送"},
		{fmt.Errorf("release draft d-1: %w", inner).Error(), "审批不全：常设授权不允许直接发布（将发给 12 人，授权上限为 10 人；要通过警报器发布，而授权的渠道只有 短信、推送）"},
		{`standing authorisation "nights" does not let it go alone: ` + held.String() + `; standing authorisation "days" does not let it go alone: no partner has signed it`,
			"常设授权“nights”不允许无人值守发布：将发给 12 人，授权上限为 10 人；要通过警报器发布，而授权的渠道只有 短信、推送；常设授权“days”不允许无人值守发布：没有合作单位的签名"},
		{`standing authorisation "x": forbidden: 1 of 2 signatures of different administrators`, "须有 2 名不同的管理者签名，现有 1 名"},
		{"too many wrong attempts: nothing was looked at; try again in 1m30s", "连续输错次数过多，本次未作核对：请在 1 分钟 30 秒 后再试"},
		{"the place is missing; say which river", "the place is missing; say which river"},
		{"请写明河名", "请写明河名"},
		{"", ""},
	} {
		if got := SaidIn("zh", row.text); got != row.want {
			t.Errorf("%q\n is  %q\nwant %q", row.text, got, row.want)
		}
	}
	if exact, ok := InChinese(inner); !ok || exact != SaidIn("zh", inner.Error()) {
		t.Errorf("the error says %q, and what was kept of it %q", exact, SaidIn("zh", inner.Error()))
	}
	if got := SaidIn("zh", "no partner has signed it"); got != "没有合作单位的签名" {
		t.Errorf("%q", got)
	}
}

// TestWhatPeopleWriteTakesNoTime: nobody keeps a page waiting with a long reason.
func TestWhatPeopleWriteTakesNoTime(t *testing.T) {
	for _, part := range []string{"; ", "invalid: ", ": ", "it was withdrawn; ", "no partner has signed it; x; ", `"a" `} {
		begun := time.Now()
		SaidIn("zh", "forbidden: "+strings.Repeat(part, 4000/len(part)))
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%q took %s", part, took)
		}
	}
}
