# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# The first reports, on the simulated day. From then on they are made nightly, or by ./start.sh submit batch.

source scripts/start/submit.sh
source scripts/start/report-span.sh

report_history() { # shellcheck disable=SC2046  # two pairs of words
    submit_batch $(report_span)
}

if [[ $history_is_due == yes ]]; then
    step "The first reports" report_history
    touch "$STATE_DIR/history-done"
fi
