package pages

import (
	"errors"
	"net/http"

	"tocsin/alerting/approval"
	"tocsin/alerting/console"
)

// keyForm is the page on which somebody makes the key with which he signs under a password.
type keyForm struct {
	First, Again *Field
	Problem      string
	// Keys are those of his that are enrolled; Made is the one that he has just made, and that is worth nothing before it is.
	Keys []console.Operator
	Made *console.PasswordKey
	// Approvals: the office demands them, so that a key is of use.
	Approvals bool
}

func (q *request) keyForm() (*keyForm, error) {
	all, ok, err := q.operators()
	if err != nil {
		return nil, err
	}
	f := &keyForm{Approvals: ok,
		First: &Field{Name: "password", Label: q.T("drafts.key.password"), Hint: q.T("drafts.key.password.hint"), Type: "password", Required: true, Autocomplete: "new-password"},
		Again: &Field{Name: "password_again", Label: q.T("drafts.key.again"), Type: "password", Required: true, Autocomplete: "new-password"}}
	for _, kind := range approval.Kinds() {
		f.Keys = append(f.Keys, keysOf(all, q.Me.Name, kind)...)
	}
	return f, nil
}

func keyPage(q *request) error {
	f, err := q.keyForm()
	if err != nil {
		return err
	}
	return q.show("drafts/key", q.T("drafts.key.title"), f)
}

// makeKey has the office make a key and keep it under the password that was typed twice.
func makeKey(q *request) error {
	f, err := q.keyForm()
	if err != nil {
		return err
	}
	password := q.r.PostFormValue("password")
	if password != q.r.PostFormValue("password_again") {
		f.Again.Said = wrongIn(q.T("drafts.key.differ"))
		return q.showAs(http.StatusBadRequest, "drafts/key", q.T("drafts.key.title"), f)
	}
	made := &console.PasswordKey{}
	err = q.post("/api/operators/password-keys", map[string]string{"operator": q.Me.Name, "password": password}, made)
	if problem := (*Problem)(nil); errors.As(err, &problem) {
		f.Problem = problem.Detail
		return q.showAs(problem.Status, "drafts/key", q.T("drafts.key.title"), f)
	}
	if err != nil {
		return err
	}
	f.Made = made
	return q.showAs(http.StatusCreated, "drafts/key", q.T("drafts.key.made"), f)
}
