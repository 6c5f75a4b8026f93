package login

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// challengeLife is how long a challenge may be answered, once.
const challengeLife = 2 * time.Minute

// mostPasskeys bounds the passkeys of one account.
const mostPasskeys = 10

// Challenge is what a passkey must sign: navigator.credentials.get takes it with userVerification "required". No account is named, so
// that the answer tells nothing: the browser offers the passkeys that it has for the relying party.
type Challenge struct {
	// Challenge is 32 bytes in unpadded base64url.
	Challenge        string `json:"challenge"`
	RelyingParty     string `json:"rp_id"`
	UserVerification string `json:"user_verification"`
}

// Assertion is what a passkey gives, beside the id of its credential.
type Assertion struct {
	Challenge string `json:"challenge"`
	// Credential is the id in unpadded base64url, as browsers give it.
	Credential        string `json:"credential"`
	AuthenticatorData []byte `json:"authenticator_data"`
	ClientData        []byte `json:"client_data"`
	Signature         []byte `json:"signature"`
}

func (g *Gate) challengeKey(purpose string, c []byte) string {
	sum := sha256.Sum256(append([]byte(purpose+"\x00"), c...))
	return g.Prefix + "login:challenge:" + hex.EncodeToString(sum[:])
}

// challenge makes a challenge for a purpose: "" to log in, else the key of the account that gets a passkey.
func (g *Gate) challenge(ctx context.Context, purpose string) (Challenge, error) {
	if g.Relying.ID == "" {
		return Challenge{}, alerting.Refuse(alerting.ErrState, "passkey.off", "passkeys need login.public_url, or approval.passkey, in the configuration")
	}
	var c [32]byte
	_, _ = rand.Read(c[:]) // it never fails (crypto/rand)
	if err := g.Redis.Set(ctx, g.challengeKey(purpose, c[:]), 1, challengeLife).Err(); err != nil {
		return Challenge{}, unavailable("make a challenge", err)
	}
	return Challenge{base64.RawURLEncoding.EncodeToString(c[:]), g.Relying.ID, "required"}, nil
}

// verify uses a challenge up, and says whether a key answered it.
func (g *Gate) verify(ctx context.Context, purpose string, public []byte, a *Assertion) error {
	asked, err := base64.RawURLEncoding.DecodeString(a.Challenge)
	if err != nil || len(asked) != 32 {
		return alerting.Refuse(alerting.ErrInvalid, "passkey.challenge", "challenge: want 32 bytes in unpadded base64url")
	}
	err = g.Redis.GetDel(ctx, g.challengeKey(purpose, asked)).Err()
	if errors.Is(err, redis.Nil) {
		return alerting.Refuse(alerting.ErrForbidden, "passkey.challenge-dead", "the challenge was answered already, is over, or was none of ours")
	}
	if err != nil {
		return unavailable("look for a challenge", err)
	}
	return g.Relying.Verify(public, [32]byte(asked), approval.Assertion{AuthenticatorData: a.AuthenticatorData, ClientData: a.ClientData, Signature: a.Signature})
}

// BeginPasskey gives a challenge to log in with.
func (g *Gate) BeginPasskey(ctx context.Context) (Challenge, error) { return g.challenge(ctx, "") }

// ByPasskey opens a session for whoever holds a passkey and was verified by it (PIN, finger or face). A door that wrong passwords shut
// is open to him. Errors as for ByPassword.
func (g *Gate) ByPasskey(ctx context.Context, address string, a Assertion) (Opened, error) {
	if _, err := g.attempt(ctx, address, ""); err != nil {
		return Opened{}, err
	}
	var k passkeyRow
	err := g.DB.Read().NewSelect().Model(&k).Where("id = ?", a.Credential).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Opened{}, g.counted("unavailable", unavailable("look for a passkey", err))
	}
	if err := g.verify(ctx, "", k.Public, &a); err != nil {
		if errors.Is(err, alerting.ErrUnavailable) {
			return Opened{}, g.counted("unavailable", err)
		}
		g.failed.failedAt("", false)
		g.Log.InfoContext(ctx, "a passkey was refused", "error", err)
		return Opened{}, g.counted("wrong", ErrWrong)
	}
	r, _, err := row(ctx, g.DB.Read(), k.Key)
	if err != nil {
		return Opened{}, g.counted("unavailable", err)
	}
	if err := g.enter(ctx, &r, 0, byPasskey); err != nil {
		return Opened{}, err
	}
	if err := g.forgive(ctx, address, ""); err != nil {
		return Opened{}, err
	}
	return g.open(ctx, &r, byPasskey)
}

// BeginNewPasskey gives a challenge that a new passkey of somebody must answer, who is logged in and types his password again.
func (g *Gate) BeginNewPasskey(ctx context.Context, address, name, password string) (Challenge, error) {
	r, err := g.again(ctx, address, name, password)
	if err != nil {
		return Challenge{}, err
	}
	return g.challenge(ctx, r.Key)
}

// NewPasskey is a passkey that somebody made (navigator.credentials.create), and that answered a challenge at once (get).
type NewPasskey struct {
	Label string `json:"label"`
	// Public is response.getPublicKey() of the new credential: PKIX in DER.
	Public []byte `json:"public_key"`
	Assertion
}

// FinishNewPasskey lets somebody log in with a passkey from now on.
func (g *Gate) FinishNewPasskey(ctx context.Context, name string, p NewPasskey) error {
	if n := utf8.RuneCountInString(p.Label); n < 1 || n > 60 || len(p.Credential) < 16 || len(p.Credential) > 1400 {
		return fmt.Errorf("add a passkey: %w", alerting.Refuse(alerting.ErrInvalid, "passkey.label", "want a label of 1 to 60 characters, and the id of the credential"))
	}
	public, err := approval.ParsePasskeyPublic(p.Public)
	if err != nil {
		return fmt.Errorf("add a passkey: %w", err)
	}
	if err := g.verify(ctx, keyOf(name), public, &p.Assertion); err != nil {
		return fmt.Errorf("add a passkey: %w", err)
	}
	return g.onAccount(ctx, "add a passkey", name, func(ctx context.Context, tx bun.Tx, r *accountRow) error {
		n, err := tx.NewSelect().Model((*passkeyRow)(nil)).Where("name_key = ?", r.Key).Count(ctx)
		if err != nil {
			return err
		}
		if n >= mostPasskeys {
			return alerting.Refuse(alerting.ErrState, "passkey.many", "there are %d already; remove one first", n)
		}
		one := passkeyRow{ID: p.Credential, Key: r.Key, Label: p.Label, Public: public, CreatedMS: g.Now().UnixMilli()}
		if _, err := tx.NewInsert().Model(&one).Exec(ctx); err != nil {
			return err
		}
		return g.note(ctx, tx, Account{Name: r.Name}.actor(), verbPasskey, r.Name, map[string]any{"label": p.Label})
	})
}

// RemovePasskey takes a passkey away from its owner. ErrNotFound when he has no such one.
func (g *Gate) RemovePasskey(ctx context.Context, name, id string) error {
	return g.onAccount(ctx, "remove a passkey", name, func(ctx context.Context, tx bun.Tx, r *accountRow) error {
		res, err := tx.NewDelete().Model((*passkeyRow)(nil)).Where("name_key = ?", r.Key).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(alerting.Refuse(alerting.ErrNotFound, "passkey.unknown", "%q has no such passkey", r.Name), err)
		}
		return g.note(ctx, tx, Account{Name: r.Name}.actor(), verbPasskeyOff, r.Name, nil)
	})
}
