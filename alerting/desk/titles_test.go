package desk

import (
	"context"
	"slices"
	"testing"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// TestDraftsAreCalledInEachLanguage: a list has the titles of every language, those of the latest version; and a draft that was written before
// any were kept is listed by its title alone.
func TestDraftsAreCalledInEachLanguage(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk(approvals(t))
		in := func(english, chinese string) []byte {
			return o.write(o.alert("t", func(a *cap.Alert) {
				second := a.Infos[0]
				a.Infos[0].Language, a.Infos[0].Headline = "en-US", english
				second.Language, second.Headline = "zh-CN", chinese
				a.Infos = []cap.Info{a.Infos[0], second}
			}))
		}
		listed := func() Draft {
			t.Helper()
			all, err := d.Drafts(t.Context(), nil, alerting.Place{}, 10)
			if err != nil || len(all) != 1 {
				t.Fatalf("%+v %v", all, err)
			}
			return all[0]
		}
		called := func(x Draft, title string, want ...string) {
			t.Helper()
			var have []string
			for _, one := range x.Titles {
				have = append(have, one.Language+" "+one.Headline)
			}
			if x.Title != title || !slices.Equal(have, want) {
				t.Errorf("%q, %q: want %q, %q", x.Title, have, title, want)
			}
		}
		draft, err := d.Draft(t.Context(), in("Flood", "洪水"), as("first"))
		if err != nil {
			t.Fatal(err)
		}
		called(draft, "Flood", "en-us Flood", "zh-cn 洪水")
		called(listed(), "Flood", "en-us Flood", "zh-cn 洪水")
		if _, err := d.Amend(t.Context(), draft.ID, 1, in("Flood in the valley", "山谷洪水"), as("first")); err != nil {
			t.Fatal(err)
		}
		called(listed(), "Flood in the valley", "en-us Flood in the valley", "zh-cn 山谷洪水")
		err = o.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.NewUpdate().Model((*draftRow)(nil)).Set("titles = ''").Where("id = ?", draft.ID).Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		called(listed(), "Flood in the valley")
	})
}
