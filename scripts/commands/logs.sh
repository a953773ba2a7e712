# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/start/
# The end of every log, or of one; -f follows it.

follow=no name=
for argument in "${arguments[@]}"; do
    case $argument in
        -f | --follow) follow=yes ;;
        -*) fail "logs" "$argument" "./start.sh logs [NAME] [-f]" "./start.sh --help" ;;
        *) name=$argument ;;
    esac
done

known=()
for log in "$LOGS"/*.log; do
    if [[ -f $log ]]; then known+=("$(basename "$log" .log)"); fi
done
if ((${#known[@]} == 0)); then fail "there are no logs yet" "none in $LOGS" "an instance that was started" "./start.sh"; fi

if [[ -n $name ]]; then
    if [[ $name == */* || ! -f $LOGS/$name.log ]]; then
        fail "no log of $name" "$name" "one of: ${known[*]}" "./start.sh logs NAME"
    fi
    if [[ $follow == yes ]]; then exec tail -n 50 -F "$LOGS/$name.log"; fi
    exec tail -n 100 "$LOGS/$name.log"
fi
if [[ $follow == yes ]]; then exec tail -n 3 -F "$LOGS"/*.log; fi
for each in "${known[@]}"; do
    if [[ $each == start-* ]]; then continue; fi
    say "${BOLD}$each${PLAIN}  ${DIM}./start.sh logs $each${PLAIN}"
    tail -n 5 "$LOGS/$each.log" | cut -c 1-200 | sed 's/^/  /'
done
