# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/start/
# Ends everything cleanly and says how long each part took.

if ((${#arguments[@]})); then fail "stop takes nothing" "${arguments[*]}" "./start.sh stop" "./start.sh restart NAME restarts one process"; fi

stop_reported() { # TITLE COMMAND...
    local title=$1 began=$EPOCHREALTIME
    shift
    if [[ -t 1 ]]; then printf '  ...   %s' "$title"; fi
    "$@" >/dev/null
    if [[ -t 1 ]]; then printf '\r\e[K'; fi
    say "  ${GREEN}ok${PLAIN}    $(printf '%-44s' "$title") ${DIM}$(seconds_since "$began")${PLAIN}"
}

if supervisor_runs; then
    stop_reported "pages and producers: ${PAGES[*]} ${SOURCES[*]}" stop_programs "${PAGES[@]}" "${SOURCES[@]}"
    stop_reported "readers: ${READERS[*]}" stop_programs "${READERS[@]}"
    stop_reported "engines: ${ENGINES[*]}" stop_programs "${ENGINES[@]}"
    stop_reported "keeper" end_supervisor
    say "Stopped. Everything stays; ./start.sh goes on from here."
else
    end_all_left_over
    say "Nothing runs here ($RUN_DIR)."
fi
