package scenario

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"tocsin/alerting/audience"
	"tocsin/alerting/login"
	"tocsin/cmd/tocsin/serve"
)

// TestAnImportIsWatchedAtThePages: while a file is still being read its page says how far it is, and looked at again how it ended, with the
// lines that were refused. A file that was uploaded at the page leads to the same.
func TestAnImportIsWatchedAtThePages(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Login: true, People: []serve.Ready{{Name: "chief"},
		{Name: "admin", Grants: []login.Grant{{Role: login.Administrator}}},
		{Name: "viewer", Grants: []login.Grant{{Role: login.Viewer}}}}})
	admin, viewer := o.Browser(), o.Browser()
	admin.LogIn(o, "admin")
	viewer.LogIn(o, "viewer")
	viewer.Open("/office/imports").Has(t, 403)
	admin.Open("/office/imports").Has(t, 200, "None.")

	text := CSV(Person{Ref: "resident", SMS: o.Number(), Places: []string{"30.1,120.1"}}, Person{Ref: "lost", SMS: "no number", Places: []string{"30.1,120.1"}})
	file, more := io.Pipe()
	type ended struct {
		audience.Result
		err error
	}
	over := make(chan ended, 1)
	go func() {
		ctx, cancel := call()
		defer cancel()
		r, err := o.API.Import(ctx, "people", file, nil)
		over <- ended{r, err}
	}()
	if _, err := io.WriteString(more, text); err != nil {
		t.Fatal(err)
	}
	var page string
	Until(t, patience, "the import is in the list", func() error {
		list := admin.Open("/office/imports")
		if !strings.Contains(list.Text, "being read") {
			return fmt.Errorf("the list says %.2000s", list.Text)
		}
		page = list.Find(t, `href="(/office/imports/i[0-9a-f]+)"`)
		return nil
	})
	admin.Open("/office/people").Has(t, 200, page, "being read")
	admin.Open(page).Has(t, 200, "is being read", "Look again", `hx-get="`+page+`"`)
	if err := more.Close(); err != nil {
		t.Fatal(err)
	}
	if e := <-over; e.err != nil || e.ProblemCount != 1 {
		t.Fatalf("%+v", e)
	}
	after := admin.Open(page)
	after.Has(t, 200, "some lines need mending", `<td class="number">3</td>`, "<dt>New</dt>")
	after.Lacks(t, "hx-get=")
	admin.Upload("/office/people", "people.csv", text).Has(t, 200, "<dt>Replaced</dt>", `<td class="number">3</td>`)
	admin.Open("/office/imports/i0000").Has(t, 404)
	chinese := admin.Send("/language", url.Values{"lang": {"zh"}, "next": {page}})
	chinese.Has(t, 200, "缺少国家代码：请写成", "整行未导入")
	chinese.Lacks(t, "write it as")
}
