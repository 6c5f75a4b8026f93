package alerting

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// makers are the functions that make refusals: their code stands before their English sentence.
var makers = []string{"Refuse", "refuse", "wrong", "refusedOIDC", "beyondIt", "bad", "Say", "because", "stays", "passkeyBroken", "passkeyRefused", "amiss", "unsplit", "add"}

// TestEveryRefusalHasBothLanguages: each code of the program stands in the catalogue with its very sentence, and each of the catalogue
// in the program; and the Chinese fills in the same values.
func TestEveryRefusalHasBothLanguages(t *testing.T) {
	table, err := readRefusals(refusalTable)
	if err != nil {
		t.Fatal(err)
	}
	made := make(map[string]string)
	for _, call := range callsOf(t, "..") {
		code, text := call[0], call[1]
		if have, twice := made[code]; twice && have != text {
			t.Errorf("%s says two things: %q and %q", code, have, text)
		}
		made[code] = text
		if s, known := table.sentences[code]; !known {
			t.Errorf("%s is not in refusals.tsv: %q", code, text)
		} else if s.English != text {
			t.Errorf("%s says %q, and in refusals.tsv %q", code, text, s.English)
		}
	}
	if len(made) < 200 {
		t.Errorf("only %d refusals were found: the test looks in the wrong place", len(made))
	}
	for code, s := range table.sentences {
		if _, used := made[code]; !used && strings.Contains(code, ".") {
			t.Errorf("nothing says %s", code)
		}
		english, chinese := verbsOf(s.English), verbsOf(s.Chinese)
		if !maps.Equal(english, chinese) {
			t.Errorf("%s fills in %v in English, and %v in Chinese", code, english, chinese)
		}
		if strings.ContainsAny(quoted.ReplaceAllString(s.Chinese, ""), ",;") {
			t.Errorf("%s is punctuated as English: %s", code, s.Chinese)
		}
	}
}

// callsOf are the codes and English sentences of all calls that make a refusal.
func callsOf(t *testing.T, root string) [][2]string {
	t.Helper()
	var out [][2]string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !slices.Contains(makers, calledName(call)) {
				return true
			}
			for i := range max(len(call.Args)-1, 0) {
				code, isCode := literal(call.Args[i])
				if text, ok := literal(call.Args[i+1]); isCode && ok && codeForm.MatchString(code) {
					out = append(out, [2]string{code, text})
					break
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// quoted is what is to be written as it stands.
var quoted = regexp.MustCompile(`“[^”]*”|"[^"]*"`)

var codeForm = regexp.MustCompile(`^[a-z-]+\.[a-z0-9-]+$`)

func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

// literal is a text that stands in the source, in one piece or several.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		a, one := literal(e.X)
		b, two := literal(e.Y)
		return a + b, one && two
	}
	return "", false
}

var verbForm = regexp.MustCompile(`%(\.\d+)?(?:\[(\d+)\])?([a-z])`)

// verbsOf are the values that a sentence fills in, by their numbers: how long they may be, and whether they are numbers.
func verbsOf(sentence string) map[int]string {
	out := make(map[int]string)
	for i, m := range verbForm.FindAllStringSubmatch(sentence, -1) {
		at := i + 1
		if m[2] != "" {
			at, _ = strconv.Atoi(m[2])
		}
		what := "text"
		if m[3] == "d" {
			what = "number"
		}
		out[at] = m[1] + what
	}
	return out
}

func TestRefusalsSpeakChinese(t *testing.T) {
	stale := Refuse(ErrConflict, "draft.stale", "version %d of draft %s is not the latest: %s wrote version %d at %s; look at it first", 1, "d-1", "mei", 2, "2026-03-01T00:00:00Z")
	for _, row := range []struct {
		err           error
		code, english string
		chinese       string
		exact         bool
	}{
		{stale, "draft.stale", "conflict: version 1 of draft d-1 is not the latest: mei wrote version 2 at 2026-03-01T00:00:00Z; look at it first",
			"草稿 d-1 的第 1 版已不是最新：mei 于 2026-03-01T00:00:00Z 写了第 2 版，请先查看", true},
		{fmt.Errorf("amend draft d-1: %w", stale), "draft.stale", "amend draft d-1: " + stale.Error(),
			"草稿 d-1 的第 1 版已不是最新：mei 于 2026-03-01T00:00:00Z 写了第 2 版，请先查看", true},
		{Refuse(nil, "login.locked", "too many wrong attempts: nothing was looked at; try again in %v", 90*time.Second), "login.locked",
			"too many wrong attempts: nothing was looked at; try again in 1m30s", "连续输错次数过多，本次未作核对：请在 1 分钟 30 秒 后再试", true},
		{Refuse(ErrState, "draft.state", "draft %s is %s; this is possible while it is one of %v", "d-1", Term("released"), Terms([]Channel{"draft", "submitted"})), "draft.state",
			"not possible in this state: draft d-1 is released; this is possible while it is one of [draft submitted]",
			"草稿 d-1 的状态是“已发布”，不能这样办理：须为 编写中、待审批", true},
		{Refuse(ErrForbidden, "alert.not-approved", "not approved: %s", Several{Refuse(nil, "approval.lacks", "rule %s wants %d approvals more", "r1", 2), errors.New("more")}),
			"alert.not-approved", "forbidden: not approved: rule r1 wants 2 approvals more; more", "审批不全：规则 r1 还需 2 人审批；more", true},
		{errors.Join(Refuse(ErrState, "change.nothing", "nothing would change"), Refuse(ErrState, "alert.is-cancel", "it is a cancel itself")), "change.nothing",
			"not possible in this state: nothing would change\nnot possible in this state: it is a cancel itself", "没有任何改动\n这条信息本身就是撤销信息", true},
		{errors.Join(Refuse(ErrState, "change.nothing", "nothing would change"), errors.New("more")), "change.nothing", "not possible in this state: nothing would change\nmore", "", false},
		{fmt.Errorf("%w: %w", ErrUnavailable, errors.New("away")), "", "unavailable: away", "", false},
		{Refuse(ErrState, "nobody.wrote", "some day"), "nobody.wrote", "not possible in this state: some day", "", false},
	} {
		chinese, exact := InChinese(row.err)
		code := ""
		if r := RefusalOf(row.err); r != nil {
			code = r.Code()
		}
		if row.err.Error() != row.english || code != row.code || chinese != row.chinese || exact != row.exact {
			t.Errorf("%s\n%q, %s, %q, %v\nwant %q, %q", row.code, row.err, code, chinese, exact, row.english, row.chinese)
		}
	}
	if !errors.Is(stale, ErrConflict) || errors.Is(stale, ErrState) {
		t.Error("the kind of a refusal is lost")
	}
	for _, table := range []string{"a.b\tone", "a.b\tone\t", "a.b\tone\t一\na.b\ttwo\t二", "=\tone\t一\n=\tone\t二"} {
		if _, err := readRefusals(table); err == nil {
			t.Errorf("%q was taken", table)
		}
	}
}
