package seal

import (
	"crypto/aes"
	"crypto/cipher"
)

const (
	nonceSize = 24
	macSize   = 16
)

// xaes is XAES-256-GCM (c2sp.org/XAES-256-GCM): each message has its own AES-256-GCM key, derived from the master key
// and the first half of the nonce with the counter mode of NIST SP 800-108r1 over CMAC.
type xaes struct {
	block cipher.Block
	k1    [aes.BlockSize]byte
}

func newXAES(key []byte) (*xaes, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	x := &xaes{block: block}
	// CMAC's first subkey (NIST SP 800-38B §6.1): L doubled in GF(2¹²⁸), without a branch on secret bits.
	block.Encrypt(x.k1[:], x.k1[:])
	var msb byte
	for i := len(x.k1) - 1; i >= 0; i-- {
		msb, x.k1[i] = x.k1[i]>>7, x.k1[i]<<1|msb
	}
	x.k1[len(x.k1)-1] ^= msb * 0x87
	return x, nil
}

// aead gives the cipher of one message from the first half of its nonce.
func (x *xaes) aead(half []byte) (cipher.AEAD, error) {
	var key [KeySize]byte
	for i, out := range [][]byte{key[:aes.BlockSize], key[aes.BlockSize:]} {
		m := [aes.BlockSize]byte{0, byte(i + 1), 'X', 0}
		copy(m[4:], half)
		for j := range m {
			m[j] ^= x.k1[j]
		}
		x.block.Encrypt(out, m[:])
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (x *xaes) seal(dst, nonce, plaintext, aad []byte) ([]byte, error) {
	a, err := x.aead(nonce[:nonceSize/2])
	if err != nil {
		return nil, err
	}
	return a.Seal(dst, nonce[nonceSize/2:], plaintext, aad), nil
}

func (x *xaes) open(nonce, ciphertext, aad []byte) ([]byte, error) {
	a, err := x.aead(nonce[:nonceSize/2])
	if err != nil {
		return nil, err
	}
	return a.Open(nil, nonce[nonceSize/2:], ciphertext, aad)
}
