package console

import (
	"net/http"
	"slices"
	"strings"

	"tocsin/alerting"
)

// harmless are the paths outside of all worlds that a token of some worlds may use: they show and touch no alert, nobody
// who may be warned, and no key.
func harmless() []string {
	return []string{"/api/templates", "/api/windows", "/api/operators", "/api/me"}
}

// limited lets a token of some worlds use only the paths of these, and questions that belong to no world. Whatever else
// there is, now or later, is closed to it.
func (c *Console) limited(r route) handler {
	method, path, _ := strings.Cut(r.pattern, " ")
	return func(w http.ResponseWriter, req *http.Request, by alerting.Actor) error {
		who := callerOf(req.Context())
		if len(who.Worlds) == 0 || slices.ContainsFunc(who.Worlds, func(world alerting.World) bool {
			return strings.HasPrefix(path, "/api/"+string(world)+"/")
		}) {
			return r.answer(w, req, by)
		}
		fill := path == "/api/templates/{id}/fill"
		if fill || method == http.MethodGet && slices.ContainsFunc(harmless(), func(p string) bool { return strings.HasPrefix(path, p) }) {
			return r.answer(w, req, by)
		}
		return alerting.Refuse(alerting.ErrForbidden, "token.worlds", "the token %s is for the worlds %v only: use the paths below /api/%s", who.Actor.Name, alerting.Terms(who.Worlds), who.Worlds[0])
	}
}
