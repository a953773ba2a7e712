# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/
# Ends one container and starts it again; nothing is lost by it.

need_containers
name=${arguments[0]:-}
mapfile -t known < <(compose --profile '*' config --services)
if ((${#arguments[@]} != 1)) || [[ " ${known[*]} " != *" $name "* ]]; then
    fail "no such container" "${name:-nothing}" "one of: ${known[*]}" "./start.sh restart NAME"
fi
compose restart --no-deps "$name"
