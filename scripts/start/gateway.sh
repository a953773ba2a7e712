# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# The front door, where GATEWAY=on: nginx before the console, the API and Grafana (docs/gateway.md).

start_gateway() {
    scripts/native/gateway.sh configure
    signal_running HUP gateway # Grafana may have come or gone
    start_programs gateway
    wait_for_gateway
}

wait_for_gateway() {
    local deadline=$((SECONDS + GPUSTREAM_WAIT_SECONDS))
    until curl -fsSk --max-time 2 -o /dev/null "$(gateway_address)/healthz" 2>/dev/null; do
        ((SECONDS < deadline)) || { echo "the gateway does not answer; read $LOGS/gateway.log" && return 1; }
        sleep 0.2
    done
    echo "the gateway answers at $(gateway_address)"
}

gateway_address() {
    local scheme=https host=$GATEWAY_HOST
    if [[ ${GATEWAY_TLS:-on} == off ]]; then scheme=http; fi
    if [[ $host == 0.0.0.0 ]]; then host=127.0.0.1; fi
    echo "$scheme://${1:-$host}:$GATEWAY_PORT"
}

gateway_runs() {
    local states
    states=$(ctl status gateway) || true # 3: it does not run
    grep -qE "^gateway +(RUNNING|STARTING)" <<<"$states"
}

if gateway_is_on; then
    step "Gateway" start_gateway
elif gateway_runs; then
    step "The gateway ends (GATEWAY=off)" stop_programs gateway nginx-exporter
fi
