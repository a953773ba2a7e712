# shellcheck shell=bash
# Engines are kept outside the repository, by version, so that a second clone starts in seconds.
# Complete or absent: an engine is made beside its place and renamed, under a lock that dies with its holder.

_partial=

_leave_nothing_half_done() {
    end_running_step
    if [[ -n $_partial ]]; then rm -rf "$_partial"; fi
}
trap _leave_nothing_half_done EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# replace_in_cache NAME BUILDER: BUILDER gets a fresh directory to fill and returns 0 when it is complete.
# KEEP_IF, a command, is asked under the lock whether another process has done the work meanwhile.
replace_in_cache() {
    local name=$1 builder=$2 keep_if=$3 lock
    mkdir -p "$CACHE/logs"
    exec {lock}>"$CACHE/$name.lock"
    if ! flock -n "$lock"; then
        say "  waiting for another install of $name"
        flock "$lock"
    fi
    if ! "$keep_if"; then
        # Under the lock, what lies here was left by a killed install.
        rm -rf "$CACHE/.partial-$name".*
        _partial=$(mktemp -d "$CACHE/.partial-$name.XXXXXX")
        chmod 755 "$_partial"
        STEP_LOG=$CACHE/logs/$name.log
        : >"$STEP_LOG"
        "$builder" "$_partial" || fail "$name could not be installed" "none of these worked: $INSTALL_FROM" \
            "one of them to give $name" "read $STEP_LOG"
        rm -rf "${CACHE:?}/$name"
        mv -T "$_partial" "$CACHE/$name"
        _partial=
    fi
    exec {lock}>&-
}
