// Package journal is the office's memory of who did what: records that are only ever added, each of which holds the hash
// of the one before it, so that nobody can change, remove, insert or reorder one without every later hash being wrong.
//
// It stands apart because whoever acts must not be the one who keeps the record of it: an owner of tables hands its
// running transaction to Append, and the act and its record become true together or not at all.
//
// A chain alone does not help against somebody who may write to the database: he can compute all hashes anew, or cut the
// chain's end off, or put an old copy of the database back. So the Keeper signs the chain's head every few minutes and
// exports it: to a file that belongs on another machine, and into the log. A signed head that the chain no longer leads
// through is the proof. How much can be lost unnoticed is what happened since the last exported head.
//
// What always holds:
//
//   - Numbers begin at 1 and have no gaps. A record's hash covers its number, time, actor, act, subject, detail and the
//     hash before it, each with its length, so no two records have the same bytes.
//   - The head's row is changed first in every Append, so that transactions take turns and no number is given twice.
//   - A record holds no address of anybody and no secret: whoever writes one names people by their references.
//   - Verify needs no key but the public one and trusts nothing in the database.
package journal
