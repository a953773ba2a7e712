# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/start/
# Ends one process and starts it again; nothing is lost by it.

name=${arguments[0]:-}
if ((${#arguments[@]} != 1)) || ! is_program "$name"; then
    fail "no such process" "${name:-nothing}" "one of: ${PROGRAMS[*]}" "./start.sh restart NAME"
fi
need_supervisor
ctl restart "$name"
