# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# Memory of the engine (on Windows and macOS that of its virtual machine) and free ports.

MEMORY_NEEDED_MB=4000 # its own and the containers', which ./test.sh compose keeps below 3,500

check_memory() {
    local total
    if ((failures)); then return; fi
    total=$(($(docker info --format '{{.MemTotal}}') / 1048576))
    if ((total < MEMORY_NEEDED_MB)); then
        failed "Docker's memory" "$total MB" "$MEMORY_NEEDED_MB MB" "give the engine more (Docker Desktop: Settings, Resources)"
    else
        passed "memory: Docker may use $total MB"
    fi
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

check_ports() {
    local name port failures_before=$failures
    local -A used=()
    for name in $(printf '%s\n' "${!PORTS[@]}" | sort); do
        port=${!name}
        if [[ ! $port =~ ^[0-9]{1,5}$ ]] || ((10#$port < 1 || 10#$port > 65535)); then
            failed "$name (${PORTS[$name]})" "'$port'" "a number from 1 to 65535" "set $name in .env"
        elif [[ -n ${used[$port]:-} ]]; then
            failed "$name (${PORTS[$name]})" "$port, which is also ${used[$port]}" "a port of its own" "set $name in .env"
        elif ! supervisor_runs && listens "$port"; then
            failed "port $port (${PORTS[$name]})" "somebody listens there" "free" "end that, or set $name in .env to a free port"
        fi
        used[$port]=$name
    done
    if ((failures == failures_before)); then passed "ports: ${#PORTS[@]} free or ours"; fi
}

check_memory
check_ports
