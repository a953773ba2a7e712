# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# Live NVIDIA GPUs are read where the driver finds one, unless COLLECT says otherwise.

collect_is_wanted() {
    case ${COLLECT:-auto} in
        on) ;;
        off) return 1 ;;
        # A driver that hangs must not hold up the start: then there are no live readings to be had either.
        # Status 1: there is something to read, and it does not answer yet.
        auto)
            local status=0
            timeout 20 "$VENV/bin/kafka-producer" collect --list >/dev/null 2>&1 || status=$?
            ((status <= 1))
            ;;
        *) fail "COLLECT" "$COLLECT" "auto, on or off" "set it in .env" ;;
    esac
}

collect_runs() {
    local states
    states=$(ctl status collect) || true # 3: it does not run
    grep -qE "^collect +(RUNNING|STARTING)" <<<"$states"
}
