package dsig

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCanonicalFormsAgreeWithLibxml2 compares the canonical forms of real alerts with those that xmllint writes. It keeps
// comments, and we leave them out as a signature's reference does, so alerts with comments are left to the tests with xmlsec1.
func TestCanonicalFormsAgreeWithLibxml2(t *testing.T) {
	dir := os.Getenv("CAP_CORPUS")
	if dir == "" {
		t.Skip("CAP_CORPUS is not set: it names a folder of real alerts")
	}
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("xmllint is not installed: nobody else to compare canonical forms with")
	}
	compared := 0
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Ext(file) != ".cap" {
			return err
		}
		document := read(t, file)
		tree, err := readTree(document)
		if err != nil || bytes.Contains(document, []byte("<!--")) {
			return nil //nolint:nilerr // what cannot be read has no canonical form
		}
		for form, flag := range map[C14N]string{Exclusive: "--exc-c14n", Inclusive: "--c14n", Inclusive11: "--c14n11"} {
			want, err := exec.CommandContext(t.Context(), "xmllint", "--nonet", flag, file).Output()
			if err != nil {
				return nil //nolint:nilerr // nor for others: a prefix that nobody declared, a relative namespace
			}
			c, err := canonicalizer(string(form), "")
			if err != nil {
				return err
			}
			got, err := tree.canonical(c)
			if err != nil || !bytes.Equal(got, want) {
				at := 0
				for at < min(len(got), len(want)) && got[at] == want[at] {
					at++
				}
				t.Errorf("%s, %s: %v; from byte %d: %q, want %q", strings.TrimPrefix(file, dir), flag, err, at,
					got[at:min(at+60, len(got))], want[at:min(at+60, len(want))])
			}
			compared++
		}
		return nil
	})
	if err != nil || compared < 500 {
		t.Errorf("%d canonical forms compared, %v", compared, err)
	}
	t.Logf("%d canonical forms compared", compared)
}
