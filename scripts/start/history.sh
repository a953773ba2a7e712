# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# The first start is never empty: a simulated day up to now, from which the live demonstration goes on. Once.

HISTORY=$STATE_DIR/history

send_history() { PATH=$VENV/bin:$PATH scripts/demo-history.sh "$HISTORY" "$DEMO_HISTORY_HOURS"; }

history_is_due=no
if [[ ! -f $STATE_DIR/history-done ]] && demo_is_on && ((DEMO_HISTORY_HOURS > 0)); then history_is_due=yes; fi

if [[ $history_is_due == yes && ! -f $STATE_DIR/history-sent ]]; then
    step "A day of two demonstration GPUs" send_history
    touch "$STATE_DIR/history-sent"
    rm -rf "$HISTORY"
fi
