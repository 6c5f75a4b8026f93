package pages

import "strings"

// link is one of the places above every page.
type link struct {
	Href, Label string
	// Here: the page that is shown lies below it.
	Here bool
}

// places are what the navigation shows: the path below the world, or from the root when it begins with a slash, and the right that it takes.
func places() []struct{ path, key, right string } {
	return []struct{ path, key, right string }{
		{"", "nav.home", "read"},
		{"compose", "nav.compose", "issue"},
		{"drafts", "nav.drafts", "read"},
		{"alerts", "nav.alerts", "read"},
		{"/office", "nav.office", "read"},
	}
}

// Nav are the places that who looks may enter.
func (q *request) Nav() []link {
	var out []link
	for _, at := range places() {
		if !q.May(at.right) {
			continue
		}
		href := q.Home() + at.path
		if strings.HasPrefix(at.path, "/") {
			href = at.path
		}
		path := q.r.URL.Path
		here := path == href || href != q.Home() && strings.HasPrefix(path, href+"/")
		out = append(out, link{href, q.T(at.key), here})
	}
	return out
}
