# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/
# A batch job now, on the standalone cluster, beside the stream.

if [[ ${arguments[0]:-} != batch ]]; then
    fail "submit" "${arguments[0]:-nothing}" "batch" "./start.sh submit batch --date $(date +%F)"
fi
need_containers
exec docker compose --project-directory "$REPO" exec --no-TTY spark-master \
    spark-submit spark-jobs/batch_analytics.py "${arguments[@]:1}"
