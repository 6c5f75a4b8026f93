package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"slices"
	"strings"

	"tocsin/alerting"
)

// Lists are read page by page: ?limit= says how many, and ?after= goes on behind the last of the page before. The header Link names
// the next page (RFC 8288, rel="next"), so that the bodies are plain lists. A cursor names the last entry rather than a count, so
// entries that come or go meanwhile make nothing appear twice or be left out. It is bound to its list and to the filters.

// page is what part of a list is wanted.
type page struct {
	limit int
	// at and id are the place behind which it begins; zero is the beginning. What at counts is the list's own affair.
	at    int64
	id    string
	scope string
	key   []byte
}

// maxCursor bounds the id in a cursor, in bytes.
const maxCursor = 300

// pageOf reads limit and after of a request for a list.
func (c *Console) pageOf(r *http.Request, list string) (page, error) {
	limit, err := limitOf(r)
	p := page{limit: limit, scope: scopeOf(r, list), key: c.cursorKey()}
	after := r.URL.Query().Get("after")
	if err != nil || after == "" {
		return p, err
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(after)
	if err != nil || len(raw) < sumSize+8 || len(raw) > sumSize+8+maxCursor || !hmac.Equal(raw[:sumSize], p.sum(raw[sumSize:])) {
		return p, alerting.Refuse(alerting.ErrInvalid, "request.cursor", "after: this is no cursor of this list with these filters; take it from the header Link of the page before, or leave it out to begin at the top")
	}
	p.at, p.id = int64(binary.BigEndian.Uint64(raw[sumSize:])), string(raw[sumSize+8:]) //nolint:gosec // the bits are meant
	return p, nil
}

// place is where the page before ended.
func (p page) place() alerting.Place { return alerting.Place{MS: p.at, ID: p.id} }

// next names the next page, when this one is full: got is how many it has, and at and id the place of its last.
func (p page) next(w http.ResponseWriter, r *http.Request, got int, at int64, id string) {
	if got < p.limit {
		return
	}
	place := append(binary.BigEndian.AppendUint64(nil, uint64(at)), id...) //nolint:gosec // the bits are meant
	query := r.URL.Query()
	query.Set("after", base64.RawURLEncoding.EncodeToString(append(p.sum(place), place...)))
	w.Header().Set("Link", "<"+r.URL.EscapedPath()+"?"+query.Encode()+`>; rel="next"`)
}

// sumSize is how much of the sum a cursor carries, in bytes.
const sumSize = 12

func (p page) sum(place []byte) []byte {
	h := hmac.New(sha256.New, p.key)
	h.Write([]byte(p.scope + "\x00"))
	h.Write(place)
	return h.Sum(nil)[:sumSize]
}

// cursorKey is the same in every process of the office: it is made of its tokens. Nobody can do harm with a forged cursor, which only
// names a place in a list that its maker may read; the sum tells a mangled or foreign one from a true one.
func (c *Console) cursorKey() []byte {
	h := sha256.New()
	h.Write([]byte("tocsin cursor 1\n"))
	for _, t := range c.Tokens {
		h.Write(t.Digest[:])
	}
	return h.Sum(nil)
}

// scopeOf is the list with its filters.
func scopeOf(r *http.Request, list string) string {
	var parts []string
	for name, values := range r.URL.Query() {
		if name != "after" && name != "limit" {
			parts = append(parts, name+"="+strings.Join(values, "\x01"))
		}
	}
	slices.Sort(parts)
	return list + "\x00" + strings.Join(parts, "\x00")
}

// pageList pages a list that is short and known as a whole, in the order of the names that id gives.
func pageList[T any](c *Console, w http.ResponseWriter, r *http.Request, list string, all []T, id func(*T) string) ([]T, error) {
	p, err := c.pageOf(r, list)
	if err != nil {
		return nil, err
	}
	begin := 0
	if p.id != "" {
		// Where the entry is gone, at says how many came before it.
		begin = min(int(p.at), len(all))
		for i := range all {
			if id(&all[i]) == p.id {
				begin = i + 1
			}
		}
	}
	out := all[begin:min(begin+p.limit, len(all))]
	if end := begin + len(out); end < len(all) && len(out) > 0 {
		p.next(w, r, len(out), int64(end-1), id(&out[len(out)-1]))
	}
	if out == nil {
		out = []T{}
	}
	return out, nil
}

// statesOf are the states that ?state= picks, each of them one that there is; none for all.
func statesOf[S ~string](r *http.Request, known []S) ([]S, error) {
	var states []S
	for _, text := range r.URL.Query()["state"] {
		if !slices.Contains(known, S(text)) {
			return nil, alerting.Refuse(alerting.ErrInvalid, "change.state", "state %.40q: want one of %v", text, alerting.Terms(known))
		}
		states = append(states, S(text))
	}
	return states, nil
}
