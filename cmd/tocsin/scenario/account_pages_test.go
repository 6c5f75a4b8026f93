package scenario

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// hidden is the value of a hidden field of a page.
func (p Page) hidden(tb testing.TB, name string) string {
	tb.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(p.Text)
	if m == nil {
		tb.Fatalf("%s has no field %s:\n%.3000s", p.Path, name, p.Text)
	}
	return strings.NewReplacer("&amp;", "&", "&#43;", "+", "&#34;", `"`).Replace(m[1])
}

// TestAnotherAuthenticator: the old one counts until the new one has shown its code.
func TestAnotherAuthenticator(t *testing.T) {
	t.Parallel()
	o := pagesOffice(t)
	b := o.Browser().LogInAs(o, "author")
	b.Open("/account").Has(t, 200, "author", "Whole office", "write and submit", "You have no key that is enrolled")
	b.Send("/account/authenticator", url.Values{"totp_password": {"wrong"}}).Has(t, 401, `role="alert"`)
	secret := b.Send("/account/authenticator", url.Values{"totp_password": {o.Person("author").Password}})
	secret.Has(t, 200, `<svg class="qr"`)
	form := url.Values{"secret": {secret.hidden(t, "secret")}, "uri": {secret.hidden(t, "uri")}, "code": {"1"}}
	b.Send("/account/authenticator/confirm", form).Has(t, 400, `role="alert"`, form.Get("secret"))
	code, err := loginCode(form.Get("secret"))
	if err != nil {
		t.Fatal(err)
	}
	form.Set("code", code)
	b.Send("/account/authenticator/confirm", form).Has(t, 200, "The new authenticator counts")
	b.Open("/account").Has(t, 200, "Who I am")

	b.Send("/account/key", url.Values{"key_password": {"a quiet harbour wall"}, "key_again_password": {"other"}}).Has(t, 400, "The two passwords differ")
	b.Send("/account/key", url.Values{"key_password": {"a quiet harbour wall"}, "key_again_password": {"a quiet harbour wall"}}).
		Has(t, 200, "The key was made", "tocsin operators request author.json --name author", "password:")
}

// LogInAs is LogIn for chaining.
func (b *Browser) LogInAs(o *Office, name string) *Browser {
	b.LogIn(o, name)
	return b
}
