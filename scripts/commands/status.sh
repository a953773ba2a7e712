# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/start/
# What runs, how far behind, how fresh; exit 1 when something is wrong. `status logs`: what became of each dropped log.

need_venv
if [[ ${arguments[0]:-} == logs ]]; then exec "$VENV/bin/kafka-producer" status "${arguments[@]:1}"; fi
exec "$VENV/bin/dashboard" status "${arguments[@]}"
