#!/usr/bin/env bash
# ./test.sh compose: docker-compose.yml on a real engine. One that answers is used; else one is installed (as root, from
# Debian) and started here, with data and socket of its own, and stopped at the end. Arguments go to pytest.
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source scripts/native/settings.sh

COMPOSE_VERSION=2.40.3
work=$(mktemp -d "${TMPDIR:-/tmp}/gpustream-compose.XXXXXX")
engine_pid=

clean_up() {
    if [[ -n $engine_pid ]]; then
        kill "$engine_pid" && wait "$engine_pid" || true
    fi
    rm -rf "$work"
}
trap clean_up EXIT

say() { printf -- '-- %s\n' "$*"; }

start_engine() {
    if docker info >/dev/null 2>&1; then return; fi
    if ! type -P dockerd >/dev/null; then
        say "installing Debian's Docker engine"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq docker.io >"$work/apt.log" 2>&1 || { tail "$work/apt.log" && return 1; }
    fi
    say "starting an engine of our own"
    export DOCKER_HOST=unix://$work/docker.sock
    dockerd --host "$DOCKER_HOST" --data-root "$work/docker" --exec-root "$work/exec" --pidfile "$work/docker.pid" \
        >"$work/dockerd.log" 2>&1 &
    engine_pid=$!
    local deadline=$((SECONDS + 60))
    until docker info >/dev/null 2>&1; do
        if ((SECONDS > deadline)) || ! kill -0 "$engine_pid" 2>/dev/null; then
            tail "$work/dockerd.log"
            return 1
        fi
        sleep 0.2
    done
}

# Debian has no Compose v2; its Go module is built once and kept beside the engines of native mode.
find_compose() {
    if docker compose version >/dev/null 2>&1; then return; fi
    local kept=$CACHE/docker-compose-$COMPOSE_VERSION
    if [[ ! -x $kept/docker-compose ]]; then
        say "building Compose $COMPOSE_VERSION (about two minutes)"
        mkdir -p "$work/module" "$kept"
        printf 'module build\n\ngo 1.24\n' >"$work/module/go.mod"
        printf '//go:build tools\n\npackage tools\n\nimport _ "github.com/docker/compose/v2/cmd"\n' >"$work/module/tools.go"
        (
            cd "$work/module"
            go get "github.com/docker/compose/v2/cmd@v$COMPOSE_VERSION"
            go build -o "$kept/docker-compose.new" github.com/docker/compose/v2/cmd
        ) >"$work/compose.log" 2>&1 || { tail "$work/compose.log" && return 1; }
        mv "$kept/docker-compose.new" "$kept/docker-compose"
    fi
    export DOCKER_CONFIG=$work/config
    mkdir -p "$DOCKER_CONFIG/cli-plugins"
    ln -s "$kept/docker-compose" "$DOCKER_CONFIG/cli-plugins/docker-compose"
}

start_engine
find_compose
say "images that cannot be pulled here"
if ! type -P debootstrap >/dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq debootstrap >"$work/apt.log" 2>&1
fi
# For start.bat: a cmd, and a compiler for what it finds in the place of docker.exe. Where they cannot be had, its tests say so.
if ! type -P wine x86_64-w64-mingw32-gcc >/dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wine wine64 \
        gcc-mingw-w64-x86-64-win32 >"$work/apt.log" 2>&1 || tail -n 1 "$work/apt.log"
fi
tests/compose/stand-ins/build.sh "$work/stand-ins"
python -m pytest tests/compose "$@"
