# shellcheck shell=bash
# A step that takes long: its output in a log file, signs of life for a person, and no process left behind.

STEP_LOG=/dev/null # the log that step appends to; cache.sh sets it
_step_group=

# A child of a script ignores Ctrl-C, so the whole group of the running step is ended by hand.
end_running_step() {
    if [[ -n $_step_group ]]; then kill -TERM -- "-$_step_group" 2>/dev/null || true; fi
    _step_group=
}

_step_progress() { # TITLE SECONDS
    if [[ -t 2 ]]; then
        printf '\r  %s ... %d s' "$1" "$2" >&2
    elif (($2 > 0 && $2 % 30 == 0)); then
        say "  $1 ... $2 s"
    fi
}

# step TITLE COMMAND...: runs it; on failure shows the end of its output and returns 1 (for the caller to decide).
step() {
    local title=$1 began=$SECONDS shown=-1 log_start status=0
    shift
    log_start=$(($(wc -l <"$STEP_LOG") + 1))
    echo "== $(date '+%F %T') $title: $*" >>"$STEP_LOG"
    setsid "$@" >>"$STEP_LOG" 2>&1 </dev/null &
    _step_group=$!
    while kill -0 "$_step_group" 2>/dev/null; do
        if ((SECONDS - began != shown)); then
            shown=$((SECONDS - began))
            _step_progress "$title" "$shown"
        fi
        sleep 0.1
    done
    wait "$_step_group" || status=$?
    _step_group=
    if [[ -t 2 ]]; then printf '\r\033[K' >&2; fi
    if ((status == 0)); then
        say "  $title: done in $((SECONDS - began)) s"
        return 0
    fi
    say "  $title: failed after $((SECONDS - began)) s, exit status $status; the end of $STEP_LOG:"
    tail -n "+$log_start" "$STEP_LOG" | tail -n 8 | sed 's/^/    | /' >&2
    return 1
}
