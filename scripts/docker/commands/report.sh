# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/
# What happened in a log, as a card. Needs the images and no server.

source scripts/start/card.sh
read_report_options "${arguments[@]}"
if [[ ! -e $log ]]; then fail "report" "no file $log" "a GPU-Z log" "name one"; fi
need_engine
options=() draw=()
if [[ -n $html ]]; then
    # A folder that the container's user may write to, whoever owns the one that was named.
    claim_run_dir
    out=$(mktemp -d "$RUN_DIR/report.XXXXXX")
    trap 'rm -rf "$out"' EXIT
    if ((EUID == 0)); then chown 10001:10001 "$out"; fi
    options=(--volume "$out:/out") draw=(--html /out/card.html)
fi
dry_run() {
    in_new_container --no-deps --volume "$log:/logs/${log##*/}:ro" demo kafka-producer replay --dry-run "/logs/${log##*/}"
}
draw_card() { in_new_container --no-deps "${options[@]}" tools dashboard card "${draw[@]}" "$@"; }
show_card
if [[ -n $html && -f $out/card.html ]]; then cp "$out/card.html" "$html" || report_status=2; fi
exit "$report_status"
