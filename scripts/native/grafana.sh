#!/usr/bin/env bash
# Grafana without Docker, on 127.0.0.1: the one in GRAFANA_HOME, or the official archive where it can be reached.
set -eEuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

NAME=grafana-$GRAFANA_VERSION
DATA=$RUN_DIR/data/grafana
LOG=$RUN_DIR/logs/grafana.log

is_cached() { [[ -x $CACHE/$NAME/bin/grafana ]]; }

installed_home() { # prints GRAFANA_HOME if it may be used
    local home=${GRAFANA_HOME:-} found
    if [[ -z $home ]] || ! allowed installed; then return 1; fi
    found=$("$home/bin/grafana" --version 2>/dev/null) || true
    # Version 12 reads our provisioning; an older one stops at it.
    if [[ ! $found =~ version\ ([0-9]+) ]] || ((BASH_REMATCH[1] < 12)); then
        say "  GRAFANA_HOME=$home: ignored; found: ${found:-no bin/grafana that says its version}; expected: version 12 or newer"
        return 1
    fi
    echo "$home"
}

where() {
    if installed_home; then return; fi
    if is_cached; then echo "$CACHE/$NAME"; return; fi
    fail "there is no Grafana" "no $CACHE/$NAME${GRAFANA_HOME:+, none in GRAFANA_HOME=$GRAFANA_HOME}" \
        "Grafana $GRAFANA_VERSION" "set GRAFANA_HOME in .env to the folder of an unpacked Grafana 12 (https://grafana.com/grafana/download)"
}

build() { # DIR
    local machine
    allowed download || return 1
    case $(uname -m) in
        x86_64) machine=amd64 ;;
        aarch64 | arm64) machine=arm64 ;;
        *) return 1 ;;
    esac
    local archive=grafana_${GRAFANA_VERSION}_${GRAFANA_BUILD}_linux_$machine.tar.gz
    unpack_official "$GRAFANA_DOWNLOADS/$GRAFANA_VERSION/$archive" "" "$1" sha256 || return 1
    if [[ ! -x $1/bin/grafana ]]; then
        say "  $archive holds no bin/grafana: not used"
        return 1
    fi
}

install() {
    local home
    if home=$(installed_home); then
        say "grafana: using $home"
        return
    fi
    if ! is_cached; then
        say "grafana $GRAFANA_VERSION: installing into $CACHE"
        replace_in_cache "$NAME" build is_cached
    fi
    say "grafana $GRAFANA_VERSION: $CACHE/$NAME"
}

configure() {
    # Not for other users of the machine: its database holds sessions and the hash of the password.
    (umask 077 && mkdir -p "$DATA")
    mkdir -p "$RUN_DIR/logs"
}

secret() { # NAME [FILE]
    local file=${2:-$RUN_DIR/secrets/$1}
    [[ -r $file ]] || fail "Grafana's secret" "no $file" "a readable file" "./start.sh makes it"
    cat "$file"
}

run() {
    local home
    home=$(where)
    GF_INFLUXDB_TOKEN=$(secret influxdb-read-token "${INFLUXDB_READ_TOKEN_FILE:-}")
    GF_SECURITY_ADMIN_PASSWORD=$(secret grafana-password)
    export GF_INFLUXDB_TOKEN GF_SECURITY_ADMIN_PASSWORD
    export GF_PATHS_DATA=$DATA GF_PATHS_PLUGINS=$DATA/plugins GF_PATHS_LOGS=$RUN_DIR/logs
    export GF_PATHS_PROVISIONING=$RUN_DIR/grafana/provisioning
    export GF_SERVER_HTTP_ADDR=127.0.0.1 GF_SERVER_HTTP_PORT=$GRAFANA_PORT
    export GF_SERVER_ROOT_URL=http://127.0.0.1:$GRAFANA_PORT
    # Its pages ask for all that belongs to them below this; the gateway takes /grafana away again (config/nginx).
    if [[ ${GATEWAY:-off} == on ]]; then
        local scheme=https
        if [[ ${GATEWAY_TLS:-on} == off ]]; then scheme=http; fi
        GF_SERVER_ROOT_URL=$scheme://${GATEWAY_NAME:-127.0.0.1}:${GATEWAY_PORT:-8443}/grafana/
    fi
    export GPUSTREAM_DASHBOARDS=$RUN_DIR/grafana/dashboards GPUSTREAM_PROMETHEUS_DASHBOARDS=$RUN_DIR/grafana/prometheus
    export PROMETHEUS_URL=http://127.0.0.1:${PROMETHEUS_PORT:-9090}
    export INFLUXDB_URL=${INFLUXDB_URL:-http://127.0.0.1:$INFLUXDB_PORT} INFLUXDB_ORG=${INFLUXDB_ORG:-gpustream}
    exec "$home/bin/grafana" server --homepath "$home" --config "$REPO/config/grafana/grafana.ini"
}

healthy() {
    local answer
    answer=$(curl -sS --max-time 2 "http://127.0.0.1:$GRAFANA_PORT/api/health") || { echo "$answer no answer" && return 1; }
    echo "$answer"
    [[ $answer =~ \"database\":\ ?\"ok\" ]]
}

case ${1:-} in
    install | configure | run | where) "$1" ;;
    wait) wait_until "Grafana at 127.0.0.1:$GRAFANA_PORT" "$LOG" healthy ;;
    *) usage "install | configure | run | wait | where" ;;
esac
