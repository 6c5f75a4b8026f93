package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Paging says how much of a list is wanted: Limit entries (0: as many as the API gives by itself), or All.
type Paging struct {
	Limit int
	All   bool
}

// mostInPage is how many entries one answer of the API has at most.
const mostInPage = 1000

// listed reads a list page after page, as the headers Link lead (RFC 8288).
func listed[T any](ctx context.Context, c *Client, path string, query url.Values, l Paging) ([]T, error) {
	out := []T{}
	switch {
	case l.All:
		query.Set("limit", strconv.Itoa(mostInPage))
	case l.Limit > 0:
		query.Set("limit", strconv.Itoa(min(l.Limit, mostInPage)))
	}
	next := path + "?" + query.Encode()
	for next != "" {
		var some []T
		link, err := c.page(ctx, next, &some)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
		if l.Limit > 0 && len(out) >= l.Limit {
			return out[:l.Limit], nil
		}
		// A next page must be one of the same list: whoever says otherwise is not the API.
		if next = link; next != "" && !strings.HasPrefix(next, path+"?") || !l.All && l.Limit == 0 {
			return out, nil
		}
	}
	return out, nil
}

// page reads one page; next is empty on the last.
func (c *Client) page(ctx context.Context, path string, into any) (next string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.send(ctx, request{method: http.MethodGet, path: path})
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		return "", problemOf(resp)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(into); err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return nextOf(resp.Header.Get("Link")), nil
}

// nextOf reads a header Link: the target with rel="next".
func nextOf(link string) string {
	target, rel, ok := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if !ok || !strings.HasPrefix(link, "<") || !strings.Contains(rel, `rel="next"`) {
		return ""
	}
	return target
}
