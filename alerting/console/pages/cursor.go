package pages

import (
	"net/http"
	"net/url"
	"strings"
)

// nextOf is the path of the next page of a list of the API (RFC 8288, rel="next"); empty on the last.
func nextOf(header http.Header) string {
	for _, link := range header.Values("Link") {
		if target, rest, ok := strings.Cut(strings.TrimPrefix(link, "<"), ">"); ok && strings.Contains(rest, `rel="next"`) {
			return target
		}
	}
	return ""
}

// cursorOf is the place where a list of the API goes on; empty on its last page.
func cursorOf(header http.Header) string {
	next, err := url.Parse(nextOf(header))
	if err != nil {
		return ""
	}
	return next.Query().Get("after")
}

// further is the address of this page of ours that goes on where a list of the API does; empty on the last.
func (q *request) further(header http.Header) string {
	after := cursorOf(header)
	if after == "" {
		return ""
	}
	here := *q.r.URL
	query := here.Query()
	query.Set("after", after)
	query.Del("done")
	here.RawQuery = query.Encode()
	return here.RequestURI()
}

// asked makes a path of the API with some of the query of this page, and with the cursor.
func (q *request) asked(path string, names ...string) string {
	query := make(url.Values)
	for _, name := range append(names, "after") {
		if v := q.Query(name); v != "" {
			query.Set(name, v)
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
