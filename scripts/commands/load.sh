# shellcheck shell=bash disable=SC2154,SC2317  # sourced by start.sh; names come from scripts/start/; load.sh calls these
# A load on Kafka and on the API, and what came of it.

source scripts/start/load.sh
load_options ${arguments[@]+"${arguments[@]}"}
need_supervisor

producer() { exec "$VENV/bin/kafka-producer" "$@"; }
pages() { "$VENV/bin/dashboard" "$@"; }
asking() { exec "$VENV/bin/dashboard" api-load "$@"; }

load
