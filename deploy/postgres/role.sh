#!/bin/sh
# Runs once, when the database is made: the role that tocsin signs in with owns its database, and is nothing else.
set -eu
psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" <<'SQL'
\set password `cat /run/secrets/sql_password`
CREATE ROLE tocsin LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE tocsin OWNER tocsin;
REVOKE CONNECT ON DATABASE tocsin FROM PUBLIC;
SQL
