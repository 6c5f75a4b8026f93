package template

import (
	"strings"
	"testing"
)

// TestWhatNestsTooDeepIsRefused: before the library sees it, which would take all memory.
func TestWhatNestsTooDeepIsRefused(t *testing.T) {
	for _, part := range []string{"[", "{", "- ", "{a: ", "[\n", "? ", "!!a ", "&a ", "a: ["} {
		text := "id: x\n" + strings.Repeat(part, 2000)
		if _, err := Parse("x.yaml", []byte(text)); err == nil {
			t.Errorf("%q is read", part)
		} else if !strings.Contains(err.Error(), ": too much is nested") {
			t.Errorf("%q: %.200v", part, err)
		}
	}
	if line := tooDeep([]byte(flood + "#" + strings.Repeat("-", 300) + "\n" + strings.Repeat("# {{ [ - -- \n", 30))); line != 0 {
		t.Errorf("line %d of a good file is refused", line)
	}
}
