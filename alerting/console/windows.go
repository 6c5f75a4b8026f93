package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// Windows are the public tests: when a message of the world test may reach the public.
type Windows interface {
	OpenWindow(ctx context.Context, by alerting.Actor, w alerting.TestWindow) error
	CloseWindow(ctx context.Context, by alerting.Actor, c alerting.WindowClosing) error
	ProposeWindow(ctx context.Context, by alerting.Actor, w alerting.TestWindow) (desk.Window, error)
	SignWindow(ctx context.Context, by alerting.Actor, id string, a alerting.Approval) (desk.Window, error)
	SignWindowWithPassword(ctx context.Context, by alerting.Actor, id, digest, operator, password string) (desk.Window, error)
	CloseWindowWithPassword(ctx context.Context, by alerting.Actor, id, operator, password string) error
	Windows(ctx context.Context, q desk.WindowQuery) ([]desk.Window, error)
	WindowAt(ctx context.Context, id string) (desk.Window, error)
	Window(ctx context.Context, id string) (*alerting.TestWindow, error)
}

// windowRoutes propose, open and close public tests. A token only opens the door: what counts is the signatures.
func (c *Console) windowRoutes() []route {
	return []route{
		{"GET /api/windows", MayRead, c.inTurn(c.windows), "The windows of public tests and those that wait for signatures, the latest first; ?state= picks", nil, []desk.Window{}, 200},
		{"GET /api/windows/{id}", MayRead, c.inTurn(c.windowAt), "One of them", nil, desk.Window{}, 200},
		{"POST /api/windows/propose", MayApprove, c.proposeWindow, "Propose a public test; it waits until two operators have signed it, and reaches nobody before", alerting.TestWindow{}, desk.Window{}, 201},
		{"POST /api/windows/{id}/sign", MayApprove, c.signWindow, "Put an operator's signature on a public test that was proposed; with the second it is open", changeAct{}, desk.Window{}, 200},
		{"POST /api/windows/{id}/sign-with-password", MayApprove, c.signWindowWithPassword, "The same with the key under a password", changePassword{}, desk.Window{}, 200},
		{"POST /api/windows/{id}/close-with-password", MayApprove, c.closeWindowWithPassword, "End a public test, or its proposal, with the key under a password; takes one operator", typed{}, nil, 204},
		{"POST /api/windows", MayApprove, c.openWindow, "Open a public test that two operators have signed", alerting.TestWindow{}, nil, 204},
		{"POST /api/windows/{id}/close", MayApprove, c.closeWindow, "End a public test before its time, or its proposal; takes one operator", alerting.WindowClosing{}, nil, 204},
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
	p, err := c.pageOf(r, "windows")
	if err != nil {
		return err
	}
	states, err := statesOf(r, desk.WindowStates())
	if err != nil {
		return err
	}
	all, err := sifted(w, r, p, func(p page) ([]desk.Window, error) {
		return c.Windows.Windows(r.Context(), desk.WindowQuery{After: p.place(), Limit: p.limit, States: states})
	}, (*desk.Window).Place, func(w *desk.Window) (bool, error) { return len(states) == 0 || slices.Contains(states, w.State), nil })
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

func (c *Console) windowAt(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	if c.Windows == nil {
		return errNoWindows()
	}
	one, err := c.Windows.WindowAt(r.Context(), r.PathValue("id"))
	return orJSON(w, one, err)
}

func (c *Console) proposeWindow(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	if c.Windows == nil {
		return errNoWindows()
	}
	var window alerting.TestWindow
	if err := readJSON(w, r, &window); err != nil {
		return err
	}
	made, err := c.Windows.ProposeWindow(r.Context(), by, window)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/windows/"+url.PathEscape(made.ID))
	writeJSON(w, http.StatusCreated, made)
	return nil
}

func (c *Console) signWindow(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	if c.Windows == nil {
		return errNoWindows()
	}
	var act changeAct
	if err := readJSON(w, r, &act); err != nil {
		return err
	}
	one, err := c.Windows.SignWindow(r.Context(), by, r.PathValue("id"), act.Approval)
	return orJSON(w, one, err)
}

func (c *Console) signWindowWithPassword(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	if c.Windows == nil {
		return errNoWindows()
	}
	var b changePassword
	if err := readSecret(w, r, &b, "operator, password and sha256"); err != nil {
		return err
	}
	one, err := c.Windows.SignWindowWithPassword(r.Context(), by, r.PathValue("id"), b.SHA256, b.Operator, b.Password)
	return orJSON(w, one, err)
}

func (c *Console) closeWindowWithPassword(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	if c.Windows == nil {
		return errNoWindows()
	}
	t, err := readTyped(w, r, "operator and password")
	if err == nil {
		err = c.Windows.CloseWindowWithPassword(r.Context(), by, r.PathValue("id"), t.Operator, t.Password)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
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
