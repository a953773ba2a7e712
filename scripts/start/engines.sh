# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from the steps before
# supervisord and the engines, side by side: they do not need each other. What was left over is ended first.

start_supervisor() {
    end_all_left_over
    rm -rf "$RUN_DIR/starts" "$RUN_DIR/pids" "$RUN_DIR/supervisor.sock" "$RUN_DIR/supervisord.pid"
    "$VENV/bin/supervisord" -c "$SUPERVISOR_CONFIG"
    settings_stamp >"$STATE_DIR/started-with"
    local deadline=$((SECONDS + 20))
    until supervisor_runs; do
        ((SECONDS < deadline)) || { echo "supervisord does not answer; read $LOGS/supervisord.log" && return 1; }
        sleep 0.1
    done
}

start_engines() {
    start_programs "${ENGINES[@]}"
    # The rest waits for the engines by itself, and Spark takes longest: it may begin now, but for the very first time.
    if [[ -f $STATE_DIR/onboarded ]]; then start_programs "${WANTED_READERS[@]}"; fi
    # The stream's first batch is what lies in Kafka when it begins: the demonstration's readings should be in it.
    if [[ -f $STATE_DIR/history-sent ]] && demo_is_on; then start_programs demo; fi
    local engine waiting=() status=0
    for engine in kafka influxdb hdfs postgres; do
        wait_for_engine "$engine" &
        waiting+=($!)
    done
    for engine in "${waiting[@]}"; do wait "$engine" || status=1; done
    return "$status"
}

wait_for_engine() {
    local began=$EPOCHREALTIME
    "scripts/native/$1.sh" wait
    echo "$1 answers after $(seconds_since "$began")"
}

if supervisor_runs && [[ ! -f $STATE_DIR/started-with || $(<"$STATE_DIR/started-with") != "$(settings_stamp)" ]]; then
    step "Settings or code have changed: stopping what runs with the old ones" stop_everything
fi
if ! supervisor_runs; then
    we_started_supervisor=yes
    step "Keeper of the processes" start_supervisor
fi
step "Kafka, HDFS, InfluxDB and PostgreSQL answer" start_engines
