# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from the steps before
# The run folder, the log of this start, and what Ctrl-C does from now on.

claim_run_dir

exec {start_lock}>"$RUN_DIR/start.lock"
if ! flock -n "$start_lock"; then
    fail "another ./start.sh is at work here" "a lock on $RUN_DIR/start.lock" "one at a time" "wait for it"
fi

if [[ $command == start && -f $RUN_DIR/restoring ]]; then
    fail "a restore was cut off here" "$RUN_DIR/restoring" "a restore that has ended" "./start.sh restore $(<"$RUN_DIR/restoring") --yes"
fi

START_LOG=$LOGS/start-$(date -u +%Y-%m-%dT%H%M%SZ).log
: >"$START_LOG"
# A year of starts is not worth keeping.
find "$LOGS" -name 'start-*.log' | sort | head -n -20 | xargs -r rm -f

source scripts/start/env-file.sh
if [[ ! -e .env ]]; then make_env_file .env.example .env; fi

we_started_supervisor=no
interrupted() {
    trap '' INT TERM HUP
    trap - ERR
    say ""
    say "Interrupted${_step_title:+ in: $_step_title}."
    end_running_step
    if [[ $we_started_supervisor == yes ]] && supervisor_runs; then
        say "Stopping what this start has started; what was installed and recorded stays."
        (stop_everything) >>"$START_LOG" 2>&1 || true
    fi
    say "./start.sh goes on from here."
    exit 130
}
trap interrupted INT TERM HUP

start_began=$EPOCHREALTIME
say ""
say "Steps (log: ${START_LOG#"$REPO/"})"
