# shellcheck shell=bash disable=SC2034,SC2154  # sourced by the two report.sh; names come from the steps before
# What both modes share of `report`: the options, and what a person is told when one of the two programs complains.

log='' html=''
read_report_options() {
    while (($#)); do
        case $1 in
            --html)
                if (($# < 2)); then fail "report" "--html without a file" "--html FILE" "name the file to write"; fi
                html=$(from_caller "$2")
                shift
                ;;
            --html=*) html=$(from_caller "${1#--html=}") ;;
            -*) fail "report" "$1" "./start.sh report LOG.txt [--html FILE]" "./start.sh --help" ;;
            *) log=$(from_caller "$1") ;;
        esac
        shift
    done
    if [[ -z $log ]]; then fail "report" "no log" "./start.sh report LOG.txt [--html FILE]" "name a log"; fi
}

# Calls dry_run, which reads $log, and draw_card, to which it adds --name; both are the mode's. Sets report_status.
show_card() {
    local words statuses
    words=$(mktemp)
    trap - ERR # a bad log is the user's, and the producer has said what is wrong with it
    set +e
    dry_run 2>"$words" | draw_card --name "${log##*/}" 2>"$words.card"
    statuses=("${PIPESTATUS[@]}")
    # Of two that complain one is enough: who read the log knows more. A summary without lost rows only repeats the card.
    if ((statuses[0])) || grep -q ' rejected=[1-9]' "$words"; then
        cat "$words" >&2
        if ((statuses[0] == 0 && statuses[1] == 0)); then cat "$words.card" >&2; fi
    else
        cat "$words.card" >&2
    fi
    rm -f "$words" "$words.card"
    report_status=$((statuses[0] ? statuses[0] : statuses[1]))
}
