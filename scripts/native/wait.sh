# shellcheck shell=bash
# Waiting for a server that really answers, with an end.

# wait_until WHAT LOG PROBE...: PROBE prints what it found (its last line is shown when time is up), returns 0 when
# the server is ready.
wait_until() {
    local what=$1 log=$2 found='' deadline=$((SECONDS + WAIT_SECONDS))
    shift 2
    until found=$("$@" 2>&1); do
        ((SECONDS < deadline)) || fail "$what is not ready after $WAIT_SECONDS s" \
            "$(tail -n 1 <<<"${found:-no answer}")" "$what to answer" "read $log, and see whether the process runs"
        sleep 0.2
    done
}
