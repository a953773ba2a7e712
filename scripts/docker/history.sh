# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# As in native mode: a day of history on the first start, then live data seen in both stores, then the first reports.

source scripts/start/report-span.sh

history_is_due=no
if [[ ! -f $STATE_DIR/history-done ]] && demo_is_on && ((DEMO_HISTORY_HOURS > 0)); then history_is_due=yes; fi

send_history() { in_new_container demo scripts/demo-history.sh /state/history "$DEMO_HISTORY_HOURS"; }
see_data() { in_new_container tools dashboard wait-for-data --mode demo --within 60 --seconds 300; }
report_history() { # shellcheck disable=SC2046  # two pairs of words
    compose exec --no-TTY spark-master spark-submit spark-jobs/batch_analytics.py $(report_span)
}

if [[ $history_is_due == yes ]]; then step "A day of two demonstration GPUs" send_history; fi
if demo_is_on; then step "Live data seen in InfluxDB and in the lake" see_data; fi
if [[ $history_is_due == yes ]]; then
    step "The first reports" report_history
    touch "$STATE_DIR/history-done"
fi
