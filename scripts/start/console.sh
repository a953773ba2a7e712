# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# The console and the REST API: its tokens, made once, then the process. It shows what it can while others come up.

source scripts/start/secrets.sh

start_console() {
    local name
    for name in "${CONSOLE_SECRETS[@]}"; do make_secret "$name"; done
    start_programs console
    wait_for_console
}

wait_for_console() {
    local deadline=$((SECONDS + GPUSTREAM_WAIT_SECONDS))
    until curl -fsS --max-time 2 -o /dev/null "http://127.0.0.1:$CONSOLE_PORT/healthz" 2>/dev/null; do
        ((SECONDS < deadline)) || { echo "the console does not answer; read $LOGS/console.log" && return 1; }
        sleep 0.2
    done
    echo "the console answers on port $CONSOLE_PORT"
}

step "Console and REST API" start_console

console_link() { "$VENV/bin/dashboard" login-link; }
