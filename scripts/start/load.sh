# shellcheck shell=bash disable=SC2154  # sourced by the commands; producer, pages and asking come from there
# ./start.sh load in both modes: readings at a steady pace, people who ask the API meanwhile, and what came of both.
#
# Defined by the caller:
#   producer ARGUMENTS...  kafka-producer, for as long as it takes
#   pages ARGUMENTS...     dashboard
#   asking ARGUMENTS...    dashboard api-load, where the console can be reached

source scripts/start/load-words.sh

load_usage() {
    cat <<'HELP'
usage: ./start.sh load [--rate N] [--gpus N] [--seconds N] [--api-clients N]

Sends made-up readings at a steady pace and, meanwhile, lets N clients ask the API once a second each what a page asks.
Then it waits until everything has arrived and says what was sent and found, and how long Kafka and the API took (half of
all: p50, 99 of 100: p99). Exit status 1 when a reading is missing or double, or the API failed.

  --rate N         readings a second (1000)
  --gpus N         GPUs that they are of (20)
  --seconds N      how long (60)
  --api-clients N  who asks the API (0: nobody); more than 20 need a larger CONSOLE_RATE_PER_MINUTE

The readings are a demonstration's: no alert of theirs is told to people, no total of the reports counts them. Ctrl-C
ends the load; what was sent until then is counted.

examples:
  ./start.sh load
  ./start.sh load --rate 5000 --gpus 500 --seconds 600
  ./start.sh load --rate 100 --gpus 10 --seconds 30 --api-clients 10
HELP
}

load_rate=1000 load_gpus=20 load_seconds=60 load_clients=0

load_options() {
    local name
    while (($#)); do
        case $1 in
            -h | --help) load_usage && exit 0 ;;
            --rate | --gpus | --seconds | --api-clients)
                if [[ ! ${2:-} =~ ^[0-9]{1,9}$ ]] || [[ $1 != --api-clients && $((10#${2:-0})) -eq 0 ]]; then
                    fail "load $1" "${2:-nothing}" "a whole number above 0" "./start.sh load --help"
                fi
                name=${1#--} && name=${name#api-}
                declare -g "load_$name=$((10#$2))"
                shift 2
                ;;
            *) fail "load" "$1" "--rate, --gpus, --seconds or --api-clients" "./start.sh load --help" ;;
        esac
    done
    if ((load_gpus > load_rate * load_seconds)); then
        fail "load --gpus" "$load_gpus" "at most $((load_rate * load_seconds)) (a reading of each at least)" "./start.sh load --help"
    fi
}

# Whatever ends this, both loads end with it.
_load_end() {
    local pid
    for pid in "${load_pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
}

# shellcheck disable=SC2317  # a trap calls it
_load_interrupted() {
    say "  asked to stop: what was sent until now is counted"
    _load_end
}

# One line that changes on a terminal; else a line each ten seconds.
_load_say() { # WORDS
    if [[ -t 1 ]]; then
        printf '\r\033[K%s[%3d s]%s %s' "$DIM" $((SECONDS - load_began)) "$PLAIN" "$1"
    elif ((SECONDS >= load_told + 10)); then
        load_told=$SECONDS
        say "[$((SECONDS - load_began)) s] $1"
    fi
}

_load_progress() {
    local sent words
    sent=$(load_sent "$load_files/sent")
    words="sent $(load_number "${sent:-0}") of $(load_number $((load_rate * load_seconds)))"
    if [[ -s $load_files/asked ]]; then words+="; API: $(tail -n 1 "$load_files/asked")"; fi
    _load_say "$words"
}

load() {
    local name status=0 sent
    name=$(date -u +%Y%m%d-%H%M%S)
    load_files=$(mktemp -d "${TMPDIR:-/tmp}/gpustream-load.XXXXXX")
    load_began=$SECONDS load_told=$SECONDS load_pids=()
    say "${BOLD}$(load_number $((load_rate * load_seconds))) readings of $load_gpus GPUs, $(load_number "$load_rate") a second$( ((load_clients)) && echo ", and $load_clients clients of the API")${PLAIN}"
    trap _load_interrupted INT TERM
    producer load --json --name "$name" --rate "$load_rate" --gpus "$load_gpus" --seconds "$load_seconds" \
        >"$load_files/sent" 2>"$load_files/sent.log" &
    load_pids+=($!)
    if ((load_clients)); then
        asking --clients "$load_clients" --seconds "$load_seconds" --lines >"$load_files/asked" 2>"$load_files/asked.log" &
        load_pids+=($!)
    fi
    while kill -0 "${load_pids[0]}" 2>/dev/null; do
        sleep 1 || true # Ctrl-C ends it
        _load_progress
    done
    wait "${load_pids[0]}" || true
    if ((load_clients)); then wait "${load_pids[1]}" || status=1; fi
    load_pids=()
    trap - INT TERM
    if [[ -t 1 ]]; then echo; fi
    sent=$(load_sent "$load_files/sent")
    if [[ -z $sent || $sent == 0 ]]; then
        fail "load" "no reading was sent; $(tail -n 1 "$load_files/sent.log")" "a load" "./start.sh status"
    fi
    say "$(load_number "$sent") readings are in Kafka, acknowledged within $(load_within "$load_files/sent"); waiting until they have arrived"
    if pages audit "$name" --gpus "$load_gpus" --sent "$sent" --wait 600; then
        say "${GREEN}ok${PLAIN}    every reading has arrived, once"
    else
        say "${RED}FAIL${PLAIN}  not every reading has arrived, once; the load was called $name"
        status=1
    fi
    if ((load_clients)); then _load_of_api || status=1; fi
    rm -rf "$load_files"
    if ((status)); then exit 1; fi
}

_load_of_api() {
    if [[ ! -s $load_files/asked ]]; then
        say "${RED}FAIL${PLAIN}  the API was not asked: $(tail -n 1 "$load_files/asked.log")"
        return 1
    fi
    say "The API, by endpoint:"
    grep '^  /' "$load_files/asked" || true
    say "API:        $(tail -n 1 "$load_files/asked")"
}
