package audience

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"tocsin/alerting"
)

// The stages of a scan.
const (
	// inCells: within a pass, rows of places. Position: pass, cell, person.
	inCells = 'c'
	// inCodes: within a pass, rows of place_codes. Position: pass, person, code.
	inCodes = 'k'
	// inNames: the named people by id. Position: person.
	inNames = 'n'
	// atEnd: nothing is left.
	atEnd = 'e'
)

// position is the row that a scan looked at last, in the order in which it looks.
type position struct {
	stage  byte
	pass   int
	cell   int64
	person int64
	code   string
}

// start is before everything.
func start() position { return position{stage: inCells, cell: math.MinInt64} }

// String is the position as a cursor; the code, which may hold anything, comes last.
func (p position) String() string {
	switch p.stage {
	case inCells:
		return fmt.Sprintf("c %d %d %d", p.pass, p.cell, p.person)
	case inCodes:
		return fmt.Sprintf("k %d %d %s", p.pass, p.person, p.code)
	case inNames:
		return fmt.Sprintf("n %d", p.person)
	}
	return "end"
}

// parsePosition reads a cursor; empty is the start.
func parsePosition(cursor string) (position, error) {
	bad := fmt.Errorf("%w: cursor %.80q of an audience", alerting.ErrInvalid, cursor)
	fields := strings.SplitN(cursor, " ", 4)
	number := func(i int) int64 {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			n = -1
		}
		return n
	}
	switch {
	case cursor == "":
		return start(), nil
	case cursor == "end":
		return position{stage: atEnd}, nil
	case fields[0] == "n" && len(fields) == 2:
		if person := number(1); person >= 0 {
			return position{stage: inNames, person: person}, nil
		}
	case fields[0] == "c" && len(fields) == 4:
		cell, err := strconv.ParseInt(fields[2], 10, 64)
		if pass, person := number(1), number(3); err == nil && pass >= 0 && person >= 0 {
			return position{stage: inCells, pass: int(pass), cell: cell, person: person}, nil
		}
	case fields[0] == "k" && len(fields) == 4:
		if pass, person := number(1), number(2); pass >= 0 && person >= 0 {
			return position{stage: inCodes, pass: int(pass), person: person, code: fields[3]}, nil
		}
	}
	return position{}, bad
}
