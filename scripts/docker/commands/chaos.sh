# shellcheck shell=bash disable=SC2154,SC2317  # sourced by start.sh; names come from scripts/; chaos.sh calls these
# Kills containers under a load, and counts what arrived.

source scripts/start/chaos.sh
chaos_options ${arguments[@]+"${arguments[@]}"}
need_containers

producer() { exec docker compose --project-directory "$REPO" run --rm --quiet-pull --no-TTY --no-deps demo kafka-producer "$@"; }
pages() { in_new_container --no-deps tools dashboard "$@"; }
victims() { compose ps --services --status running; }
# Docker takes a kill by hand for a wish; whoever asks for everything gets it back.
harm() {
    compose kill --signal KILL "$1" >/dev/null 2>&1 || true
    compose up --detach --no-build --no-deps --no-recreate "$1" >/dev/null 2>&1 || true
}

chaos
