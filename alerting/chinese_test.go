package alerting

import (
	"testing"

	"tocsin/cap"
)

func TestFindingsInChinese(t *testing.T) {
	for _, row := range []struct{ id, english, tag, want string }{
		{"desk.status", "status System is not for the public; write Actual, Exercise or Test", "zh-CN", "状态 System 不能对公众发布：请填写 Actual（真实）、Exercise（演习）或 Test（测试）"},
		{"desk.status", "some day it says something else", "zh", "该状态不能对公众发布：请填写 Actual（真实）、Exercise（演习）或 Test（测试）"},
		{"core.polygon.closed", "the polygon is not closed: repeat its first point at the end", "zh", "多边形没有闭合：请在末尾重复首点"},
		{"desk.status", "as it was", "en", "as it was"},
		{"nobody.knows", "as it was", "zh", "as it was"},
	} {
		before := cap.Findings{{ID: row.id, Message: row.english}}
		if got := FindingsIn(row.tag, before); got[0].Message != row.want || before[0].Message != row.english {
			t.Errorf("%s in %s: %q, want %q", row.id, row.tag, got[0].Message, row.want)
		}
	}
	if _, err := inChinese(); err != nil {
		t.Fatal(err)
	}
	if got := FindingsIn("zh", nil); got != nil {
		t.Errorf("%v", got)
	}
}
