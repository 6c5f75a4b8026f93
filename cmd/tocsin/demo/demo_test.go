package demo

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/report"
	"tocsin/cmd/tocsin/client"
)

// TestOnceEndsByItself: a delivery that never finishes ends the demonstration with an error, not the patience of whoever
// waits for its exit code.
func TestOnceEndsByItself(t *testing.T) {
	simulator := filepath.Join(t.TempDir(), "gatewaysim")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", simulator, "tocsin/cmd/gatewaysim").CombinedOutput(); err != nil {
		t.Fatalf("build the simulator: %v %s", err, out)
	}
	watched := false
	err := Run(t.Context(), Options{Once: true, Limit: 4 * time.Second, People: 20, Seed: 1, Simulator: simulator, Dir: t.TempDir(),
		Out: io.Discard, Err: io.Discard,
		Watch: func(ctx context.Context, _ *client.Client, _ alerting.AlertID) error {
			watched = true
			<-ctx.Done()
			return ctx.Err()
		},
		Show: func(report.Status) error { return nil },
	})
	if !errors.Is(err, ErrLate) {
		t.Errorf("it ended with %v, want %v", err, ErrLate)
	}
	if !watched {
		t.Log("the machine was so slow that the time was over before the watch")
	}
}
