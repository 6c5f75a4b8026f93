package process

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"testing"
	"time"
)

// The flags of `make bench`, `make chaos` and `make soak`, which are programs of their own made of these tests: go test
// without them runs none.
var (
	proving  = flag.Bool("proving", false, "run a program: TestNumbers, TestChaos or TestSoak")
	asJSON   = flag.Bool("json", false, "print one JSON document in the end instead of a line for each result")
	only     = flag.String("only", "", "run the one of this `name`, or several with commas")
	size     = flag.Int("size", 100_000, "numbers: `deliveries` of a row; soak: people of an alert")
	profiles = flag.String("profiles", "", "numbers: keep processor profiles in this `folder`")
	seed     = flag.Uint64("seed", 1, "chaos, soak: `seed` of what is left to chance")
	quick    = flag.Bool("quick", false, "chaos: the quick set")
	minutes  = flag.Int("minutes", 30, "soak: how `many` it lasts")
)

// results is where a program prints; what the testing package and the evidence say goes to standard error meanwhile.
var results io.Writer = os.Stdout

func TestMain(m *testing.M) {
	flag.Parse()
	if *proving {
		// What a soak is told to last comes on top of what any program may take.
		if err := flag.Set("test.timeout", (time.Hour + time.Duration(*minutes)*time.Minute).String()); err != nil {
			panic(err)
		}
		os.Stdout = os.Stderr
		if what := missing(); what != "" {
			fmt.Fprintln(os.Stderr, what)
			os.Exit(2)
		}
	} else if err := flag.Set("test.skip", "^(TestNumbers|TestChaos|TestSoak)$"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// conclude prints a program's results as one document, when that was asked for.
func conclude(t *testing.T, name string, rows any) {
	t.Helper()
	if !*asJSON {
		return
	}
	if err := json.NewEncoder(results).Encode(map[string]any{name: rows}); err != nil {
		t.Fatal(err)
	}
}
