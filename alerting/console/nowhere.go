package console

import (
	"net/http"

	"tocsin/alerting"
)

// routed answers what no route is for as a problem, too: net/http would answer in bare text.
func routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		said := &unsaid{header: make(http.Header)}
		handler.ServeHTTP(said, r)
		switch said.status {
		case http.StatusMethodNotAllowed:
			allow := said.header.Get("Allow")
			w.Header().Set("Allow", allow)
			turnDown(w, r, said.status, "Not by this method", alerting.Refuse(nil, "request.method", "%.20s is not for this address: want %s", r.Method, allow))
		case http.StatusNotFound:
			turnDown(w, r, said.status, "No such thing", alerting.Refuse(nil, "request.nowhere", "there is no such address: /api/ describes all that there are"))
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// unsaid is an answer of which only status and headers are kept.
type unsaid struct {
	header http.Header
	status int
}

// Header gives the headers.
func (u *unsaid) Header() http.Header { return u.header }

// WriteHeader keeps the status.
func (u *unsaid) WriteHeader(status int) { u.status = status }

// Write drops the body.
func (u *unsaid) Write(b []byte) (int, error) { return len(b), nil }
