# shellcheck shell=bash disable=SC2154,SC2317  # sourced by start.sh; names come from scripts/; load.sh calls these
# A load on Kafka and on the API, and what came of it.

source scripts/start/load.sh
load_options ${arguments[@]+"${arguments[@]}"}
need_containers

producer() { exec docker compose --project-directory "$REPO" run --rm --quiet-pull --no-TTY --no-deps demo kafka-producer "$@"; }
pages() { in_new_container --no-deps tools dashboard "$@"; }
# In the console's own container: it has the token.
asking() { exec docker compose --project-directory "$REPO" exec --no-TTY console dashboard api-load --url http://127.0.0.1:8000 "$@"; }

load
