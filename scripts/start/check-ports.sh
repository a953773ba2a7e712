# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# Every port is a number, no two are the same, and nobody else listens there.

check_ports() {
    local name port wanted=() failures_before=$failures line
    local -A used=()
    for name in $(printf '%s\n' "${!PORTS[@]}" | sort); do
        port=${!name}
        if [[ ! $port =~ ^[0-9]{1,5}$ ]] || ((10#$port < 1 || 10#$port > 65535)); then
            failed "$name (${PORTS[$name]})" "'$port'" "a number from 1 to 65535" "set $name in .env"
        elif [[ -n ${used[$port]:-} ]]; then
            failed "$name (${PORTS[$name]})" "$port, which is also ${used[$port]}" "a port of its own" "set $name in .env"
        else
            used[$port]=$name
            wanted+=("$name=$port")
        fi
    done
    # What this instance itself holds is no obstacle: running, it is left alone; left over, it is ended.
    while IFS=$'\t' read -r name port line; do
        failed "port $port (${PORTS[$name]})" "taken by $line" "free" "end that, or set $name in .env to a free port"
    done < <("$PYTHON" scripts/start/taken_ports.py "$RUN_DIR" ${wanted[@]+"${wanted[@]}"} 2>/dev/null || true)
    if ((failures == failures_before)); then passed "ports: ${#wanted[@]} free or ours"; fi
}

check_ports
