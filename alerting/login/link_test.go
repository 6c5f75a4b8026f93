package login

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
)

func TestFirstAdministrator(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db)
		old, needed, err := h.FirstLink(t.Context())
		if err != nil || !needed {
			t.Fatal(needed, err)
		}
		l, _, err := h.FirstLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.BeginSetup(t.Context(), old.Token, "chief"); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("a link that was replaced: %v", err)
		}
		for _, name := range []string{"", "desk", "Weather", "<b>"} {
			if _, err := h.BeginSetup(t.Context(), l.Token, name); !errors.Is(err, alerting.ErrInvalid) {
				t.Errorf("the name %q: %v", name, err)
			}
		}
		o := h.setUp(l, "chief")
		if len(o.Account.Roles) != 1 || o.Account.Roles[0] != (Grant{"", Administrator}) || !h.alive(o.Token) {
			t.Errorf("%+v", o)
		}
		if _, err := h.FinishSetup(t.Context(), SetUp{Link: l.Token, Name: "second", Password: phrase, Code: h.code("chief")}); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("a link counts twice: %v", err)
		}
		if _, needed, err := h.FirstLink(t.Context()); err != nil || needed {
			t.Errorf("a second first administrator: %v %v", needed, err)
		}
		for what, err := range map[string]error{"closed": h.SetDisabled(t.Context(), boss, "chief", true), "demoted": h.SetRoles(t.Context(), boss, "chief", nil)} {
			if !errors.Is(err, alerting.ErrState) {
				t.Errorf("the last administrator is %s: %v", what, err)
			}
		}
		late, err := h.AdministratorLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		h.pass(FirstLinkLife)
		if _, err := h.BeginSetup(t.Context(), late.Token, "third"); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("a link that is over: %v", err)
		}
	})
}

func TestSetUp(t *testing.T) {
	h := newHouse(t, storetest.Open(t))
	l, err := h.Create(t.Context(), boss, "mei", []Grant{{"X", Author}, {"X", Author}, {"Y", Viewer}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Create(t.Context(), boss, "Mei", nil); !errors.Is(err, alerting.ErrConflict) {
		t.Errorf("the name in another case: %v", err)
	}
	if _, err := h.Create(t.Context(), boss, "tomas", []Grant{{"X", "king"}}); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("a role that is none: %v", err)
	}
	if _, err := h.FinishSetup(t.Context(), SetUp{Link: l.Token, Password: phrase, Code: "000000"}); !errors.Is(err, alerting.ErrState) {
		t.Errorf("without a secret: %v", err)
	}
	s, err := h.BeginSetup(t.Context(), l.Token, "somebody else")
	if err != nil || s.Name != "mei" {
		t.Fatal(s, err)
	}
	u, err := url.Parse(s.URI)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Tocsin:mei" || u.Query().Get("secret") != s.Secret {
		t.Errorf("the address for authenticators: %s %v", s.URI, err)
	}
	h.secret["mei"] = s.Secret
	for what, try := range map[string]SetUp{"a short password": {Password: "short", Code: h.code("mei")}, "a wrong code": {Password: phrase, Code: "000000"}} {
		try.Link = l.Token
		if _, err := h.FinishSetup(t.Context(), try); !errors.Is(err, alerting.ErrInvalid) || strings.Contains(err.Error(), try.Code) {
			t.Errorf("%s: %v", what, err)
		}
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range 4 {
		all.Go(func() {
			_, err := h.FinishSetup(t.Context(), SetUp{Link: l.Token, Password: phrase, Code: h.code("mei")})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				done++
			}
		})
	}
	all.Wait()
	if done != 1 {
		t.Errorf("the link counted %d times", done)
	}
	if _, err := h.ByPassword(t.Context(), here, "mei", phrase, h.code("mei")); !errors.Is(err, ErrWrong) {
		t.Errorf("the code of the set-up counts again: %v", err)
	}
}

// TestRecovery: what somebody had counts until the link is used, and then no more.
func TestRecovery(t *testing.T) {
	h := newHouse(t, storetest.Open(t))
	before := h.person("mei")
	l, err := h.NewLink(t.Context(), boss, "mei")
	if err != nil || !h.alive(before.Token) {
		t.Fatal(err)
	}
	old := h.secret["mei"]
	after := h.setUp(l, "mei")
	if h.alive(before.Token) || !h.alive(after.Token) {
		t.Error("sessions of before go on")
	}
	code, _ := Code(old, h.clock())
	if _, err := h.ByPassword(t.Context(), here, "mei", phrase, code); !errors.Is(err, ErrWrong) {
		t.Errorf("the old authenticator: %v", err)
	}
	if l, err = h.NewLink(t.Context(), boss, "mei"); err != nil {
		t.Fatal(err)
	}
	if err := h.SetDisabled(t.Context(), boss, "mei", true); err != nil {
		t.Fatal(err)
	}
	if _, err := h.BeginSetup(t.Context(), l.Token, ""); !errors.Is(err, alerting.ErrForbidden) {
		t.Errorf("the link of a closed account: %v", err)
	}
	if _, err := h.NewLink(t.Context(), boss, "mei"); !errors.Is(err, alerting.ErrState) {
		t.Errorf("a new link for a closed account: %v", err)
	}
}

func TestOwnAccount(t *testing.T) {
	h := newHouse(t, storetest.Open(t))
	before := h.person("mei")
	if _, err := h.ChangePassword(t.Context(), here, "mei", another, another); !errors.Is(err, ErrWrong) {
		t.Errorf("without the old password: %v", err)
	}
	after, err := h.ChangePassword(t.Context(), here, "mei", phrase, another)
	if err != nil || h.alive(before.Token) || !h.alive(after.Token) {
		t.Fatalf("the password: %v", err)
	}
	if _, err := h.BeginTOTP(t.Context(), here, "mei", phrase); !errors.Is(err, ErrWrong) {
		t.Errorf("the old password: %v", err)
	}
	s, err := h.BeginTOTP(t.Context(), here, "mei", another)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.ConfirmTOTP(t.Context(), "mei", "000000"); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("a wrong code of the new one: %v", err)
	}
	if _, err := h.ByPassword(t.Context(), here, "mei", another, h.code("mei")); err != nil {
		t.Errorf("the old one, until the new one is confirmed: %v", err)
	}
	h.secret["mei"] = s.Secret
	last, err := h.ConfirmTOTP(t.Context(), "mei", h.code("mei"))
	if err != nil || h.alive(after.Token) || !h.alive(last.Token) {
		t.Errorf("the authenticator: %v", err)
	}
	if _, err := h.ConfirmTOTP(t.Context(), "mei", h.code("mei")); !errors.Is(err, alerting.ErrState) {
		t.Errorf("confirmed twice: %v", err)
	}
}

// TestCodes: the vectors of RFC 6238, appendix B, for SHA-1; the last six of their eight digits.
func TestCodes(t *testing.T) {
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		if got, err := Code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", time.Unix(at, 0)); err != nil || got != want {
			t.Errorf("at %d: %s %v, want %s", at, got, err, want)
		}
	}
	if _, err := Code("not base32!", time.Unix(0, 0)); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("a secret that is none: %v", err)
	}
}
