// Command probe asks a process of Tocsin whether it is well: `probe http://127.0.0.1:9180/readyz` exits 0 if the answer is 200.
//
// It stands apart because the image holds neither a shell nor curl. What always holds: it answers within 4 seconds.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// patience bounds the whole question.
const patience = 4 * time.Second

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: probe URL")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := probe(ctx, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		cancel()
		os.Exit(1)
	}
}

// probe asks; the error of a process that is not well holds what it said.
func probe(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(said)))
	}
	return nil
}
