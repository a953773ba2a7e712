# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/start/
# Everything that this instance holds, into a folder, while it goes on. --check and --help need no server.

need_venv
if [[ " ${arguments[*]} " != *" --check "* && " ${arguments[*]} " != *" --help "* && " ${arguments[*]} " != *" -h "* ]]; then
    need_supervisor
fi
for i in "${!arguments[@]}"; do
    if [[ ${arguments[$i]} != -* && ! ${arguments[$i]} =~ ^[0-9]+$ ]]; then arguments[i]=$(from_caller "${arguments[$i]}"); fi
done
exec "$VENV/bin/dashboard" backup "${arguments[@]}"
