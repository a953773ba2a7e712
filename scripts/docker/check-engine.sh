# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from scripts/start/
# Docker and Compose: there, answering, new enough.

COMPOSE_NEEDED=2.24 # env_file that may be absent
failures=0
passed() { say "  ${GREEN}ok${PLAIN}    $1"; }
failed() { # WHAT FOUND EXPECTED DO
    say "  ${RED}FAIL${PLAIN}  $1; found: $2; expected: $3; do: $4"
    failures=$((failures + 1))
}

check_engine() {
    if ! type -P docker >/dev/null; then
        failed "Docker" "no docker on PATH" "Docker with Compose" "https://docs.docker.com/get-docker, or ./start.sh --native"
    elif ! docker_answers; then
        failed "Docker's engine" "$(docker info 2>&1 | tail -n 1)" "a running engine" "start Docker, or ./start.sh --native"
    else
        passed "Docker $(docker info --format '{{.ServerVersion}}')"
    fi
}

check_compose() {
    local found oldest
    if ! found=$(docker compose version --short 2>/dev/null); then
        failed "Docker Compose" "none" "$COMPOSE_NEEDED or newer" "install its plugin: https://docs.docker.com/compose/install"
        return
    fi
    found=${found#v}
    oldest=$(printf '%s\n' "$COMPOSE_NEEDED" "$found" | sort -V | head -n 1)
    # A build from source calls itself dev, and is newer than any release that is too old.
    if [[ $found != dev && $oldest != "$COMPOSE_NEEDED" ]]; then
        failed "Docker Compose" "$found" "$COMPOSE_NEEDED or newer" "update it: https://docs.docker.com/compose/install"
    else
        passed "Compose $found"
    fi
}

check_volumes() {
    local strange
    if ((failures == 0)) && strange=$(strange_volume); then
        failed "Docker's volumes" "$strange and no $SECRETS/influxdb-token" "the secrets that it was made with" "$WHOSE"
    fi
}

say "Checks (nothing is changed before all pass)"
check_engine
check_compose
check_volumes
