#!/usr/bin/env bash
# Images with the names, users, commands, environment and volumes of those that docker-compose.yml pulls, for machines
# that reach package registries but no image registry. Each is made only where its name cannot be pulled. The servers
# inside are the real ones, from the same artifacts as native mode. Nothing in the product knows of this folder.
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
repo=$(cd ../../.. && pwd)
source "$repo/scripts/native/settings.sh"
source "$repo/scripts/native/versions.sh"
CADVISOR_VERSION=0.57.0
work=${1:?usage: build.sh WORK_FOLDER}
mkdir -p "$work"

present() { docker image inspect "$1" >/dev/null 2>&1; }
# A registry that cannot be reached fails within seconds; one that answers is the better source.
pulled() { timeout 60 docker pull --quiet "$1" >/dev/null 2>&1; }
say() { printf '  %-32s %s\n' "$1" "$2"; }

# Docker's own images of Debian are out of reach, so Debian's installer makes the first layer. The certificates that this
# machine trusts go in with it, or nothing could be installed from behind a proxy that has its own.
debian() {
    local root=$work/debian certificate
    if present stand-in/debian:bookworm; then return; fi
    rm -rf "$root"
    debootstrap --variant=minbase --include=ca-certificates,curl bookworm "$root" >"$work/debootstrap.log" 2>&1
    mkdir -p "$root/usr/local/share/ca-certificates"
    csplit --quiet --prefix="$root/usr/local/share/ca-certificates/machine-" --suffix-format=%03d.crt --elide-empty-files \
        "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" '/BEGIN CERTIFICATE/' '{*}'
    chroot "$root" update-ca-certificates >/dev/null 2>&1
    rm -rf "$root"/var/cache/apt/archives/*.deb
    certificate=/etc/ssl/certs/ca-certificates.crt
    tar -C "$root" -c . | docker import --change "ENV PIP_CERT=$certificate SSL_CERT_FILE=$certificate" \
        --change 'CMD ["bash"]' - stand-in/debian:bookworm >/dev/null
    rm -rf "$root"
}

stand_in() { # NAME FOLDER [ENGINE, from the cache of native mode] [TARGET]
    if present "$1"; then return; fi
    if pulled "$1"; then say "$1" "pulled" && return; fi
    debian
    local context=$work/context-$2 began=$SECONDS
    rm -rf "$context"
    cp -r "$2" "$context"
    # Hard links where the cache is on the same disk: nothing is copied.
    if [[ -n ${3:-} ]]; then cp -rl "$CACHE/$3" "$context/engine" 2>/dev/null || cp -r "$CACHE/$3" "$context/engine"; fi
    docker build --tag "$1" ${4:+--target "$4"} "$context" >"$work/build.log" 2>&1 || { tail "$work/build.log" && return 1; }
    rm -rf "$context"
    say "$1" "stand-in, $((SECONDS - began)) s"
}

# cAdvisor's program is in no module that can be had, but all that it is made of.
build_cadvisor() { # FOLDER
    if [[ -x $CACHE/$1/cadvisor ]]; then return; fi
    local module=$work/cadvisor
    rm -rf "$module"
    cp -r cadvisor "$module"
    (
        cd "$module"
        go get "github.com/google/cadvisor@v$CADVISOR_VERSION"
        go mod tidy
        CGO_ENABLED=0 go build -o cadvisor.new .
    ) >"$work/cadvisor.log" 2>&1 || { tail "$work/cadvisor.log" && return 1; }
    mkdir -p "$CACHE/$1"
    mv "$module/cadvisor.new" "$CACHE/$1/cadvisor"
}

stand_in python:3.11-slim-bookworm python
stand_in "apache/kafka:$KAFKA_VERSION" kafka "kafka-$KAFKA_VERSION"
stand_in "apache/hadoop:$HADOOP_VERSION" hadoop "hadoop-$HADOOP_VERSION"
stand_in "influxdb:$INFLUXDB_VERSION" influxdb "influxdb-$INFLUXDB_VERSION"
stand_in timescale/timescaledb:2.29.2-pg16 timescaledb
for each in prom/prometheus:v3.15.0 prom/alertmanager:v0.34.1 prom/node-exporter:v1.12.1 prometheuscommunity/postgres-exporter:v0.19.1; do
    name=${each##*/}
    stand_in "$each" observers "" "${name%:*}"
done
build_cadvisor "cadvisor-$CADVISOR_VERSION"
stand_in "ghcr.io/google/cadvisor:v$CADVISOR_VERSION" cadvisor "cadvisor-$CADVISOR_VERSION"
