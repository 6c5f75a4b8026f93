package scenario

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"tocsin/alerting/approval"
	"tocsin/alerting/login"
	"tocsin/cmd/tocsin/serve"
)

// hasFloodTemplate puts the shipped template of a flood into the office's folder.
func (o *Office) hasFloodTemplate() {
	o.tb.Helper()
	text, err := os.ReadFile("../../../deploy/templates/flood-severe.yaml")
	if err == nil {
		err = os.WriteFile(filepath.Join(o.Dir, "templates", "flood.yaml"), text, 0o600)
	}
	if err != nil {
		o.tb.Fatal(err)
	}
}

// TestATemplateIsLaunchedFromHome: home leads to the templates, and the page of one submits what it makes, signed where a password came
// with it. A wrong password signs nothing, and the draft waits all the same.
func TestATemplateIsLaunchedFromHome(t *testing.T) {
	t.Parallel()
	o := signersOffice(t)
	o.hasFloodTemplate()
	p := o.Plot()
	author, approver := o.Browser(), o.Browser()
	author.LogIn(o, "author")
	approver.LogIn(o, "approver")
	author.makesKey(o, "author", approval.MayAuthor)
	const page = "/actual/templates/flood-severe"
	author.Open("/actual/").Has(t, 200, "Warn from a template", `href="`+page+`"`)
	approver.Open("/actual/").Lacks(t, "Warn from a template")
	author.Open(page).Has(t, 200, "Or submit it at once", "Your signing password", "two others must approve")

	filled := url.Values{"slot.place.en": {"the harbour"}, "slot.river.en": {"Clear River"}, "slot.level": {"6.2"}, "slot.area": {"polygon " + polygonText(p.Ring())},
		"do": {"submit"}, "password": {signingPassword("author")}}
	author.Send(page, filled).Has(t, 200, "Signed.", "waiting for approval", "author: as the author", "Flood in the harbour")
	filled.Set("password", "another password")
	author.Send(page, filled).Has(t, 403, "Nothing was signed.", "Your signing password")
	filled.Set("password", "")
	author.Send(page, filled).Has(t, 200, "Submitted. Others can approve it now.", "Nobody yet.")
	filled.Set("slot.level", "high")
	author.Send(page, filled).Has(t, 400, "Clear River", "Or submit it at once")
	chinese := author.Send("/language", url.Values{"lang": {"zh"}, "next": {page}})
	chinese.Has(t, 200, "河水漫上街道", "受淹的城区或乡镇（英语）", "水位站的水位")
	chinese.Lacks(t, "water level at the gauge")
	shown := author.Open("/office/templates/flood-severe")
	shown.Has(t, 200, "水位站的水位", "河滨区", "立即离开低洼地带")
	shown.Lacks(t, "map[")
}

// TestNothingIsLaunchedWhereNobodyApproves: what is submitted would go out to the public at once, so that it is asked once more.
func TestNothingIsLaunchedWhereNobodyApproves(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Login: true, People: []serve.Ready{{Name: "chief"}, {Name: "author", Grants: []login.Grant{{Role: login.Author}}}}})
	o.hasFloodTemplate()
	p := o.Plot()
	author := o.Browser()
	author.LogIn(o, "author")
	const page = "/actual/templates/flood-severe"
	author.Open(page).Lacks(t, "Or submit it at once")
	author.Send(page, url.Values{"slot.place.en": {"the harbour"}, "slot.river.en": {"Clear River"}, "slot.level": {"6.2"}, "slot.area": {"polygon " + polygonText(p.Ring())},
		"do": {"submit"}}).Has(t, 200, "it goes out to the public at once", "The draft is made.")
	if n := len(o.Arrivals()); n != 0 {
		t.Errorf("%d messages left", n)
	}
}
