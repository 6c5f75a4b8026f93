package console

import (
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/login"
)

func (c *Console) ownPassword(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	who, err := personOf(r)
	if err != nil {
		return err
	}
	var b newPassword
	if err := readSecret(w, r, &b, "old and new"); err != nil {
		return err
	}
	o, err := c.Login.ChangePassword(r.Context(), c.address(r), by.Name, b.Old, b.New)
	return c.opened(w, r, o, err, who.cookie)
}

func (c *Console) beginTOTP(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	password, err := again(w, r)
	if err != nil {
		return err
	}
	s, err := c.Login.BeginTOTP(r.Context(), c.address(r), by.Name, password)
	if err != nil {
		return c.opened(w, r, login.Opened{}, err, false)
	}
	writeJSON(w, http.StatusOK, s)
	return nil
}

// again reads the password of somebody who is logged in, and is asked once more.
func again(w http.ResponseWriter, r *http.Request) (string, error) {
	if _, err := personOf(r); err != nil {
		return "", err
	}
	var b justPassword
	err := readSecret(w, r, &b, "password")
	return b.Password, err
}

func (c *Console) confirmTOTP(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	who, err := personOf(r)
	if err != nil {
		return err
	}
	var b justCode
	if err := readSecret(w, r, &b, "code"); err != nil {
		return err
	}
	o, err := c.Login.ConfirmTOTP(r.Context(), by.Name, b.Code)
	return c.opened(w, r, o, err, who.cookie)
}

func (c *Console) beginNewPasskey(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	password, err := again(w, r)
	if err != nil {
		return err
	}
	asked, err := c.Login.BeginNewPasskey(r.Context(), c.address(r), by.Name, password)
	if err != nil {
		return c.opened(w, r, login.Opened{}, err, false)
	}
	writeJSON(w, http.StatusOK, asked)
	return nil
}

func (c *Console) newPasskey(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	if _, err := personOf(r); err != nil {
		return err
	}
	var b login.NewPasskey
	if err := readSecret(w, r, &b, "label, public_key, challenge, credential, authenticator_data, client_data and signature"); err != nil {
		return err
	}
	if err := c.Login.FinishNewPasskey(r.Context(), by.Name, b); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *Console) removePasskey(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	if _, err := personOf(r); err != nil {
		return err
	}
	if err := c.Login.RemovePasskey(r.Context(), by.Name, r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
