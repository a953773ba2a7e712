#!/usr/bin/env bash
# As the official entry point does: root reads the password, gives the data to postgres and becomes it; the first time
# a cluster is made with POSTGRES_USER, POSTGRES_DB and POSTGRES_INITDB_ARGS; then the server takes this process's place.
set -eEuo pipefail

if [[ -n ${POSTGRES_PASSWORD_FILE:-} ]]; then
    POSTGRES_PASSWORD=$(<"$POSTGRES_PASSWORD_FILE")
    export POSTGRES_PASSWORD
    unset POSTGRES_PASSWORD_FILE
fi
if [[ ${1:-} == postgres && $(id -u) == 0 ]]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 00700 "$PGDATA"
    chmod 03775 /var/run/postgresql
    find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres '{}' +
    exec setpriv --reuid=postgres --regid=postgres --init-groups "${BASH_SOURCE[0]}" "$@"
fi
if [[ ${1:-} == postgres && ! -s $PGDATA/PG_VERSION ]]; then
    : "${POSTGRES_PASSWORD:?a password is needed to make a cluster}"
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    # shellcheck disable=SC2086  # words
    initdb --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") ${POSTGRES_INITDB_ARGS:-}
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    # Nobody is to come in by TCP before all is made.
    pg_ctl -o "-c listen_addresses=''" -w start
    if [[ $database != postgres ]]; then psql -v ON_ERROR_STOP=1 --username "$user" -d postgres -c "CREATE DATABASE \"$database\""; fi
    pg_ctl -m fast -w stop
fi
unset POSTGRES_PASSWORD
# Debian's default is localhost alone.
if [[ ${1:-} == postgres ]]; then set -- "$@" -c listen_addresses='*'; fi
exec "$@"
