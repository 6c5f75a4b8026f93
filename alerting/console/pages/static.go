package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

// shipped are scripts, styles and outlines as `make web` writes them.
//
//go:embed static
var shipped embed.FS

// hashed are names that the bundler made of the content.
var hashed = regexp.MustCompile(`-[A-Z0-9]{8}\.js$`)

// static serves what we ship: from memory, compressed once.
type static struct{ files map[string]*staticFile }

type staticFile struct {
	plain, packed []byte
	media, tag    string
}

func readStatic() (*static, error) {
	s := &static{files: make(map[string]*staticFile)}
	err := fs.WalkDir(shipped, "static", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		plain, err := shipped.ReadFile(file)
		if err != nil {
			return err
		}
		f, err := newStaticFile(path.Base(file), plain)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		s.files[path.Base(file)] = f
		return nil
	})
	return s, err
}

func newStaticFile(name string, plain []byte) (*staticFile, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(plain)
	}
	if err == nil {
		err = z.Close()
	}
	sum := sha256.Sum256(plain)
	media := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) {
	case ".js":
		media = "text/javascript; charset=utf-8"
	case ".json":
		media = "application/json"
	case ".svg":
		media = "image/svg+xml"
	case ".txt":
		media = "text/plain; charset=utf-8"
	}
	return &staticFile{plain: plain, packed: packed.Bytes(), media: media, tag: hex.EncodeToString(sum[:6])}, err
}

// address is where a file is found: its digest is part of it, so that browsers may keep it for good.
func (s *static) address(name string) string {
	f, ok := s.files[name]
	if !ok {
		return "/static/" + name
	}
	return "/static/" + name + "?v=" + f.tag
}

func (s *static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := s.files[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.media)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	// A name with a digest in it never means anything else.
	if r.URL.Query().Get("v") == f.tag || hashed.MatchString(r.PathValue("name")) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body := f.plain
	h.Set("ETag", `"`+f.tag+`"`)
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		h.Set("ETag", `"`+f.tag+`-gzip"`)
		body = f.packed
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
