package serve

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// MakeVAPID writes the private key of a web push gateway (RFC 8292, unpadded base64url) and gives the public one.
func MakeVAPID(file string) (public string, err error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("make a VAPID key: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(key.Bytes())
	if err := writeSecret(file, []byte(text+"\n")); err != nil {
		return "", fmt.Errorf("make a VAPID key: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()), nil
}

// MakeSirenKey writes an Ed25519 key (PKCS #8, PEM) and gives its public half in base64, for the devices.
func MakeSirenKey(file string) (public string, err error) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("make a siren key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("make a siren key: %w", err)
	}
	if err := writeSecret(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return "", fmt.Errorf("make a siren key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(pub), nil
}

// MakeToken writes a token of 256 random bits.
func MakeToken(file string) (string, error) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	if err := writeSecret(file, []byte(base64.RawURLEncoding.EncodeToString(b)+"\n")); err != nil {
		return "", fmt.Errorf("make a token: %w", err)
	}
	return file, nil
}

// writeSecret creates a file that only its owner reads; it never overwrites one.
func writeSecret(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}
