# shellcheck shell=bash disable=SC2154,SC2317  # sourced by start.sh; names come from scripts/start/; chaos.sh calls these
# Kills what runs, under a load, and counts what arrived.

source scripts/start/chaos.sh
chaos_options ${arguments[@]+"${arguments[@]}"}
need_supervisor

producer() { exec "$VENV/bin/kafka-producer" "$@"; }
pages() { "$VENV/bin/dashboard" "$@"; }
victims() { { ctl status || true; } | awk '$2 == "RUNNING" {print $1}'; } # status 3: not all of them run
harm() { kill -KILL "$(ctl pid "$1")" 2>/dev/null || true; } # it may have ended by itself just now

chaos
