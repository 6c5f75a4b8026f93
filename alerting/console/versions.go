package console

import (
	"net/http"
	"regexp"
	"strconv"

	"tocsin/alerting"
)

// AutosaveHeader says, with the value 1, that nobody asked for this version of a draft: a form saves what is in it (see desk.Amend).
const AutosaveHeader = "Tocsin-Autosave"

// autosaves reads the header; anything but 1 is refused.
func autosaves(r *http.Request) (bool, error) {
	switch text := r.Header.Get(AutosaveHeader); text {
	case "":
		return false, nil
	case "1":
		return true, nil
	default:
		return false, alerting.Refuse(alerting.ErrInvalid, "request.autosave", "%s %.20q: send 1 when a form saves by itself, and leave the header out when a person does", AutosaveHeader, text)
	}
}

// FormHeader is what a form calls itself by chance, a name that no other has: what it saved last is no conflict when it saves again, although
// the answer was lost (see desk.Amend).
const FormHeader = "Tocsin-Form"

// formOf reads the header.
func formOf(r *http.Request) (string, error) {
	name := r.Header.Get(FormHeader)
	if name != "" && !formName.MatchString(name) {
		return "", alerting.Refuse(alerting.ErrInvalid, "request.form", "%s %.80q: send 16 to 64 letters, digits and hyphens, drawn by chance for each form", FormHeader, name)
	}
	return name, nil
}

var formName = regexp.MustCompile(`^[A-Za-z0-9-]{16,64}$`)

// versions lists the versions of a draft. The number is the place in the list.
func (c *Console) versions(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	id := r.PathValue("id")
	p, err := c.pageOf(r, "drafts/"+id+"/versions")
	if err != nil {
		return err
	}
	all, err := c.Drafts.Versions(r.Context(), id, p.at, p.limit)
	if err != nil {
		return err
	}
	if len(all) > 0 {
		p.next(w, r, len(all), all[len(all)-1].Number, "version")
	}
	return orJSON(w, all, nil)
}

// versionDocument gives the document of one version, byte for byte.
func (c *Console) versionDocument(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	version, err := versionIn(r.PathValue("version"))
	if err != nil {
		return err
	}
	document, err := c.Drafts.VersionDocument(r.Context(), r.PathValue("id"), version)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", string(capDocument))
	_, _ = w.Write(document)
	return nil
}

// draftChanges says in what the present version differs from the one that ?from= names.
func (c *Console) draftChanges(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	var from int64
	if text := r.URL.Query().Get("from"); text != "" {
		var err error
		if from, err = versionIn(text); err != nil {
			return err
		}
	}
	all, err := c.Drafts.DraftChanges(r.Context(), r.PathValue("id"), from)
	return orJSON(w, all, err)
}

// versionIn reads the number of a version.
func versionIn(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, alerting.Refuse(alerting.ErrInvalid, "request.version", "version %.20q: want a number from 1 on, as the list of versions gives it", text)
	}
	return n, nil
}
