package pages

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"tocsin/cap"
)

// Problem is what the API answers when it refuses (RFC 9457).
type Problem struct {
	// Code says which refusal it is (alerting.Sentences). Title and Detail are in the language of the page.
	Code     string       `json:"code"`
	Status   int          `json:"status"`
	Title    string       `json:"title"`
	Detail   string       `json:"detail"`
	Outcome  string       `json:"outcome"`
	Findings cap.Findings `json:"findings"`
	// RetryAfter is the header of that name: in how many seconds to come again; empty when the API does not say.
	RetryAfter string `json:"-"`
}

func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// asProblem is a refusal of the API; nil for any other error, and for none.
func asProblem(err error) *Problem {
	if problem := (*Problem)(nil); errors.As(err, &problem) {
		return problem
	}
	return nil
}

// call is one request to the API. Path begins with /api/.
type call struct {
	method, path string
	// body is a value for JSON; or text, of the type that media names.
	body   any
	text   []byte
	media  string
	header http.Header
}

// passedOn are headers of the browser's request that the API must see: who asks, from where, and from which page.
func passedOn() []string {
	return []string{"Cookie", "Origin", "Sec-Fetch-Site", "X-Forwarded-For", "X-Forwarded-Proto", "User-Agent"}
}

// ask asks the API as whoever looks, and decodes the answer if into is not nil. A refusal is a *Problem.
func (q *request) ask(c call, into any) (http.Header, error) {
	a, err := q.send(c)
	if err != nil {
		return nil, err
	}
	if into == nil {
		return a.header, nil
	}
	if text, ok := into.(*[]byte); ok {
		*text = a.body.Bytes()
		return a.header, nil
	}
	if err := json.Unmarshal(a.body.Bytes(), into); err != nil {
		return nil, fmt.Errorf("%s %s: the answer: %w", c.method, c.path, err)
	}
	return a.header, nil
}

// get asks for something, and decodes it.
func (q *request) get(path string, into any) error {
	_, err := q.ask(call{method: http.MethodGet, path: path}, into)
	return err
}

// post gives an order as JSON, and decodes the answer if into is not nil.
func (q *request) post(path string, body, into any) error {
	_, err := q.ask(call{method: http.MethodPost, path: path, body: body}, into)
	return err
}

// send asks the API; what it refuses is a *Problem.
func (q *request) send(c call) (*answer, error) {
	r, err := q.toAPI(c)
	if err != nil {
		return nil, err
	}
	a := &answer{header: make(http.Header)}
	q.p.API.ServeHTTP(a, r)
	if a.status >= 200 && a.status < 300 || a.status == 0 {
		return a, nil
	}
	return nil, a.problem(c.method + " " + c.path)
}

// problem is what a refusal says.
func (a *answer) problem(asked string) error {
	problem := &Problem{Status: a.status, Title: http.StatusText(a.status), RetryAfter: a.header.Get("Retry-After")}
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") {
		if err := json.Unmarshal(a.body.Bytes(), problem); err != nil {
			return fmt.Errorf("%s: the refusal: %w", asked, err)
		}
	}
	return problem
}

// toAPI makes the request that the API gets: on behalf of whoever looks, and with no more than his browser sent.
func (q *request) toAPI(c call) (*http.Request, error) {
	text, media := c.text, c.media
	if c.body != nil {
		var err error
		if text, err = json.Marshal(c.body); err != nil {
			return nil, fmt.Errorf("%s %s: the body: %w", c.method, c.path, err)
		}
		media = "application/json"
	}
	r, err := http.NewRequestWithContext(q.r.Context(), c.method, c.path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Host, r.RemoteAddr, r.TLS = q.r.Host, q.r.RemoteAddr, q.r.TLS
	for _, name := range passedOn() {
		if v, ok := q.r.Header[name]; ok {
			r.Header[name] = v
		}
	}
	r.Header.Set("Accept-Language", q.Lang)
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	if q.unit != "" {
		r.Header.Set("Tocsin-Unit", q.unit)
	}
	maps.Copy(r.Header, c.header)
	return r, nil
}

// api is a path of alerts or drafts in the world of the page: api("drafts", id, "sign").
func (q *request) api(parts ...string) string {
	path := "/api"
	if q.World != "" {
		path += "/" + q.World
	}
	return path + below(parts)
}

// below are the parts of an address, each behind a slash.
func below(parts []string) string {
	var out strings.Builder
	for _, part := range parts {
		out.WriteString("/" + url.PathEscape(part))
	}
	return out.String()
}

// answer takes what the API writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header, WriteHeader and Write make it an http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader keeps the first status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}
