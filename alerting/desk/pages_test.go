package desk

import (
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/store/storetest"
)

// TestDraftsAreReadByAnIndex: the place of a page is found, and nothing is sorted. Of SQLite only: PostgreSQL chooses by what the
// table holds.
func TestDraftsAreReadByAnIndex(t *testing.T) {
	db := storetest.Open(t)
	q := draftsBehind(db.Read(), nil, alerting.Place{MS: 5, ID: "d"}, 10).Model((*draftRow)(nil)).String()
	rows, err := db.Read().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(detail + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if got := plan.String(); !strings.Contains(got, "SEARCH") || !strings.Contains(got, "drafts_updated") || strings.Contains(got, "TEMP B-TREE") {
		t.Errorf("the plan is\n%s", got)
	}
}
