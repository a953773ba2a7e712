# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# The profile `observability`: Prometheus, Alertmanager, and the pages that they read (docs/prometheus.md).

observability_runs() {
    local states
    states=$(ctl status "${OBSERVERS[@]}") || true # 3: they do not run
    grep -qE "^[a-z-]+ +(RUNNING|STARTING)" <<<"$states"
}

start_observers() {
    local options=(--write "$RUN_DIR/prometheus" --postgres-exporter)
    if [[ $grafana_runs == yes ]]; then options+=(--grafana); fi
    if gateway_is_on; then options+=(--gateway); fi
    if profile_is_on fleet; then options+=(--fleet "127.0.0.1:$FLEET_PORT"); fi
    "$VENV/bin/dashboard" observability "${options[@]}"
    "$VENV/bin/kafka-producer" collect --prometheus "$RUN_DIR/prometheus/dcgm.json"
    # Those that run already read their files again: another profile may have begun or ended.
    signal_running HUP prometheus alertmanager
    start_programs "${WANTED_OBSERVERS[@]}"
    wait_for_prometheus
}

wait_for_prometheus() {
    local deadline=$((SECONDS + GPUSTREAM_WAIT_SECONDS)) port=${PROMETHEUS_PORT:-9090}
    until curl -fsS --max-time 2 -o /dev/null "http://127.0.0.1:$port/-/ready" 2>/dev/null; do
        ((SECONDS < deadline)) || { echo "Prometheus does not answer; read $LOGS/prometheus.log" && return 1; }
        sleep 0.2
    done
    echo "Prometheus answers on port $port"
}

end_observers() {
    stop_programs "${OBSERVERS[@]}"
    # By it the console knows that there is an Alertmanager to be asked.
    rm -rf "${RUN_DIR:?}/prometheus"
}

if profile_is_on observability; then
    step "Prometheus, Alertmanager and their exporters" start_observers
elif observability_runs; then
    step "Prometheus ends (no --profile observability)" end_observers
fi
