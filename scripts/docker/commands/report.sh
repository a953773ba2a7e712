# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/
# What happened in a log, as a card: needs the images and no server. Without a log, what the nightly batch found, as a
# document: needs HDFS.

source scripts/start/card.sh
read_report_options "${arguments[@]}"
if [[ -n $log && ! -e $log ]]; then fail "report" "no file $log" "a GPU-Z log" "name one"; fi
need_engine
mounts=() inside=()
if [[ -n $html$pdf ]]; then
    # A folder that the container's user may write to, whoever owns the one that was named.
    claim_run_dir
    out=$(mktemp -d "$RUN_DIR/report.XXXXXX")
    trap 'rm -rf "$out"' EXIT
    if ((EUID == 0)); then chown 10001:10001 "$out"; fi
    mounts=(--volume "$out:/out")
fi
if [[ -z $log ]]; then
    need_containers
    mapfile -t inside < <(document_options "${html:+/out/report.html}" "${pdf:+/out/report.pdf}")
    trap - ERR # the program has said what is wrong
    report_status=0
    in_new_container --no-deps "${mounts[@]}" tools dashboard report "${inside[@]}" || report_status=$?
else
    if [[ -n $html ]]; then inside=(--html /out/report.html); fi
    dry_run() {
        in_new_container --no-deps --volume "$log:/logs/${log##*/}:ro" demo kafka-producer replay --dry-run "/logs/${log##*/}"
    }
    draw_card() { in_new_container --no-deps "${mounts[@]}" tools dashboard card "${inside[@]}" "$@"; }
    show_card
fi
if [[ -n $html && -f $out/report.html ]]; then cp "$out/report.html" "$html" || report_status=2; fi
if [[ -n $pdf && -f $out/report.pdf ]]; then cp "$out/report.pdf" "$pdf" || report_status=2; fi
exit "$report_status"
