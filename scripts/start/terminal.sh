# shellcheck shell=bash disable=SC2034  # sourced; other steps read these
# What a person sees: messages, and steps with the time that they took. START_LOG, once set, gets a copy of all.

if ((BASH_VERSINFO[0] < 5)); then
    echo "FAIL: bash is too old; found: $BASH_VERSION; expected: 5 or newer; do: install it (macOS: brew install bash)" >&2
    exit 1
fi

START_LOG=
start_lock=
_step_group=
_step_title=

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    GREEN=$'\e[32m' RED=$'\e[31m' YELLOW=$'\e[33m' BOLD=$'\e[1m' DIM=$'\e[2m' PLAIN=$'\e[0m'
else
    GREEN='' RED='' YELLOW='' BOLD='' DIM='' PLAIN=''
fi

say() {
    printf '%s\n' "$*"
    if [[ -n $START_LOG ]]; then printf '%s\n' "$*" | sed $'s/\e\\[[0-9]*m//g' >>"$START_LOG"; fi
}

warn() { say "  ${YELLOW}note${PLAIN}  $*"; }

# fail WHAT FOUND EXPECTED DO: the four things that a person needs, and exit 1.
fail() {
    say "${RED}FAIL${PLAIN}  $1"
    say "      found:    $2"
    say "      expected: $3"
    say "      do:       $4"
    exit 1
}

seconds_since() { # EPOCHREALTIME -> "1.4 s" or "2 min 05 s"
    local tenths=$(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 100000))
    if ((tenths < 600)); then
        echo "$((tenths / 10)).$((tenths % 10)) s"
    else
        printf '%d min %02d s\n' $((tenths / 600)) $((tenths / 10 % 60))
    fi
}

# step TITLE COMMAND...: runs it with its output in START_LOG and signs of life here; ends start.sh when it fails.
# The command may be a function. It runs in a process group of its own, which Ctrl-C ends as a whole.
step() {
    local title=$1 began=$EPOCHREALTIME from status=0
    shift
    _step_title=$title
    echo "== $(date -u +%FT%TZ) $title: $*" >>"$START_LOG"
    from=$(wc -l <"$START_LOG")
    set -m
    # Without the lock, which a daemon started here would hold for ever.
    (
        exec {start_lock}>&-
        trap 'status=$?; echo "at ${BASH_SOURCE[0]#"$REPO/"}:$LINENO: $BASH_COMMAND"; exit "$status"' ERR
        "$@"
    ) >>"$START_LOG" 2>&1 </dev/null &
    _step_group=$!
    set +m
    _show_progress "$title" "$began"
    wait "$_step_group" || status=$?
    _step_group=
    if [[ -t 1 ]]; then printf '\r\e[K'; fi
    if ((status)); then
        say "  ${RED}FAIL${PLAIN}  $title: exit status $status after $(seconds_since "$began"); the end of $START_LOG:"
        tail -n "+$((from + 1))" "$START_LOG" | grep -v '^  FAIL  ' | tail -n 15 | sed 's/^/        | /'
        say "      What already runs goes on; ./start.sh status shows it, ./start.sh goes on here, ./start.sh stop ends it."
        exit 1
    fi
    _step_title=
    say "  ${GREEN}ok${PLAIN}    $(printf '%-62s' "$title") ${DIM}$(printf '%8s' "$(seconds_since "$began")")${PLAIN}"
}

_show_progress() { # TITLE BEGAN
    local shown=0 began=$SECONDS last width
    while kill -0 "$_step_group" 2>/dev/null; do
        if [[ -t 1 ]]; then
            last=$(tail -n 1 "$START_LOG" | tr -d '[:cntrl:]')
            if [[ $last == "== "* ]]; then last=; fi
            width=$(($(tput cols 2>/dev/null || echo 100) - ${#1} - 16))
            printf '\r\e[K  ...   %s %s%s%s' "$1" "$DIM" "$(seconds_since "$2")  ${last:0:$((width > 0 ? width : 0))}" "$PLAIN"
        elif ((SECONDS - began - shown >= 30)); then
            shown=$((SECONDS - began))
            echo "  ...   $1: $shown s"
        fi
        sleep 0.2
    done
}

end_running_step() {
    if [[ -z $_step_group ]]; then return; fi
    kill -TERM -- "-$_step_group" 2>/dev/null || true
    wait "$_step_group" 2>/dev/null || true
    _step_group=
}

_unexpected() { # STATUS: each frame of the call that failed
    local frame
    printf '%s\n' "${RED}FAIL${PLAIN}  unexpected error (exit status $1)" >&2
    for ((frame = 1; frame < ${#FUNCNAME[@]}; frame++)); do
        printf '      at %s:%s\n' "${BASH_SOURCE[$frame]}" "${BASH_LINENO[$((frame - 1))]}" >&2
    done
    if [[ -n $START_LOG ]]; then printf '      log: %s\n' "$START_LOG" >&2; fi
}
trap '_unexpected $?' ERR
