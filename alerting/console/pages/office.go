package pages

import (
	"net/http"
	"slices"
)

// officeRoutes are the administration of the office.
func (p *Pages) officeRoutes() []route {
	return slices.Concat([]route{
		{pattern: "GET /office", answer: office},
		{pattern: "GET /office/acts", answer: acts},
	}, p.officeAccountRoutes(), p.officeImportRoutes(), p.officeListRoutes(), p.officeGatewayRoutes(), p.officeInboxRoutes())
}

// officePlaces are the pages of the office, each with the right that its reading takes. The names are those of the catalogue.
func officePlaces() []struct{ path, key, right string } {
	return []struct{ path, key, right string }{
		{"accounts", "office.accounts", "administer"},
		{"changes", "office.changes", "read"},
		{"people", "office.people", "import"},
		{"sirens", "office.sirens", "read"},
		{"units", "office.units", "read"},
		{"templates", "office.templates", "read"},
		{"gateways", "office.gateways", "read"},
		{"operators", "office.operators", "read"},
		{"standings", "office.standings", "read"},
		{"inbox", "office.inbox", "read"},
		{"deadletters", "office.deadletters", "read"},
		{"policy", "office.policy", "read"},
		{"tokens", "office.tokens", "administer"},
		{"audit", "office.audit", "audit"},
		{"acts", "office.acts", "read"},
		{"about", "office.about", "read"},
	}
}

// place is a page of the office in the overview.
type place struct{ Href, Label, About string }

func office(q *request) error {
	var all []place
	for _, at := range officePlaces() {
		if q.May(at.right) {
			all = append(all, place{"/office/" + at.path, q.T(at.key), q.T(at.key + ".about")})
		}
	}
	return q.show("office/office", q.T("nav.office"), all)
}

// list is a page of a list of the API: what it holds, and where it goes on.
type list[T any] struct {
	All  []T
	Next string
	// Filters are what the reader may pick by.
	Filters []*Field
	// Problem is why the last act was refused.
	Problem string
}

// listOf asks for a page of a list, with the filters of this page's query.
func listOf[T any](q *request, path string, names ...string) (*list[T], error) {
	l := new(list[T])
	header, err := q.ask(call{method: http.MethodGet, path: q.asked(path, names...)}, &l.All)
	if err != nil {
		return nil, err
	}
	l.Next = q.further(header)
	return l, nil
}

// filter is a field of the query.
func (q *request) filter(name, label string) *Field {
	return &Field{Name: name, Label: label, Value: q.Query(name), Max: 200}
}
