# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/
# The end of every container's log, or of one; -f follows it.

options=(--tail 5) names=()
for argument in "${arguments[@]}"; do
    case $argument in
        -f | --follow) options+=(--follow) ;;
        -*) fail "logs" "$argument" "./start.sh logs [NAME] [-f]" "./start.sh --help" ;;
        *) names+=("$argument") ;;
    esac
done
need_engine
mapfile -t known < <(compose --profile '*' config --services)
for name in "${names[@]}"; do
    if [[ " ${known[*]} " != *" $name "* ]]; then
        fail "no container of that name" "$name" "one of: ${known[*]}" "./start.sh logs NAME"
    fi
done
if ((${#names[@]})); then options[1]=100; fi
exec docker compose --project-directory "$REPO" logs "${options[@]}" "${names[@]}"
