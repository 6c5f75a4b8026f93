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
	pub, err := makeEd25519(file)
	if err != nil {
		return "", fmt.Errorf("make a siren key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(pub), nil
}

// MakeJournalKey writes an Ed25519 key (PKCS #8, PEM) that signs the heads of the journal, and its public half beside it
// as FILE.pub (PKIX, PEM), which is all that verifying needs. It gives the name of the latter.
func MakeJournalKey(file string) (public string, err error) {
	pub, err := makeEd25519(file)
	if err != nil {
		return "", fmt.Errorf("make a journal key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return "", fmt.Errorf("make a journal key: %w", err)
	}
	public = file + ".pub"
	if err := os.WriteFile(public, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o644); err != nil { //nolint:gosec // it is public
		return "", fmt.Errorf("make a journal key: %w", err)
	}
	return public, nil
}

// makeEd25519 writes a private key (PKCS #8, PEM) and gives the public one.
func makeEd25519(file string) (ed25519.PublicKey, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return public, writeSecret(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
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
