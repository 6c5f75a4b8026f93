package siren

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"tocsin/channels/channeltest"
)

// TestHTTPOverTLS: a siren's certificate is checked against Config.TLS.
func TestHTTPOverTLS(t *testing.T) {
	device := liveDevice(nil)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		envelope, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		_, reply := device.Obey(envelope)
		data, err := device.Encode(reply)
		if err != nil {
			return
		}
		_, _ = w.Write(data)
	}))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	d := testDelivery(addressOf(t, Endpoint{ID: "s1", Protocol: ProtocolHTTP, URL: server.URL}), wail)
	if h, err := mustSend(t, newHTTP(t, func(c *Config) { c.TLS = &tls.Config{RootCAs: roots} }), d); err != nil || !h.Delivered {
		t.Errorf("%+v, %v; want delivered", h, err)
	}
	if _, err := mustSend(t, newHTTP(t, nil), d); classOf(err) != "transient" || device.Sounded() != 1 {
		t.Errorf("with a certificate that nobody vouches for: %v, sounded %d times; want transient, once", err, device.Sounded())
	}
}

func TestHTTPUnsignedRefusalOfASigningDevice(t *testing.T) {
	device := liveDevice(func(c *DeviceConfig) { c.Verifier.Keys = nil })
	server := serveSiren(t, device, channeltest.Accept)
	g := newHTTP(t, func(c *Config) { c.DeviceKeys = map[string]ed25519Public{"s1": publicOf(testKey(9))} })
	if _, err := mustSend(t, g, testDelivery(server.address(t), wail)); classOf(err) != "transient" {
		t.Errorf("%v; want transient: anybody could have refused", err)
	}
}
