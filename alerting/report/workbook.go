package report

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"

	"tocsin/alerting"
)

// sheetRows is how many rows go onto one sheet of a workbook; programs read 1,048,576.
const sheetRows = 1_000_000

// workbook writes parts of a report as an Office Open XML workbook, each on a sheet of its own. Rows go to a temporary file, so
// memory is bounded; nothing reaches w before everything is known.
func (r *Reporter) workbook(ctx context.Context, w io.Writer, id alerting.AlertID, part Part) (err error) {
	b, err := newBook()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.file.Close()) }()
	var summary, areas, failures, unreached *list
	for _, one := range []struct {
		part   Part
		name   string
		header []string
		list   **list
	}{{Summary, "Summary", summaryHeader(), &summary}, {Areas, "Areas", areasHeader(), &areas}, {Failures, "Failures", failuresHeader(), &failures}, {UnreachedPart, "Unreached", unreachedHeader(), &unreached}} {
		if part == Whole || part == one.part {
			*one.list = b.list(one.name, one.header, sheetRows)
		}
	}
	var take func(Unreached) error
	if unreached != nil {
		take = func(u Unreached) error { return unreached.add(u.row()) }
	}
	out, causes, err := r.review(ctx, id, take)
	if err != nil {
		return err
	}
	if summary != nil {
		summary.fill(out.rows())
	}
	if areas != nil {
		areas.fill(areaRows(out.Areas))
	}
	if failures != nil {
		failures.fill(causeRows(causes))
	}
	return b.write(w)
}

// book is a workbook that is being written.
type book struct {
	file  *excelize.File
	bold  int
	lists []*list
}

func newBook() (*book, error) {
	b := &book{file: excelize.NewFile()}
	var err error
	if b.bold, err = b.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return nil, errors.Join(fmt.Errorf("begin a workbook: %w", err), b.file.Close())
	}
	return b, nil
}

// list is a table with a header; it goes on on another sheet when one is full.
type list struct {
	book   *book
	name   string
	header []string
	most   int

	sheets []string
	stream *excelize.StreamWriter
	// row is the one written last on the present sheet.
	row int
	err error
}

func (b *book) list(name string, header []string, most int) *list {
	l := &list{book: b, name: name, header: header, most: most}
	b.lists = append(b.lists, l)
	l.next()
	return l
}

// next begins a sheet.
func (l *list) next() {
	if l.stream != nil {
		l.fail(l.stream.Flush())
	}
	name := l.name
	if n := len(l.sheets); n > 0 {
		name = fmt.Sprintf("%s %d", l.name, n+1)
	}
	_, err := l.book.file.NewSheet(name)
	if l.fail(err); l.err != nil {
		return
	}
	l.sheets, l.row = append(l.sheets, name), 0
	l.stream, err = l.book.file.NewStreamWriter(name)
	if l.fail(err); l.err != nil {
		return
	}
	l.fail(l.stream.SetColWidth(1, len(l.header), 24))
	l.fail(l.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
	head := make([]any, len(l.header))
	for i, text := range l.header {
		head[i] = excelize.Cell{StyleID: l.book.bold, Value: text}
	}
	l.put(head)
}

func (l *list) fail(err error) {
	if l.err == nil && err != nil {
		l.err = fmt.Errorf("write the sheet %s: %w", l.name, err)
	}
}

// put writes a row. Texts are written as texts: nothing in them is a formula.
func (l *list) put(row []any) {
	if l.err != nil {
		return
	}
	l.row++
	cell, err := excelize.CoordinatesToCellName(1, l.row)
	if err == nil {
		err = l.stream.SetRow(cell, row)
	}
	l.fail(err)
}

func (l *list) add(row []any) error {
	if l.row >= l.most {
		l.next()
	}
	l.put(row)
	return l.err
}

// fill adds rows; what fails is told by write.
func (l *list) fill(rows [][]any) {
	for _, row := range rows {
		if l.add(row) != nil {
			return
		}
	}
}

// write ends all lists and gives the workbook away, opened at its first sheet.
func (b *book) write(w io.Writer) error {
	for _, l := range b.lists {
		if l.err == nil {
			l.fail(l.stream.Flush())
		}
		if l.err != nil {
			return l.err
		}
	}
	// A new file has one sheet of its own, which is nobody's.
	if err := b.file.DeleteSheet("Sheet1"); err != nil {
		return fmt.Errorf("write a workbook: %w", err)
	}
	// Straight to w: by itself the library would gather the whole file in memory first.
	b.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(w) })
	if _, err := b.file.WriteTo(w); err != nil {
		return fmt.Errorf("write a workbook: %w", err)
	}
	return nil
}
