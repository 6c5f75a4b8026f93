// Package login knows who people are: accounts, how they log in, and the sessions that follow.
//
// It stands apart because the secrets of people belong in one place. What a role may do is the console's matter, and whose signature
// counts is package approval's: a session opens a door, and approves nothing.
//
//	link ──set up──▶ account ──password and code, or passkey──▶ session ──idle, end, log-out, or a change of the account──▶ nothing
//
// What always holds: a password alone opens nothing; a code of an authenticator and a link count once; of sessions and links only the
// SHA-256 is kept; whoever guesses learns from no answer, nor from its time, whether an account exists. Accounts stand in SQL, which
// every question is answered from: who is disabled, or loses a role, has lost it at the next request. Sessions, and how often somebody
// guessed, stand in Redis and may be lost: then people log in again.
//
// Why a wrong guess is counted by the name that was typed, whether there is such an account or not: it is the only count that treats
// both alike. Somebody may shut the door of another that way, for Lockout.Longest at the most; passkeys still open it.
//
// Why passkeys are verified by package approval and not by a library of WebAuthn: it has that function already, and holds it to the
// same rules. A new passkey shows itself with an assertion, so that nothing else need be read. A passkey for logging in must not be
// enrolled as an operator's key as well: what it signs to log in is a number that the office chose.
package login
