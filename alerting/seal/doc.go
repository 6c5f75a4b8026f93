// Package seal keeps the keys: it seals addresses and batches, hashes what must be found again without being readable,
// and signs the tickets that travel in callback and unsubscribe addresses.
//
// It stands apart because keys must be handled in one place only, and it is a leaf: every package may import it.
//
// A key file holds one key: 32 random bytes in base64 or hexadecimal, on one line (Generate writes such a line). From
// each master key one key per purpose is derived with HKDF-SHA256 (RFC 5869), so that bytes sealed for one purpose
// can never be opened for another. Several master keys may be loaded; for each purpose one is current. New bytes are
// made with the current key, old ones are read with whichever key made them: everything starts with a key's tag. A
// keyring of a folder reads the folder again when it meets a tag that it does not know, so that a new key may be handed
// out to running processes before the first of them seals with it.
//
// What always holds: bytes that Open returns were sealed by a holder of the key, for this purpose and with the same
// associated data; a tag is a fingerprint of the key itself, so a swapped file is "unknown key", never garbage; no
// error names anything secret.
//
// Why not plain AES-GCM with random nonces: with 96-bit nonces a key is worn out after 2³² messages, and a batch key
// has no natural end. Sealing uses XAES-256-GCM (c2sp.org/XAES-256-GCM): 192-bit random nonces, of which the first
// half derives a fresh key for each message; 2⁸⁰ messages a key are safe.
package seal
