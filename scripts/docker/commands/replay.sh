# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/
# A log, through Kafka, into every store. Each file or folder that is named is mounted where the producer sees it.

need_engine
options=(--rm --quiet-pull --no-deps)
if [[ ! -t 0 || ! -t 1 ]]; then options+=(--no-TTY); fi
# These need no server.
if [[ ! " ${arguments[*]} " =~ " "(--dry-run|--help|-h)" " ]]; then need_containers; fi
for i in "${!arguments[@]}"; do
    if [[ ${arguments[$i]} != -* && -e $called_from/${arguments[$i]} || ${arguments[$i]} == /* ]]; then
        path=$(from_caller "${arguments[$i]}")
        arguments[i]=/logs/$i/$(basename "$path")
        options+=(--volume "$path:${arguments[$i]}:ro")
    fi
done
exec docker compose --project-directory "$REPO" run "${options[@]}" demo kafka-producer replay "${arguments[@]}"
