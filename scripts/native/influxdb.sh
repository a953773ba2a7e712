#!/usr/bin/env bash
# InfluxDB 2 without Docker, on 127.0.0.1.
set -eEuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"
source "$NATIVE/influxdb_build.sh"
source "$NATIVE/influxdb_room.sh"

NAME=influxdb-$INFLUXDB_VERSION
CONFIG=$REPO/config/influxdb
LOG=$RUN_DIR/logs/influxdb.log

is_cached() { [[ -x $CACHE/$NAME/influxd ]]; }

installed_influxd() { # prints the influxd of INFLUXD or PATH if it may be used and is of version 2
    local influxd=${INFLUXD:-}
    if ! allowed installed; then return 1; fi
    if [[ -z $influxd ]]; then influxd=$(type -P influxd) || return 1; fi
    # Debian's package of this name is version 1.
    if [[ ! "$("$influxd" version 2>/dev/null)" =~ ^InfluxDB\ (v?2\.|dev) ]]; then
        say "  $influxd is not an InfluxDB 2: ignored"
        return 1
    fi
    echo "$influxd"
}

program() {
    if installed_influxd; then return; fi
    is_cached || fail "InfluxDB is not installed" "no $CACHE/$NAME" "InfluxDB $INFLUXDB_VERSION there" "$0 install"
    echo "$CACHE/$NAME/influxd"
}

official() { # DIR
    local digest machine inside
    case $(uname -m) in
        x86_64) machine=amd64 digest=$INFLUXDB_SHA256_AMD64 ;;
        aarch64 | arm64) machine=arm64 digest=$INFLUXDB_SHA256_ARM64 ;;
        *) return 1 ;;
    esac
    local url=$INFLUXDATA_DOWNLOADS/v$INFLUXDB_VERSION/influxdb2-${INFLUXDB_VERSION}_linux_$machine.tar.gz
    unpack_official "$url" "${GPUSTREAM_INFLUXDB_SHA256:-$digest}" "$1" || return 1
    # Releases differ in where they put it: at the top or in usr/bin.
    inside=$(find "$1" -type f -name influxd | head -n 1)
    if [[ -z $inside ]]; then
        say "  $url holds no influxd: not used"
        return 1
    fi
    if [[ $inside != "$1/influxd" ]]; then mv "$inside" "$1/influxd"; fi
}

build() { # DIR
    if allowed download && official "$1"; then return 0; fi
    allowed registry || return 1
    build_influxd "$1"
}

install() {
    local found
    if found=$(installed_influxd); then
        say "influxdb: using $found"
        return
    fi
    if ! is_cached; then
        say "influxdb $INFLUXDB_VERSION: installing into $CACHE"
        replace_in_cache "$NAME" build is_cached
    fi
    say "influxdb $INFLUXDB_VERSION: $CACHE/$NAME"
}

configure() {
    # Not for other users of the machine: the bolt file holds tokens and sessions.
    (umask 077 && mkdir -p "$INFLUXDB_DATA_DIR")
    mkdir -p "$RUN_DIR/logs"
}

run() {
    local influxd
    influxd=$(program)
    export INFLUXD_CONFIG_PATH=$CONFIG/config.yaml
    export INFLUXD_HTTP_BIND_ADDRESS=127.0.0.1:$INFLUXDB_PORT
    export INFLUXD_BOLT_PATH=$INFLUXDB_DATA_DIR/influxd.bolt
    export INFLUXD_SQLITE_PATH=$INFLUXDB_DATA_DIR/influxd.sqlite
    export INFLUXD_ENGINE_PATH=$INFLUXDB_DATA_DIR/engine
    # Not a limit but where Go begins to collect in earnest.
    export GOMEMLIMIT=${GOMEMLIMIT:-512MiB}
    exec "$influxd" run > >(pass_on_and_watch $$) 2>&1
}

healthy() {
    local answer
    answer=$(curl -sS --max-time 2 "http://127.0.0.1:$INFLUXDB_PORT/health") || { echo "$answer no answer" && return 1; }
    echo "$answer"
    [[ $answer =~ \"status\":\ ?\"pass\" ]]
}

case ${1:-} in
    install | configure | run) "$1" ;;
    wait) wait_until "InfluxDB at 127.0.0.1:$INFLUXDB_PORT" "$LOG" healthy ;;
    *) usage "install | configure | run | wait" ;;
esac
