// Package pages is what the office's people see in a browser: pages of HTML, made on the server, over the admin API.
//
// It stands apart because it is a client of the API like any other: it asks console.Handler in the same process, with the cookie of whoever
// looks, and so it can show and do nothing that the API would refuse him. No rule of the office, no right and no query lives here. Package
// cmd joins the two.
//
// What always holds:
//   - Without JavaScript one can log in, read, write, submit, approve with a password, and cancel. Scripts only make it quicker.
//   - Every word that people read is in the catalogues (words/en, words/zh), each key in both.
//   - No page has an inline script or style, and none loads anything from elsewhere: the Content-Security-Policy forbids it.
//   - What somebody typed is never lost: a refused form comes back as it was sent, with the reason beside the field.
//   - The three worlds look different in word, sign, shape and colour (desk.Kinds), and each has addresses of its own (/actual/, /exercise/,
//     /test/).
//
// How it reads: pages.go names the areas; each area (home, compose, drafts, alerts, office, account) is a few files NAME*.go with the routes
// of the area on top, a folder in templates, a file in each language of words, and a file in web/src/css. ask.go is the only place that
// speaks to the API.
package pages
