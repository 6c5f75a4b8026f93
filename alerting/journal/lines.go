package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"tocsin/alerting"
)

// maxLine bounds a line of an exported journal: the longest detail, each byte escaped at worst, and what is around it.
const maxLine = 6*maxDetail + 16<<10

// WriteLines writes entries as JSON, one a line: the form that ReadLines reads and that can be kept anywhere.
func WriteLines(w io.Writer, entries iter.Seq2[Entry, error]) error {
	out := bufio.NewWriter(w)
	encode := json.NewEncoder(out)
	encode.SetEscapeHTML(false)
	for e, err := range entries {
		if err == nil {
			err = encode.Encode(e)
		}
		if err != nil {
			return fmt.Errorf("write the journal: %w", err)
		}
	}
	return out.Flush()
}

// ReadLines reads what WriteLines wrote, unverified and in the order of the file. A line that is no entry is an
// alerting.ErrInvalid that names it, and ends the reading.
func ReadLines(r io.Reader) iter.Seq2[Entry, error] { return lines[Entry](r, "journal") }

// ReadHeads reads the file of a Keeper.
func ReadHeads(r io.Reader) ([]Head, error) {
	var heads []Head
	for h, err := range lines[Head](r, "heads") {
		if err != nil {
			return nil, err
		}
		heads = append(heads, h)
	}
	return heads, nil
}

// lines reads one JSON value a line; blank lines are passed over.
func lines[T any](r io.Reader, what string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		scan := bufio.NewScanner(r)
		scan.Buffer(nil, maxLine)
		line := 1
		for ; scan.Scan(); line++ {
			text := bytes.TrimSpace(scan.Bytes())
			if len(text) == 0 {
				continue
			}
			var one T
			decode := json.NewDecoder(bytes.NewReader(text))
			decode.DisallowUnknownFields()
			err := decode.Decode(&one)
			if err == nil && decode.More() {
				err = fmt.Errorf("something follows the value")
			}
			if err != nil {
				yield(none, fmt.Errorf("%w: %s, line %d: %w", alerting.ErrInvalid, what, line, err))
				return
			}
			if !yield(one, nil) {
				return
			}
		}
		if err := scan.Err(); err != nil {
			yield(none, fmt.Errorf("%w: %s, line %d: %w", alerting.ErrInvalid, what, line, err))
		}
	}
}
