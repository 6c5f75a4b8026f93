-- +goose Up

-- Who may log in. name_key is the name in lower case; state is invited (its link was not used yet), active or disabled. password is an
-- Argon2id record, totp a sealed secret, pending_totp one that is not confirmed yet, totp_step the latest step whose code was used.
-- epoch grows with whatever ends the running sessions. issuer and subject are those of OpenID Connect, or ''.
CREATE TABLE accounts (
    name_key     TEXT   NOT NULL PRIMARY KEY,
    name         TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    password     TEXT   NOT NULL,
    totp         BYTEA  NOT NULL,
    pending_totp BYTEA  NOT NULL,
    totp_step    BIGINT NOT NULL,
    epoch        BIGINT NOT NULL,
    issuer       TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    created_ms   BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX accounts_subject ON accounts (issuer, subject) WHERE subject <> '';

-- What they may do, for which administrative unit; '' is the whole office.
CREATE TABLE account_roles (
    name_key TEXT NOT NULL,
    unit     TEXT NOT NULL,
    role     TEXT NOT NULL,
    PRIMARY KEY (name_key, unit, role)
) /* sqlite: WITHOUT ROWID */;

-- One-time links: only the SHA-256 of one is kept, and one for each account at a time. name_key '' makes a first administrator.
CREATE TABLE account_links (
    name_key TEXT   NOT NULL PRIMARY KEY,
    hash     TEXT   NOT NULL UNIQUE,
    until_ms BIGINT NOT NULL,
    totp     BYTEA  NOT NULL
) /* sqlite: WITHOUT ROWID */;

-- Passkeys for logging in: the id of the credential in unpadded base64url, and the public key in DER.
CREATE TABLE account_passkeys (
    id         TEXT   NOT NULL PRIMARY KEY,
    name_key   TEXT   NOT NULL,
    label      TEXT   NOT NULL,
    public     BYTEA  NOT NULL,
    created_ms BIGINT NOT NULL
) /* sqlite: WITHOUT ROWID */;
CREATE INDEX account_passkeys_name ON account_passkeys (name_key);

-- +goose Down
DROP TABLE account_passkeys;
DROP TABLE account_links;
DROP TABLE account_roles;
DROP TABLE accounts;
