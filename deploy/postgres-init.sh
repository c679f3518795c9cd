#!/bin/sh
# PostgreSQL's image runs this once, when it creates its data directory: a role for Latchkey that
# owns one database and nothing else. Afterwards the superuser has no password and can connect only
# from inside the container.
set -eu

psql --no-psqlrc --set ON_ERROR_STOP=1 --set password="$POSTGRES_PASSWORD" \
    --username postgres --dbname postgres <<'SQL'
CREATE ROLE latchkey LOGIN PASSWORD :'password';
CREATE DATABASE latchkey OWNER latchkey;
REVOKE CONNECT ON DATABASE latchkey FROM PUBLIC;
ALTER ROLE postgres PASSWORD NULL;
SQL
