# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/
# Ends every container cleanly, what sends before what reads; their data stay in the volumes.

if ((${#arguments[@]})); then fail "stop takes nothing" "${arguments[*]}" "./start.sh stop" "./start.sh restart NAME restarts one"; fi
need_engine
if ! supervisor_runs; then
    say "Nothing runs here."
    exit 0
fi
stop_everything
say "Stopped. Everything stays; ./start.sh goes on from here."
