package push

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"tocsin/channels"
)

// TestWebPushJudge sends through a push service that others wrote, the npm package web-push-testing: it checks the VAPID
// token, decrypts, and gives the messages back. TOCSIN_TEST_WEBPUSH is its URL; .ci/judges/webpush.cjs starts one.
func TestWebPushJudge(t *testing.T) {
	judge := os.Getenv("TOCSIN_TEST_WEBPUSH")
	if judge == "" {
		t.Skip("TOCSIN_TEST_WEBPUSH names no push service of the npm package web-push-testing")
	}
	texts := []string{"{}", `{"title":"Flood","body":"Leave now"}`, `{"title":"洪水红色预警","body":"Уходите · Évacuez 🌊"}`, strings.Repeat("x", 3000)}
	for name, lean := range both() {
		t.Run(name, func(t *testing.T) {
			c := config(t, judge)
			c.Lean = lean
			g := newGateway(t, c, Deps{})
			address, client := judgeSubscribe(t, judge, c.VAPIDPublicKey)
			for _, text := range texts {
				d := delivery(address)
				message := *d.Message
				message.Body = text
				d.Message = &message
				if _, err := g.Send(t.Context(), d); err != nil {
					t.Fatalf("the judge refuses a message of %d bytes: %v", len(text), err)
				}
			}
			var read struct{ Messages []string }
			judgePost(t, judge+"/get-notifications", map[string]string{"clientHash": client}, &read)
			if !slices.Equal(read.Messages, texts) {
				t.Errorf("the judge read %q, want %q", read.Messages, texts)
			}
			judgePost(t, judge+"/expire-subscription/"+client, nil, nil)
			var f *channels.Failure
			if _, err := g.Send(t.Context(), delivery(address)); !errors.As(err, &f) || f.Class != channels.Gone {
				t.Errorf("an expired subscription gives %v, want gone", err)
			}
		})
	}
}

// TestWebPushJudgeRefusesAnotherKey shows that the judge looks: a token of another application server does not pass.
func TestWebPushJudgeRefusesAnotherKey(t *testing.T) {
	judge := os.Getenv("TOCSIN_TEST_WEBPUSH")
	if judge == "" {
		t.Skip("TOCSIN_TEST_WEBPUSH names no push service of the npm package web-push-testing")
	}
	address, client := judgeSubscribe(t, judge, config(t, judge).VAPIDPublicKey)
	g := newGateway(t, config(t, judge), Deps{})
	if _, err := g.Send(t.Context(), delivery(address)); err == nil {
		t.Error("the judge takes a message with the token of another server")
	}
	var read struct{ Messages []string }
	judgePost(t, judge+"/get-notifications", map[string]string{"clientHash": client}, &read)
	if len(read.Messages) != 0 {
		t.Errorf("the judge read %q", read.Messages)
	}
}

// judgeSubscribe makes a subscription for an application server; its address is the JSON that a browser would give.
func judgeSubscribe(t *testing.T, judge, public string) (address, client string) {
	t.Helper()
	var made struct {
		Endpoint   string            `json:"endpoint"`
		Keys       map[string]string `json:"keys"`
		ClientHash string            `json:"clientHash"`
	}
	judgePost(t, judge+"/subscribe", map[string]string{"userVisibleOnly": "true", "applicationServerKey": public}, &made)
	client, made.ClientHash = made.ClientHash, ""
	text, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), client
}

// judgePost asks the judge for something; the answer's field "data" goes into answer unless that is nil.
func judgePost(t *testing.T, url string, question, answer any) {
	t.Helper()
	body, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	if question == nil {
		body = []byte("{}")
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the judge answers %s with status %d", url, response.StatusCode)
	}
	if answer == nil {
		return
	}
	if err := json.NewDecoder(response.Body).Decode(&struct{ Data any }{answer}); err != nil {
		t.Fatal(err)
	}
}
