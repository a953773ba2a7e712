#!/usr/bin/env bash
# Prometheus, Alertmanager and their exporters without Docker, on 127.0.0.1: Debian's programs, where they are installed.
set -eEuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

# Program -> Debian's package.
declare -A PACKAGES=(
    [prometheus]=prometheus
    [prometheus-alertmanager]=prometheus-alertmanager
    [prometheus-node-exporter]=prometheus-node-exporter
    [prometheus-postgres-exporter]=prometheus-postgres-exporter
)

missing() { # prints the packages that are not there
    local program
    for program in $(printf '%s\n' "${!PACKAGES[@]}" | sort); do
        type -P "$program" >/dev/null || echo "${PACKAGES[$program]}"
    done
}

run-prometheus() {
    mkdir -p "$RUN_DIR/data/prometheus"
    exec prometheus --config.file="$RUN_DIR/prometheus/prometheus.yml" --storage.tsdb.path="$RUN_DIR/data/prometheus" \
        --storage.tsdb.retention.time="${PROMETHEUS_RETENTION_DAYS:-30}d" \
        --web.listen-address="127.0.0.1:${PROMETHEUS_PORT:-9090}"
}

run-alertmanager() {
    mkdir -p "$RUN_DIR/data/alertmanager"
    # Alone: without an address for others of its kind.
    exec prometheus-alertmanager --config.file="$RUN_DIR/prometheus/alertmanager.yml" \
        --storage.path="$RUN_DIR/data/alertmanager" --cluster.listen-address= \
        --web.listen-address="127.0.0.1:${ALERTMANAGER_PORT:-9093}"
}

run-node-exporter() {
    exec prometheus-node-exporter --web.listen-address="127.0.0.1:${NODE_EXPORTER_PORT:-9100}"
}

run-postgres-exporter() {
    # The password by its file: an address would stand in its log.
    export DATA_SOURCE_URI="${POSTGRES_HOST:-127.0.0.1}:$POSTGRES_PORT/${POSTGRES_DATABASE:-gpustream}?sslmode=disable"
    export DATA_SOURCE_USER=${POSTGRES_USER:-gpustream}
    export DATA_SOURCE_PASS_FILE=${POSTGRES_PASSWORD_FILE:-$RUN_DIR/secrets/postgres-password}
    exec prometheus-postgres-exporter --web.listen-address="127.0.0.1:${POSTGRES_EXPORTER_PORT:-9187}"
}

case ${1:-} in
    missing | run-prometheus | run-alertmanager | run-node-exporter | run-postgres-exporter) "$1" ;;
    *) usage "missing | run-prometheus | run-alertmanager | run-node-exporter | run-postgres-exporter" ;;
esac
