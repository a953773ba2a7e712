# shellcheck shell=bash disable=SC2034,SC2154  # sourced by the two report.sh; names come from the steps before
# What both modes share of `report`: the options, and what a person is told when one of the two programs complains.

log='' html='' pdf=''
chosen=() # what of the reports in the lake is wanted, in the words of `dashboard report`
report_usage="./start.sh report LOG.txt [--html FILE], or report [--date D | --week W] [--html FILE] [--pdf FILE]"
read_report_options() {
    local option value
    while (($#)); do
        option=$1 value=''
        case $option in
            --html | --pdf | --date | --week | --gpu)
                if (($# < 2)); then fail "report" "$option without a value" "$option VALUE" "$report_usage"; fi
                value=$2
                shift
                ;;
            --html=* | --pdf=* | --date=* | --week=* | --gpu=*) value=${option#*=} option=${option%%=*} ;;
            -*) fail "report" "$1" "$report_usage" "./start.sh --help" ;;
            *) log=$(from_caller "$1") ;;
        esac
        case $option in
            --html) html=$(from_caller "$value") ;;
            --pdf) pdf=$(from_caller "$value") ;;
            --date | --week | --gpu) chosen+=("$option" "$value") ;;
        esac
        shift
    done
    if [[ -n $log && -n "$pdf${chosen[*]}" ]]; then
        fail "report" "a log and ${chosen[0]:---pdf}" "one of the two: a card of a log, or a report of the lake" "$report_usage"
    fi
}

# Of what is in the lake; without a file to write, the document is kept there.
document_options() { # HTML PDF: as the program sees these files; prints one word a line
    if ((${#chosen[@]})); then printf '%s\n' "${chosen[@]}"; fi
    if [[ -n $1 ]]; then printf '%s\n' --html "$1"; fi
    if [[ -n $2 ]]; then printf '%s\n' --pdf "$2"; fi
    if [[ -z $1$2 && ${chosen[*]} != *--gpu* ]]; then echo --keep; fi
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
