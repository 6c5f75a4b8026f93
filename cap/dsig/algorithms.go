package dsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // to tell old signatures from broken ones; they are never trusted
	_ "crypto/sha256"
	_ "crypto/sha512"
	"fmt"
	"math/big"

	"github.com/beevik/etree"
	xmldsig "github.com/russellhaering/goxmldsig"
)

const (
	space     = "http://www.w3.org/2000/09/xmldsig#"
	more      = "http://www.w3.org/2001/04/xmldsig-more#"
	enc       = "http://www.w3.org/2001/04/xmlenc#"
	enveloped = space + "enveloped-signature"

	rsaSHA256   = more + "rsa-sha256"
	ecdsaSHA256 = more + "ecdsa-sha256"
	sha256URI   = enc + "sha256"
)

// C14N is a canonical form of XML. Its value is the algorithm's URI.
type C14N string

// The canonical forms that Sign can use. Verify takes them with comments too.
const (
	// Exclusive is what most authorities use (IPAWS, NAADS).
	Exclusive C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
	// Inclusive is Canonical XML 1.0.
	Inclusive C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	// Inclusive11 is Canonical XML 1.1, as members of the WMO use it.
	Inclusive11 C14N = "http://www.w3.org/2006/12/xml-c14n11"
)

// canonicalizer makes the form that a URI names; prefixes is the PrefixList of the exclusive ones.
func canonicalizer(uri, prefixes string) (xmldsig.Canonicalizer, error) {
	if prefixes != "" && uri != string(Exclusive) && uri != string(Exclusive)+"WithComments" {
		return nil, fmt.Errorf("the canonicalisation %q takes no list of prefixes", clip(uri))
	}
	switch uri {
	case string(Exclusive):
		return xmldsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes), nil
	case string(Exclusive) + "WithComments":
		return xmldsig.MakeC14N10ExclusiveWithCommentsCanonicalizerWithPrefixList(prefixes), nil
	case string(Inclusive):
		return xmldsig.MakeC14N10RecCanonicalizer(), nil
	case string(Inclusive) + "#WithComments":
		return xmldsig.MakeC14N10WithCommentsCanonicalizer(), nil
	case string(Inclusive11):
		return xmldsig.MakeC14N11Canonicalizer(), nil
	case string(Inclusive11) + "#WithComments":
		return xmldsig.MakeC14N11WithCommentsCanonicalizer(), nil
	}
	return nil, fmt.Errorf("the canonicalisation %q is not on the list", clip(uri))
}

// canonical writes an element in canonical form and leaves it as it was.
func canonical(c xmldsig.Canonicalizer, el *etree.Element) ([]byte, error) {
	if inclusive := c.Algorithm() == xmldsig.CanonicalXML10RecAlgorithmId || c.Algorithm() == xmldsig.CanonicalXML10WithCommentsAlgorithmId; inclusive {
		return c.Canonicalize(el) // it copies, and looks at what the element inherits
	}
	return c.Canonicalize(el.Copy())
}

// digest is a hash algorithm.
type digest struct {
	hash crypto.Hash
	weak bool
}

func digestOf(uri string) (digest, error) {
	switch uri {
	case sha256URI:
		return digest{crypto.SHA256, false}, nil
	case more + "sha384":
		return digest{crypto.SHA384, false}, nil
	case enc + "sha512":
		return digest{crypto.SHA512, false}, nil
	case space + "sha1":
		return digest{crypto.SHA1, true}, nil
	}
	return digest{}, fmt.Errorf("the digest %q is not on the list", clip(uri))
}

func (d digest) of(data []byte) []byte {
	h := d.hash.New()
	h.Write(data)
	return h.Sum(nil)
}

// method is a signature algorithm.
type method struct {
	digest
	ecdsa bool
}

func methodOf(uri string) (method, error) {
	switch uri {
	case rsaSHA256:
		return method{digest{crypto.SHA256, false}, false}, nil
	case more + "rsa-sha384":
		return method{digest{crypto.SHA384, false}, false}, nil
	case more + "rsa-sha512":
		return method{digest{crypto.SHA512, false}, false}, nil
	case ecdsaSHA256:
		return method{digest{crypto.SHA256, false}, true}, nil
	case more + "ecdsa-sha384":
		return method{digest{crypto.SHA384, false}, true}, nil
	case space + "rsa-sha1":
		return method{digest{crypto.SHA1, true}, false}, nil
	}
	return method{}, fmt.Errorf("the signature algorithm %q is not on the list", clip(uri))
}

// minRSABits is the shortest RSA key that is trusted (BSI TR-02102, NIST SP 800-57: 2048 at least), maxRSABits the longest that
// is computed with: a stranger chooses the key, and the time that it takes.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// verify checks a signature. The weak result says that it is right and proves little.
func (m method) verify(key crypto.PublicKey, data, signature []byte) (weak bool, err error) {
	sum := m.of(data)
	switch k := key.(type) {
	case *rsa.PublicKey:
		if m.ecdsa {
			return false, fmt.Errorf("the key is one for RSA, and the algorithm is not")
		}
		if k.N.BitLen() > maxRSABits {
			return false, fmt.Errorf("the RSA key has more than %d bits", maxRSABits)
		}
		if err := rsa.VerifyPKCS1v15(k, m.hash, sum, signature); err != nil {
			return false, fmt.Errorf("the signature does not fit the key")
		}
		return m.weak || k.N.BitLen() < minRSABits, nil
	case *ecdsa.PublicKey:
		if !m.ecdsa {
			return false, fmt.Errorf("the key is one for ECDSA, and the algorithm is not")
		}
		// XML signatures hold r and s one after the other, each as long as the curve's order (XML Signature 1.1 §6.4.3).
		size := (k.Curve.Params().BitSize + 7) / 8
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() || len(signature) != 2*size {
			return false, fmt.Errorf("the key is on a curve that is not on the list, or the signature has not its length")
		}
		r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
		if !ecdsa.Verify(k, sum, r, s) {
			return false, fmt.Errorf("the signature does not fit the key")
		}
		return m.weak, nil
	}
	return false, fmt.Errorf("the key is neither for RSA nor for ECDSA")
}
