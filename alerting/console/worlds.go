package console

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/cap"
)

type worldKey struct{}

// worldOf is the world that the path of a request names; empty where it names none, which sees all.
func worldOf(ctx context.Context) alerting.World {
	w, _ := ctx.Value(worldKey{}).(alerting.World)
	return w
}

// ofWorld keeps of a list what belongs to the world of a request.
func ofWorld[T any](ctx context.Context, all []T, world func(T) alerting.World) []T {
	want := worldOf(ctx)
	if want == "" {
		return all
	}
	out := make([]T, 0, len(all))
	for _, one := range all {
		if world(one) == want {
			out = append(out, one)
		}
	}
	return out
}

// inWorlds are the routes of alerts and drafts once more below /api/actual, /api/exercise and /api/test. There a thing of
// another world does not exist, and a document of another status is refused.
func (c *Console) inWorlds(all []route) []route {
	var out []route
	for _, w := range alerting.Worlds() {
		for _, r := range all {
			method, path, _ := strings.Cut(r.pattern, " ")
			if !strings.HasPrefix(path, "/api/alerts") && !strings.HasPrefix(path, "/api/drafts") {
				continue
			}
			answer := r.answer
			r.pattern = method + " /api/" + string(w) + strings.TrimPrefix(path, "/api")
			r.answer = func(rw http.ResponseWriter, req *http.Request, by alerting.Actor) error {
				req = req.WithContext(context.WithValue(req.Context(), worldKey{}, w))
				if err := c.belongs(req, path, r.takes == capDocument); err != nil {
					return err
				}
				return answer(rw, req, by)
			}
			r.about += ", in the world " + string(w)
			out = append(out, r)
		}
	}
	return out
}

// belongs refuses what a request names or brings of another world than its path's.
func (c *Console) belongs(r *http.Request, path string, brings bool) error {
	want, id := worldOf(r.Context()), r.PathValue("id")
	switch {
	case strings.HasPrefix(path, "/api/alerts/{id}"):
		alert, err := alerting.ParseAlertID(id)
		if err != nil {
			return err
		}
		have, err := c.Reporter.World(r.Context(), alert)
		if err != nil {
			return err
		}
		if have != want {
			return alerting.Refuse(alerting.ErrNotFound, "world.alert", "there is no alert %s in the world %s", alert, alerting.Term(want))
		}
	case strings.HasPrefix(path, "/api/drafts/{id}"):
		have, err := c.worldOfDraft(r.Context(), id)
		if err != nil {
			return err
		}
		if have != want {
			return alerting.Refuse(alerting.ErrNotFound, "world.draft", "there is no draft %.40q in the world %s", id, alerting.Term(want))
		}
	}
	if !brings {
		return nil
	}
	document, err := io.ReadAll(io.LimitReader(r.Body, int64(c.MaxBytes)+1))
	if err != nil {
		return fmt.Errorf("%w: the document ends early: %w", alerting.ErrInvalid, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(document))
	return c.ofStatus(document, want)
}

// worldOfDraft is the world of a draft's document; empty when its status is that of none.
func (c *Console) worldOfDraft(ctx context.Context, id string) (alerting.World, error) {
	d, err := c.Drafts.DraftAt(ctx, id)
	if err != nil {
		return "", err
	}
	return c.worldOfWhole(&d), nil
}

// worldOfWhole is worldOfDraft for a draft that was read whole.
func (c *Console) worldOfWhole(d *desk.Draft) alerting.World {
	if d.World != "" {
		return d.World
	}
	a, _ := cap.Read(d.Document, cap.Options{MaxBytes: c.MaxBytes})
	if a == nil {
		return ""
	}
	w, _ := alerting.WorldOf(a.Status) // none: then it is in no world
	return w
}

// ofStatus refuses a document of another world. What cannot be read is left to who reads it next.
func (c *Console) ofStatus(document []byte, want alerting.World) error {
	limits := cap.Options{MaxBytes: c.MaxBytes}
	a, _ := cap.Read(document, limits)
	if a == nil {
		return nil
	}
	have, err := alerting.WorldOf(a.Status)
	if err != nil || have == want {
		return err
	}
	f := cap.Finding{ID: "api.world", Clause: "CAP 1.2 §3.2.1 status", Path: "alert/status", Level: cap.LevelError,
		Message: fmt.Sprintf("the status is %s, and this path is that of the world %s: change the status, or send it to /api/%s", a.Status, want, have)}
	return fmt.Errorf("%w: %w", alerting.ErrInvalid, cap.Merge(document, limits, nil, cap.Findings{f}))
}

// draftIsOf reports whether a draft is of the request's world. Its document must be read for that, and so the entry of the list tells
// what it lacks, who has signed it, and of which public test it is.
func (c *Console) draftIsOf(ctx context.Context, d *desk.Draft) (bool, error) {
	want := worldOf(ctx)
	if want == "" {
		return true, nil
	}
	whole, err := c.Drafts.DraftAt(ctx, d.ID)
	if err != nil {
		return false, err
	}
	d.World, d.Window, d.Signatures, d.Missing = c.worldOfWhole(&whole), whole.Window, whole.Signatures, whole.Missing
	return d.World == want, nil
}
