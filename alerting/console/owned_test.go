package console

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/login"
)

// owners has a draft and an alert of each of some units, which are called by their number in the list.
type owners []string

func (o owners) UnitOfDraft(_ context.Context, id string) (string, error) {
	for i, unit := range o {
		if id == fmt.Sprintf("d%d", i) {
			return unit, nil
		}
	}
	return "", fmt.Errorf("%w: no such draft", alerting.ErrNotFound)
}

func (o owners) UnitOf(_ context.Context, id alerting.AlertID) (string, error) {
	if int(id[15]) < len(o) {
		return o[id[15]], nil
	}
	return "", fmt.Errorf("%w: no such alert", alerting.ErrNotFound)
}

// TestThingsOfUnits: over every route on one draft or alert, also below the paths of the worlds: whoever has the right role in a
// unit reaches what is its own and what lies below, and nothing of another unit or of the whole office. So do tokens.
func TestThingsOfUnits(t *testing.T) {
	o := newOffice(t)
	things := owners{"U=X", "U=X1", "U=X11", "U=Y", ""}
	o.console.Owners = things
	o.console.Tokens = []Token{NewToken("whole", "whole", Rights()), {Name: "lower", Digest: NewToken("", "lower", nil).Digest, May: Rights(), Unit: "U=X"}}
	o.console.Handler()
	var all []login.Grant
	for _, role := range login.Roles() {
		all = append(all, login.Grant{Unit: "U=X", Role: role})
	}
	o.person("officer of X", all...)
	mux := http.NewServeMux()
	looked := 0
	for _, r := range o.console.routes() {
		mux.Handle(r.pattern, o.console.asks(r.right, o.console.owned(r, func(w http.ResponseWriter, _ *http.Request, _ alerting.Actor) error {
			w.WriteHeader(http.StatusNoContent)
			return nil
		})))
	}
	for _, r := range o.console.routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		if !strings.Contains(path, "/drafts/{id}") && !strings.Contains(path, "/alerts/{id}") {
			continue
		}
		looked++
		for i, unit := range append(things, "of nobody") {
			id := fmt.Sprintf("d%d", i)
			if strings.Contains(path, "/alerts/{id}") {
				id = fmt.Sprintf("%032x", i)
			}
			gone := http.StatusNotFound
			if strings.Contains(path, "/alerts/{id}") {
				gone = http.StatusForbidden // what nobody here issued is the whole office's
			}
			inside := map[string]int{"U=X": 204, "U=X1": 204, "U=X11": 204, "U=Y": 403, "": 403, "of nobody": gone}[unit]
			for secret, want := range map[string]int{"Bearer whole": 204, "Bearer lower": inside, o.bearer("officer of X"): inside} {
				req := httptest.NewRequest(method, strings.NewReplacer("{id}", id, "{who}", "P1").Replace(path), http.NoBody)
				req.Header.Set("Authorization", secret)
				w := httptest.NewRecorder()
				mux.ServeHTTP(w, req)
				if w.Code != want {
					t.Errorf("%s with %.12s on a thing of %q: %d, want %d", r.pattern, secret, unit, w.Code, want)
				}
			}
		}
	}
	if looked < 60 {
		t.Errorf("only %d routes", looked)
	}
}
