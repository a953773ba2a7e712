# shellcheck shell=bash disable=SC2154  # sourced by the commands; producer, pages, victims and harm come from there
# ./start.sh chaos in both modes: kills what runs under a load of known size, then counts what arrived.
#
# Defined by the caller:
#   producer ARGUMENTS...  kafka-producer, for as long as it takes
#   pages ARGUMENTS...     dashboard
#   victims                prints the names of what runs
#   harm NAME              kill -9, so that it comes back as after a crash

source scripts/start/load-words.sh

chaos_usage() {
    cat <<'HELP'
usage: ./start.sh chaos [--minutes N] [--rate N] [--gpus N] [--pause SECONDS] [--seed N]

Sends readings of known number, kills a random process of the running platform (kill -9) again and again, and then
compares what InfluxDB and the lake hold with what was sent. Exit status 1 when a reading is missing or double.

  --minutes N      how long (2)
  --rate N         readings a second (1000)
  --gpus N         GPUs that they are of (20)
  --pause SECONDS  between two kills, on average (15)
  --seed N         the same kills again (a new one each time)

The readings are a demonstration's: no alert of theirs is told to people, no total of the reports counts them.

examples:
  ./start.sh chaos
  ./start.sh chaos --minutes 10 --pause 40 --seed 7
HELP
}

chaos_minutes=2 chaos_rate=1000 chaos_gpus=20 chaos_pause=15 chaos_seed=$((SRANDOM % 100000))

chaos_options() {
    while (($#)); do
        case $1 in
            -h | --help) chaos_usage && exit 0 ;;
            --minutes | --rate | --gpus | --pause | --seed)
                if [[ ! ${2:-} =~ ^[0-9]{1,9}$ ]] || [[ $1 != --seed && ${2:-0} -eq 0 ]]; then
                    fail "chaos $1" "${2:-nothing}" "a whole number above 0" "./start.sh chaos --help"
                fi
                declare -g "chaos_${1#--}=$((10#$2))"
                shift 2
                ;;
            *) fail "chaos" "$1" "--minutes, --rate, --gpus, --pause or --seed" "./start.sh chaos --help" ;;
        esac
    done
}

_chaos_clock() { printf '%s[%3d s]%s' "$DIM" $((SECONDS - chaos_began)) "$PLAIN"; }

# Whatever ends this, the load ends with it.
_chaos_end_load() {
    if [[ -n ${chaos_load:-} ]]; then kill -TERM "$chaos_load" 2>/dev/null || true; fi
}

# shellcheck disable=SC2317  # a trap calls it
_chaos_interrupted() {
    say "  asked to stop: what was sent until now is counted"
    chaos_over=yes
    _chaos_end_load
}

chaos() {
    local name killed=() running next now told sent
    name=chaos-$(date -u +%Y%m%d-%H%M%S)
    chaos_lines=$(mktemp "${TMPDIR:-/tmp}/gpustream-chaos.XXXXXX")
    chaos_over='' chaos_began=$SECONDS
    RANDOM=$chaos_seed
    say "${BOLD}$(load_number $((chaos_rate * chaos_minutes * 60))) readings of $chaos_gpus GPUs, and a kill every $chaos_pause s or so (--seed $chaos_seed)${PLAIN}"
    producer load --json --name "$name" --rate "$chaos_rate" --gpus "$chaos_gpus" --seconds $((chaos_minutes * 60)) \
        >"$chaos_lines" 2>"$chaos_lines.log" &
    chaos_load=$!
    trap _chaos_interrupted INT TERM
    next=$((SECONDS + 5)) told=$SECONDS
    while kill -0 "$chaos_load" 2>/dev/null; do
        sleep 0.5 || true # Ctrl-C ends it
        now=$SECONDS
        if [[ -z $chaos_over ]] && ((now >= next)); then
            mapfile -t running < <(victims)
            killed+=("${running[RANDOM % ${#running[@]}]}")
            harm "${killed[-1]}"
            say "$(_chaos_clock) killed ${RED}${killed[-1]}${PLAIN}"
            next=$((now + chaos_pause / 2 + RANDOM % (chaos_pause + 1)))
        elif ((now >= told + 10)); then
            _chaos_say "$name" 0 || true # not everything is there yet
            told=$SECONDS
        fi
    done
    wait "$chaos_load" || true
    chaos_load=
    sent=$(load_sent "$chaos_lines")
    if [[ -z $sent || $sent == 0 ]]; then
        fail "chaos" "no reading was sent; $(tail -n 1 "$chaos_lines.log")" "a load" "./start.sh status"
    fi
    say "$(_chaos_clock) all $(load_number "$sent") readings are in Kafka; waiting until they have arrived"
    trap - INT TERM
    if pages audit "$name" --gpus "$chaos_gpus" --sent "$sent" --wait 600; then
        say "${GREEN}ok${PLAIN}    ${#killed[@]} kills: $(printf '%s\n' ${killed[@]+"${killed[@]}"} | sort | uniq -c | awk '{printf "%s%s %s", (NR > 1 ? ", " : ""), $2, $1}')"
    else
        say "${RED}FAIL${PLAIN}  after ${#killed[@]} kills (--seed $chaos_seed): ${killed[*]}; the load was called $name"
        exit 1
    fi
    rm -f "$chaos_lines" "$chaos_lines.log"
}

# What is there by now.
_chaos_say() { # NAME
    local sent verdict
    sent=$(load_sent "$chaos_lines")
    if [[ -z $sent || $sent == 0 ]]; then return; fi
    verdict=$(pages audit "$1" --gpus "$chaos_gpus" --sent "$sent" 2>/dev/null) || true
    say "$(_chaos_clock) sent $(load_number "$sent"), found $(load_found InfluxDB "$verdict") in InfluxDB, $(load_found lake "$verdict") in the lake"
}
