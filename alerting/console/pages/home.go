package pages

func (p *Pages) homeRoutes() []route {
	return []route{
		{pattern: "GET /{$}", answer: toHome},
		{pattern: "GET /{world}/{$}", answer: home},
	}
}

func toHome(q *request) error { return q.goTo("/actual/", "") }

// home is what an officer sees first.
func home(q *request) error { return q.show("home/home", q.T("home.title"), nil) }
