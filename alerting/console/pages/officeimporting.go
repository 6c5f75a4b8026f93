package pages

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// shortImport is how long a page waits for an import to end before it shows how it goes on.
	shortImport = 2 * time.Second
	// longImport is how long one may take. The API itself ends those that stand still.
	longImport = 6 * time.Hour
)

// beginImport sends a file to an import of the API, which goes on when the page is answered, and gives the page that shows it. A refusal
// is a *Problem. The file is closed when it is read.
func (q *request) beginImport(path, media string, file io.ReadCloser, size int64) (page string, err error) {
	r, err := q.toAPI(call{method: http.MethodPost, path: path, media: media})
	if err != nil {
		_ = file.Close()
		return "", err
	}
	// The browser may leave; the file is here whole.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(q.r.Context()), longImport)
	r = r.WithContext(ctx)
	r.Body, r.ContentLength = file, size
	a := newBackground()
	go func() {
		defer cancel()
		defer func() { _ = file.Close() }()
		defer close(a.over)
		defer func() {
			if broken := recover(); broken != nil { // as the server does for what it serves itself
				q.p.Log.Error("an import broke", "path", path, "error", broken)
			}
		}()
		q.p.API.ServeHTTP(a, r)
	}()
	a.wait(shortImport)
	return a.place()
}

// background takes the answer of an import that goes on without its page. Of the body it keeps only a refusal.
type background struct {
	over chan struct{}

	mu     sync.Mutex
	head   http.Header // what the API fills, until it begins to answer
	status int
	begun  http.Header // the same at that moment
	text   []byte
	first  chan struct{} // closed when it has begun
}

func newBackground() *background {
	return &background{over: make(chan struct{}), head: make(http.Header), first: make(chan struct{})}
}

// Header, WriteHeader, Write and Flush make it what an import answers to.
func (b *background) Header() http.Header { return b.head }

// WriteHeader keeps the first status, and the headers as they are then.
func (b *background) WriteHeader(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.status == 0 {
		b.status, b.begun = status, b.head.Clone()
		close(b.first)
	}
}

func (b *background) Write(p []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.status >= http.StatusBadRequest && len(b.text) < maxForm {
		b.text = append(b.text, p...)
	}
	return len(p), nil
}

// Flush begins the answer.
func (b *background) Flush() { b.WriteHeader(http.StatusOK) }

// wait waits for the import to begin, and then for a while for it to end.
func (b *background) wait(patience time.Duration) {
	select {
	case <-b.first:
	case <-b.over:
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-b.over:
	case <-t.C:
	}
}

// place is the page of the import that the answer names, or the refusal.
func (b *background) place() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id, ok := strings.CutPrefix(b.begun.Get("Location"), "/api/imports/")
	if b.status < http.StatusBadRequest && ok {
		return "/office/imports/" + id, nil
	}
	status := max(b.status, http.StatusInternalServerError)
	if b.status >= http.StatusBadRequest {
		status = b.status
	}
	problem := &Problem{Status: status, Title: http.StatusText(status)}
	_ = json.Unmarshal(b.text, problem) // what is no problem document keeps the title
	return "", problem
}
