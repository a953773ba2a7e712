# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/start/
# What happened in a log, as a card: needs the Python environment and no server. Without a log, what the nightly batch
# found, as a document: needs HDFS.

source scripts/start/card.sh
read_report_options "${arguments[@]}"
scripts/venv.sh
if [[ -z $log ]]; then
    mapfile -t options < <(document_options "$html" "$pdf")
    exec "$VENV/bin/dashboard" report "${options[@]}"
fi
options=()
if [[ -n $html ]]; then options=(--html "$html"); fi
dry_run() { "$VENV/bin/kafka-producer" replay --dry-run "$log"; }
draw_card() { "$VENV/bin/dashboard" card "${options[@]}" "$@"; }
show_card
exit "$report_status"
