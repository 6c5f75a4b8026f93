package pages

import (
	"strings"
	"testing"
)

func TestAQRCodeIsDrawnWithAQuietZone(t *testing.T) {
	t.Parallel()
	code, err := qrCode("otpauth://totp/Office:mei?secret=JBSWY3DPEHPK3PXP", `a "label" <`)
	if err != nil {
		t.Fatal(err)
	}
	text := string(code)
	for _, want := range []string{`aria-label="a &#34;label&#34; &lt;"`, `role="img"`, "M4 4h1v1h-1z"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %.300s", want, text)
		}
	}
	// The finder pattern begins at the margin, and nothing is dark in it.
	for _, never := range []string{"M3 4h", "M4 3h", "M0 0h1v1", "JBSWY"} {
		if strings.Contains(text, never) {
			t.Errorf("%s is in the drawing", never)
		}
	}
	if _, err := qrCode(strings.Repeat("x", 5000), ""); err == nil {
		t.Error("more than a QR code holds was drawn")
	}
}
