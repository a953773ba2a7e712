# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/start/
# A log, through Kafka, into every store. --dry-run needs no server.

need_venv
if [[ " ${arguments[*]} " != *" --dry-run "* && " ${arguments[*]} " != *" --help "* && " ${arguments[*]} " != *" -h "* ]]; then
    need_supervisor
fi
for i in "${!arguments[@]}"; do
    if [[ ${arguments[$i]} != -* && -e $called_from/${arguments[$i]} ]]; then
        arguments[i]=$(from_caller "${arguments[$i]}")
    fi
done
exec "$VENV/bin/kafka-producer" replay "${arguments[@]}"
