# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/start/
# A link that lets somebody into the console once, within 15 minutes.

need_venv
exec "$VENV/bin/dashboard" login-link "${arguments[@]}"
