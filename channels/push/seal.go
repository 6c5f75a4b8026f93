package push

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
)

// seal encrypts a payload for a browser (RFC 8291 §3.4 over RFC 8188 §2) into one record of the given size, padding
// included. The sender's key is of one use; salt has 16 bytes.
func seal(payload string, sender *ecdh.PrivateKey, salt []byte, to *subscription, size uint32) ([]byte, error) {
	receiver, err := ecdh.P256().NewPublicKey(to.key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errKeys, err)
	}
	shared, err := sender.ECDH(receiver)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errKeys, err)
	}
	point := sender.PublicKey().Bytes()
	input, err := hkdf.Key(sha256.New, shared, to.secret, "WebPush: info\x00"+string(to.key)+string(point), 32)
	if err != nil {
		return nil, err
	}
	pseudorandom, err := hkdf.Extract(sha256.New, input, salt)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Expand(sha256.New, pseudorandom, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Expand(sha256.New, pseudorandom, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	record := make([]byte, 0, size)
	record = append(record, salt...)
	record = binary.BigEndian.AppendUint32(record, size)
	record = append(record, byte(len(point)))
	record = append(record, point...)
	// The rest of the record, but for the tag, is payload, the delimiter of a last record, and zeros; sealed in place.
	plain := record[len(record) : int(size)-gcm.Overhead()]
	plain[copy(plain, payload)] = 2
	return gcm.Seal(record, nonce, plain, nil), nil
}

// request is what webpush-go would send, made of our own seal and a token that is used more than once.
func (g *Gateway) request(ctx context.Context, n notification) (*http.Request, error) {
	sender, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	var salt [16]byte
	_, _ = rand.Read(salt[:])
	body, err := seal(n.payload, sender, salt[:], &n.to, recordSize(len(n.payload)))
	if err != nil {
		return nil, err
	}
	token, err := g.token(n.origin, n.to.origin)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(n.to.Endpoint)
	if err != nil {
		return nil, err
	}
	r := &http.Request{Method: http.MethodPost, URL: target, Host: target.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
		Header: http.Header{"Authorization": {token}, "Content-Encoding": {"aes128gcm"},
			"Content-Type": {"application/octet-stream"}, "Ttl": {strconv.Itoa(n.ttl)}}}
	if n.topic != "" {
		r.Header["Topic"] = []string{n.topic}
	}
	switch n.urgency {
	case webpush.UrgencyVeryLow, webpush.UrgencyLow, webpush.UrgencyNormal, webpush.UrgencyHigh:
		r.Header["Urgency"] = []string{string(n.urgency)}
	}
	return r.WithContext(ctx), nil
}

// tokenUse is how long a token is used. webpush-go lets it end after 12 hours; RFC 8292 §2 allows 24.
const tokenUse = time.Hour

// token is the VAPID header for a push service, signed by webpush-go once in a while and not for every message.
func (g *Gateway) token(from *origin, name string) (string, error) {
	from.mu.Lock()
	defer from.mu.Unlock()
	now := g.now()
	if from.token != "" && now.Before(from.tokenEnds) && now.After(from.tokenEnds.Add(-2*tokenUse)) {
		return from.token, nil
	}
	// The library signs only while it sends: let it send a byte to nobody. Our own key serves as the browser's.
	var signed capture
	nobody := &webpush.Subscription{Endpoint: name + "/", Keys: webpush.Keys{
		P256dh: g.config.VAPIDPublicKey, Auth: base64.RawURLEncoding.EncodeToString(make([]byte, 16))}}
	_, err := webpush.SendNotificationWithContext(context.Background(), []byte{0}, nobody, &webpush.Options{HTTPClient: &signed,
		RecordSize: bucket, Subscriber: g.config.Subscriber,
		VAPIDPublicKey: g.config.VAPIDPublicKey, VAPIDPrivateKey: g.config.VAPIDPrivateKey})
	if !errors.Is(err, errCaptured) {
		return "", fmt.Errorf("sign a VAPID token: %w", err)
	}
	from.token, from.tokenEnds = signed.authorization, now.Add(tokenUse)
	return from.token, nil
}

// errCaptured ends a request that was never meant to leave.
var errCaptured = errors.New("not sent")

// capture is an HTTPClient that keeps the token of a request and sends nothing.
type capture struct{ authorization string }

// Do keeps the token.
func (c *capture) Do(r *http.Request) (*http.Response, error) {
	c.authorization = r.Header.Get("Authorization")
	return nil, errCaptured
}
