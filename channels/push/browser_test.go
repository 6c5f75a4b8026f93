package push

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/channels/channeltest"
)

func TestMain(m *testing.M) {
	channeltest.Main(m, func(l net.Listener) error {
		return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			status(201)(w, r)
		}))
	})
}

// decrypt is the browser's side of RFC 8291 §3.4 and RFC 8188 §2, written apart from the library's.
func decrypt(key *ecdh.PrivateKey, auth, body []byte) ([]byte, error) {
	if len(body) < 86 || body[20] != 65 {
		return nil, errors.New("not a header of aes128gcm")
	}
	salt, size, point, text := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:86], body[86:]
	if int(size) < len(text) {
		return nil, errors.New("more than one record")
	}
	sender, err := ecdh.P256().NewPublicKey(point)
	if err != nil {
		return nil, err
	}
	shared, err := key.ECDH(sender)
	if err != nil {
		return nil, err
	}
	info := "WebPush: info\x00" + string(key.PublicKey().Bytes()) + string(point)
	ikm, err := hkdf.Key(sha256.New, shared, auth, info, 32)
	if err != nil {
		return nil, err
	}
	contentKey, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(contentKey)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nonce, text, nil)
	if err != nil {
		return nil, err
	}
	unpadded := strings.TrimRight(string(plain), "\x00")
	plainText, ok := strings.CutSuffix(unpadded, "\x02")
	if !ok {
		return nil, errors.New("no delimiter of a last record")
	}
	return []byte(plainText), nil
}

// TestVector: the test's own browser reads the example of RFC 8291, so it is fit to judge; and our seal writes it.
func TestVector(t *testing.T) {
	corpus := os.Getenv("CAP_CORPUS")
	if corpus == "" {
		t.Skip("CAP_CORPUS is not set: no published vectors")
	}
	raw, err := os.ReadFile(filepath.Join(corpus, "vectors", "rfc8291_appendixA.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vector struct{ Plaintext, UAPrivate, UAPublic, ASPrivate, AuthSecret, Salt, Body string }
	if err := json.Unmarshal(raw, &vector); err != nil {
		t.Fatal(err)
	}
	key, err := ecdh.P256().NewPrivateKey(unbase(t, vector.UAPrivate))
	if err != nil {
		t.Fatal(err)
	}
	got, err := decrypt(key, unbase(t, vector.AuthSecret), unbase(t, vector.Body))
	if err != nil || string(got) != vector.Plaintext {
		t.Errorf("got %q, %v; want %q", got, err, vector.Plaintext)
	}
	sender, err := ecdh.P256().NewPrivateKey(unbase(t, vector.ASPrivate))
	if err != nil {
		t.Fatal(err)
	}
	// The example has no padding; its header still names the largest record.
	want := unbase(t, vector.Body)
	to := &subscription{key: unbase(t, vector.UAPublic), secret: unbase(t, vector.AuthSecret)}
	sealed, err := seal(vector.Plaintext, sender, unbase(t, vector.Salt), to, uint32(len(want)))
	if err != nil || len(sealed) != len(want) {
		t.Fatalf("sealed %d bytes, %v; want %d", len(sealed), err, len(want))
	}
	copy(sealed[16:20], want[16:20])
	if !bytes.Equal(sealed, want) {
		t.Errorf("sealed %x\nwant   %x", sealed, want)
	}
}

// checkToken verifies the VAPID header as a push service does (RFC 8292 §2, §3).
func checkToken(t *testing.T, header, public, origin, subject string) {
	t.Helper()
	rest, ok := strings.CutPrefix(header, "vapid t=")
	token, key, ok2 := strings.Cut(rest, ", k=")
	parts := strings.Split(token, ".")
	if !ok || !ok2 || len(parts) != 3 || key != public {
		t.Fatalf("authorization %q", header)
	}
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	if err := json.Unmarshal(unbase(t, parts[1]), &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Aud != origin || claims.Sub != subject {
		t.Errorf("claims %+v, want audience %s and subject %s", claims, origin, subject)
	}
	if left := time.Until(time.Unix(claims.Exp, 0)); left <= 0 || left > 24*time.Hour {
		t.Errorf("the token ends in %s: want within 24 hours", left)
	}
	point, signature := unbase(t, public), unbase(t, parts[2])
	if len(signature) != 64 {
		t.Fatalf("signature of %d bytes", len(signature))
	}
	verifier, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(verifier, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Error("the token's signature is wrong")
	}
}

func unbase(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
