package scenario

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestTheAPIIsAsItDescribesItself: a judge that others wrote reads the description of the API, and sends to every route what fits
// it and what does not: no answer is a failure of the server, and each is as described.
func TestTheAPIIsAsItDescribesItself(t *testing.T) {
	judge := os.Getenv("TOCSIN_TEST_SCHEMATHESIS")
	if judge == "" {
		t.Skip("TOCSIN_TEST_SCHEMATHESIS names no schemathesis")
	}
	o := Open(t, Options{Approvals: true})
	token, err := os.ReadFile(o.TokenFile("everything"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	// The stream of events ends only with its alert. The worlds have the same routes: one stands for all.
	run := exec.CommandContext(ctx, judge, "run", o.URL()+"/api/openapi.json", "-H", "Authorization: Bearer "+strings.TrimSpace(string(token)),
		"--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
		"--exclude-path-regex", "events$|^/api/(exercise|test)/", "--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--generation-deterministic", "--no-color")
	run.Dir = t.TempDir()
	run.WaitDelay = 10 * time.Second
	out, err := run.CombinedOutput()
	text := string(out)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "Tested:") || strings.Contains(line, "generated,") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if !strings.Contains(text, "Tested:") {
		t.Errorf("it tested nothing:\n%s", text)
	}
}
