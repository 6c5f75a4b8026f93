// Package browsertest lets tests ask a real Chromium: it opens pages, runs scripts in them, and plays the authenticator
// that holds a person's passkeys.
//
// It stands apart from package approval so that no production code imports the testing package. What always holds: a test
// is skipped where TOCSIN_TEST_CHROMIUM names no browser; the browser has a profile of its own, speaks through two pipes
// and opens no port; it ends with the test, and by itself should the test be killed; every step has a deadline, and a step
// that fails ends the test and says what the browser said.
//
// Why not playwright or a library of the DevTools protocol: a dozen commands are needed, and none of them brings a websocket.
package browsertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Variable names the browser: the path of a Chromium.
const Variable = "TOCSIN_TEST_CHROMIUM"

// patience bounds each step, and the end of the browser. A slow machine takes seconds to start one.
const patience = time.Minute

// Browser is a Chromium with one page. It belongs to the goroutine of its test.
type Browser struct {
	t    testing.TB
	pipe pipe
	// session names the page in what is sent.
	session string
}

// Start starts a browser that ends with the test, and skips the test where there is none.
func Start(t testing.TB) *Browser {
	t.Helper()
	path := os.Getenv(Variable)
	if path == "" {
		t.Skip(Variable + " is not set")
	}
	b := &Browser{t: t}
	if err := b.start(path, t.TempDir()); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	var target struct {
		ID string `json:"targetId"`
	}
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct {
		Session string `json:"sessionId"`
	}
	b.call("Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &attached)
	b.session = attached.Session
	b.call("Page.enable", nil, nil)
	b.call("Page.setLifecycleEventsEnabled", map[string]any{"enabled": true}, nil)
	return b
}

// Open goes to an address and waits until the page is loaded.
func (b *Browser) Open(url string) {
	b.t.Helper()
	var gone struct {
		Document string `json:"loaderId"`
		Failed   string `json:"errorText"`
	}
	b.call("Page.navigate", map[string]any{"url": url}, &gone)
	if gone.Failed != "" {
		b.t.Fatalf("open %s: %s", url, gone.Failed)
	}
	if gone.Document == "" {
		return // only the part behind # is another
	}
	if err := b.pipe.awaitLoaded(gone.Document); err != nil {
		b.t.Fatalf("open %s: %v", url, err)
	}
}

// Eval gives the value of a JavaScript expression, as JSON; it waits for a promise. What has no JSON form, like undefined,
// is null.
func (b *Browser) Eval(js string) json.RawMessage {
	b.t.Helper()
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Thrown *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	b.call("Runtime.evaluate", map[string]any{"expression": js, "awaitPromise": true, "returnByValue": true, "userGesture": true}, &answer)
	if answer.Thrown != nil {
		b.t.Fatalf("the page threw %s %s\nin %s", answer.Thrown.Text, answer.Thrown.Exception.Description, js)
	}
	if answer.Result.Value == nil {
		return json.RawMessage("null")
	}
	return answer.Result.Value
}

// AddAuthenticator gives the page an authenticator built into the machine, in front of which somebody sits whom it
// recognises at once.
func (b *Browser) AddAuthenticator() {
	b.t.Helper()
	b.call("WebAuthn.enable", nil, nil)
	b.call("WebAuthn.addVirtualAuthenticator", map[string]any{"options": map[string]any{
		"protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
		"isUserVerified": true, "automaticPresenceSimulation": true}}, nil)
}

func (b *Browser) call(method string, params map[string]any, answer any) {
	b.t.Helper()
	if err := b.pipe.call(b.session, method, params, answer); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
}

// start runs the program with the two pipes that it expects as files 3 and 4, and a folder that goes with the test.
func (b *Browser) start(path, folder string) error {
	ours, theirs, err := pipes()
	if err != nil {
		return err
	}
	ctx, kill := context.WithCancel(context.Background()) // the test's own context is over before clean-ups run
	args := []string{"--headless=new", "--remote-debugging-pipe", "--user-data-dir=" + folder, "--no-first-run", "--no-default-browser-check",
		"--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-breakpad", "--password-store=basic"}
	if os.Getuid() == 0 {
		args = append(args, "--no-sandbox") // it refuses to run as root with one
	}
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // the program that whoever runs the tests has named
	var said bytes.Buffer
	cmd.Stderr = &said                             // Wait reads it to its end: until the last of its processes is gone
	cmd.Env = append(os.Environ(), "HOME="+folder) // it leaves things there too
	cmd.ExtraFiles = theirs
	cmd.WaitDelay = patience
	err = cmd.Start()
	for _, f := range theirs {
		f.Close()
	}
	if err != nil {
		kill()
		return errors.Join(err, ours.close())
	}
	b.pipe = ours
	b.t.Cleanup(func() {
		defer kill()
		late := time.AfterFunc(patience, kill)
		defer late.Stop()
		_ = b.pipe.call("", "Browser.close", nil, nil) // it may have ended by itself
		_ = b.pipe.close()
		if err := cmd.Wait(); err != nil {
			b.t.Logf("the browser ended with %v, and said: %s", err, said.String())
		}
	})
	return nil
}
