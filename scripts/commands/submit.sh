# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/start/
# A batch job now; it uses what the stream has written.

source scripts/start/submit.sh

if [[ ${arguments[0]:-} != batch ]]; then
    fail "submit" "${arguments[0]:-nothing}" "batch" "./start.sh submit batch --date $(date +%F)"
fi
need_venv
submit_batch "${arguments[@]:1}"
