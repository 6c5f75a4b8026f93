package cap

import (
	"crypto/sha1" //nolint:gosec // the digest of CAP is SHA-1; it guards against damage, not against attackers.
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

func mediaType(a *Alert, r *Resource) string {
	kind, _, found := strings.Cut(r.MIMEType, "/")
	if !found || mimeTypeFault(a, r) != "" {
		return ""
	}
	switch strings.ToLower(kind) {
	case "application", "audio", "chemical", "example", "font", "haptics", "image", "message", "model", "multipart", "text", "video":
		return ""
	}
	if strings.HasPrefix(strings.ToLower(kind), "x-") {
		return ""
	}
	return fmt.Sprintf("%q does not begin with a registered type: write one such as image/png, application/pdf or audio/mpeg", clip(r.MIMEType))
}

func sizeAdvised(_ *Alert, r *Resource) string {
	if r.Size == nil && r.URI != "" && r.DerefURI == "" {
		return "the size is missing: with it a receiver can tell whether to fetch the resource over a narrow link"
	}
	return ""
}

func resourceContent(_ *Alert, r *Resource) string {
	if r.URI == "" && r.DerefURI == "" {
		return "the resource has neither uri nor derefUri, so there is nothing to show: add one, or leave the resource out"
	}
	return ""
}

func derefURIPublic(a *Alert, r *Resource) string {
	if r.DerefURI != "" && a.Scope == ScopePublic {
		return "the content is in the alert itself, which is only for one-way links whose receivers are all known to take it: give a uri as well"
	}
	return ""
}

// content is what derefUri holds; false when there is none or it cannot be read.
func (r *Resource) content() ([]byte, bool) {
	if r.DerefURI == "" || derefURIFault(nil, r) != "" {
		return nil, false
	}
	compact := make([]byte, 0, len(r.DerefURI))
	for i := range len(r.DerefURI) {
		if c := r.DerefURI[i]; !isSpace(c) {
			compact = append(compact, c)
		}
	}
	n, err := base64.StdEncoding.Decode(compact, compact)
	if err != nil {
		return nil, false
	}
	return compact[:n], true
}

// sizeContent allows a tenth of difference: the standard asks for the approximate size.
func sizeContent(_ *Alert, r *Resource) string {
	if r.Size == nil || *r.Size < 0 {
		return ""
	}
	content, ok := r.content()
	if !ok {
		return ""
	}
	n := int64(len(content))
	if off := *r.Size - n; max(off, -off) > n/10+1 {
		return fmt.Sprintf("the size is %d bytes and the content in derefUri has %d: write that", *r.Size, n)
	}
	return ""
}

func digestContent(_ *Alert, r *Resource) string {
	if r.Digest == "" || digestFault(nil, r) != "" {
		return ""
	}
	content, ok := r.content()
	if !ok {
		return ""
	}
	sum := sha1.Sum(content) //nolint:gosec // see the import
	if have := hex.EncodeToString(sum[:]); !strings.EqualFold(have, r.Digest) {
		return fmt.Sprintf("the digest is not that of the content in derefUri, which is %s: one of them is damaged", have)
	}
	return ""
}
