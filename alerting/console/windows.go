package console

import (
	"context"
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// Windows are the public tests: when a message of the world test may reach the public.
type Windows interface {
	OpenWindow(ctx context.Context, by alerting.Actor, w alerting.TestWindow) error
	CloseWindow(ctx context.Context, by alerting.Actor, c alerting.WindowClosing) error
	Windows(ctx context.Context) ([]desk.Window, error)
	Window(ctx context.Context, id string) (*alerting.TestWindow, error)
}

// windowRoutes open and close public tests. A token only opens the door: what counts is the signatures.
func (c *Console) windowRoutes() []route {
	return []route{
		{"GET /api/windows", MayRead, c.inTurn(c.windows), "The windows of public tests, the latest first", nil, []desk.Window{}, 200},
		{"POST /api/windows", MayApprove, c.openWindow, "Open a public test that two operators have signed", alerting.TestWindow{}, nil, 204},
		{"POST /api/windows/{id}/close", MayApprove, c.closeWindow, "End a public test before its time; takes one operator", alerting.WindowClosing{}, nil, 204},
	}
}

// errNoWindows: this console was built without them.
func errNoWindows() error {
	return alerting.Refuse(alerting.ErrState, "window.off", "this office holds no public tests")
}

func (c *Console) windows(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	if c.Windows == nil {
		return errNoWindows()
	}
	all, err := c.Windows.Windows(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

func (c *Console) openWindow(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	if c.Windows == nil {
		return errNoWindows()
	}
	var window alerting.TestWindow
	if err := readJSON(w, r, &window); err != nil {
		return err
	}
	if err := c.Windows.OpenWindow(r.Context(), by, window); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *Console) closeWindow(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	if c.Windows == nil {
		return errNoWindows()
	}
	var closing alerting.WindowClosing
	if err := readJSON(w, r, &closing); err != nil {
		return err
	}
	if closing.Window != r.PathValue("id") {
		return alerting.Refuse(alerting.ErrInvalid, "window.closes-other", "the closing is of window %.64q, and the path names %.64q", closing.Window, r.PathValue("id"))
	}
	if err := c.Windows.CloseWindow(r.Context(), by, closing); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// windowOf is the public test that ?window= names; nil for none.
func (c *Console) windowOf(r *http.Request) (*alerting.TestWindow, error) {
	id := r.URL.Query().Get("window")
	if id == "" {
		return nil, nil
	}
	if c.Windows == nil {
		return nil, errNoWindows()
	}
	return c.Windows.Window(r.Context(), id)
}
