#!/usr/bin/env bash
# Prints a Telegraf for benchmarks/influxdb.py: the program that TELEGRAF names, else one with the few plugins that it needs,
# built once with Go into the cache of the engines.
set -eEuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/native/engine.sh"

TELEGRAF_VERSION=1.37.2
GO_NEEDED=1.25
NAME=telegraf-$TELEGRAF_VERSION
PLUGINS=custom,inputs.kafka_consumer,outputs.influxdb_v2,parsers.json,serializers.influx

is_cached() { [[ -x $CACHE/$NAME/telegraf ]]; }

build() { # DIR
    command -v go >/dev/null || return 1
    local work=$1/.building
    mkdir -p "$work"
    printf 'module gpustream/telegraf\n\ngo %s\n\nrequire github.com/influxdata/telegraf v%s\n' \
        "$GO_NEEDED" "$TELEGRAF_VERSION" >"$work/go.mod"
    step "building telegraf $TELEGRAF_VERSION" env -C "$work" CGO_ENABLED=0 go build -mod=mod -trimpath -tags "$PLUGINS" \
        -ldflags "-s -w -X github.com/influxdata/telegraf/internal.Version=$TELEGRAF_VERSION" \
        -o "$1/telegraf" github.com/influxdata/telegraf/cmd/telegraf || return 1
    rm -rf "$work"
}

if [[ -n ${TELEGRAF:-} ]]; then
    [[ -x $TELEGRAF ]] || fail "no Telegraf" "TELEGRAF=$TELEGRAF" "a program there" "unset TELEGRAF: then one is built"
    echo "$TELEGRAF"
    exit
fi
is_cached || replace_in_cache "$NAME" build is_cached
echo "$CACHE/$NAME/telegraf"
