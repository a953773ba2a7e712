# shellcheck shell=bash disable=SC2034  # sourced; other steps read these
# supervisord keeps the processes; these functions talk to it.

source scripts/start/leftovers.sh

# The console puts uploads there, and the watch looks there for them.
UPLOADS_DIR=$(absolute "${UPLOADS_DIR:-$RUN_DIR/uploads}")
export UPLOADS_DIR

SUPERVISOR_CONFIG=$REPO/config/supervisor/supervisord.conf
# In the order of stopping: nothing is stopped before what sends to it.
OBSERVERS=(prometheus alertmanager node-exporter postgres-exporter exporter nginx-exporter)
PAGES=(gateway grafana console backup-scheduler "${OBSERVERS[@]}")
SOURCES=(watch collect demo fleet-simulator fleet-collector)
READERS=(influxdb-writer timescale-writer alert-engine health-engine streaming report-scheduler)
ENGINES=(kafka influxdb postgres namenode datanode)
PROGRAMS=("${SOURCES[@]}" "${READERS[@]}" "${PAGES[@]}" "${ENGINES[@]}")

# Those of the readers that are to run: PostgreSQL gets readings where POSTGRES_READINGS says so.
WANTED_READERS=(influxdb-writer alert-engine health-engine streaming report-scheduler)
if [[ ${POSTGRES_READINGS:-off} == on ]]; then WANTED_READERS+=(timescale-writer); fi

ctl() { "$VENV/bin/supervisorctl" -c "$SUPERVISOR_CONFIG" "$@"; }

supervisor_runs() {
    local pid
    [[ -S $RUN_DIR/supervisor.sock && -x $VENV/bin/supervisorctl ]] &&
        read -r pid 2>/dev/null <"$RUN_DIR/supervisord.pid" && kill -0 "$pid" 2>/dev/null && ctl pid >/dev/null 2>&1
}

need_supervisor() {
    supervisor_runs || fail "gpustream is not running" "no supervisord in $RUN_DIR" "a started instance" "./start.sh"
}

need_venv() {
    [[ -x $VENV/bin/dashboard ]] || fail "gpustream was not started here yet" "no $VENV" "the Python environment" "./start.sh"
}

# Those of the observers that are to run.
WANTED_OBSERVERS=(prometheus alertmanager node-exporter postgres-exporter exporter)
if gateway_is_on; then WANTED_OBSERVERS+=(nginx-exporter); fi

is_program() { [[ " ${PROGRAMS[*]} " == *" $1 "* ]]; }

# Starts what does not run, at once and not one after the other: each waits by itself for what it needs.
start_programs() { # NAME...
    local states name down=()
    states=$(ctl status) || true # 3: not all of them run
    for name in "$@"; do
        if ! grep -qE "^$name +(RUNNING|STARTING)" <<<"$states"; then down+=("$name"); fi
    done
    if ((${#down[@]})); then ctl start "${down[@]}"; else echo "running already: $*"; fi
}

signal_running() { # SIGNAL NAME...
    local states name
    states=$(ctl status) || true # 3: not all of them run
    for name in "${@:2}"; do
        if grep -qE "^$name +RUNNING" <<<"$states"; then ctl signal "$1" "$name"; fi
    done
}

# Side by side, because each takes seconds to write down what it holds; returns when all are gone.
stop_programs() { # NAME...
    local name known waiting=()
    known=$(ctl status) || true # 3: not all of them run
    for name in "$@"; do
        # One that came with an update is not known to a supervisord that was started before.
        if ! grep -qE "^$name +" <<<"$known"; then continue; fi
        ctl stop "$name" &
        waiting+=($!)
    done
    wait "${waiting[@]}"
}

end_supervisor() {
    local pid
    read -r pid <"$RUN_DIR/supervisord.pid"
    ctl shutdown
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

# Without supervisord nothing of this instance may run; with it, everything is already watched.
end_all_left_over() {
    local name
    for name in "${PROGRAMS[@]}"; do
        if left_over "$name" >/dev/null; then
            echo "ending $name, left by a supervisord that was killed"
            end_left_over "$name" 20
        fi
    done
}

# Clean and whole: first what sends, then what reads, then the engines under them, then the keeper.
stop_everything() {
    if supervisor_runs; then
        stop_programs "${PAGES[@]}" "${SOURCES[@]}"
        stop_programs "${READERS[@]}"
        stop_programs "${ENGINES[@]}"
        end_supervisor
    fi
    end_all_left_over
}
