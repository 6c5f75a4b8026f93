package browsertest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// create makes a passkey for an algorithm of COSE, and gives its name and public key.
const create = `(async () => {
	const text = b => btoa(String.fromCharCode(...new Uint8Array(b)))
	const made = await navigator.credentials.create({publicKey: {
		rp: {id: "localhost", name: "Harbour Emergency Office"},
		user: {id: new TextEncoder().encode("officer"), name: "officer", displayName: "Duty officer"},
		challenge: new Uint8Array(32),
		pubKeyCredParams: [{type: "public-key", alg: %d}],
		authenticatorSelection: {userVerification: "required", residentKey: "preferred"},
		timeout: 30000}})
	return {id: text(made.rawId), algorithm: made.response.getPublicKeyAlgorithm(), public: text(made.response.getPublicKey())}
})()`

// get asks for an approval of 32 bytes, and gives it in the form that ParseAssertion reads.
const get = `(async () => {
	const text = b => btoa(String.fromCharCode(...new Uint8Array(b)))
	const bytes = s => Uint8Array.from(atob(s), c => c.charCodeAt(0))
	const {response} = await navigator.credentials.get({publicKey: {
		rpId: "localhost",
		challenge: bytes(%q),
		allowCredentials: [{type: "public-key", id: bytes(%q)}],
		userVerification: "required",
		timeout: 30000}})
	return {authenticator_data: text(response.authenticatorData), client_data: text(response.clientDataJSON), signature: text(response.signature)}
})()`

// CreatePasskey makes a passkey on the open page, which must be on localhost, for an algorithm of COSE (-7 is ES256): {"id",
// "algorithm", "public"}, the bytes in base64.
func (b *Browser) CreatePasskey(algorithm int) json.RawMessage {
	b.t.Helper()
	return b.Eval(fmt.Sprintf(create, algorithm))
}

// SignWithPasskey asks the passkey of an id for an assertion over 32 bytes, in the form that approval.ParseAssertion reads.
func (b *Browser) SignWithPasskey(challenge [32]byte, id []byte) json.RawMessage {
	b.t.Helper()
	return b.Eval(fmt.Sprintf(get, base64.StdEncoding.EncodeToString(challenge[:]), base64.StdEncoding.EncodeToString(id)))
}
