# shellcheck shell=bash disable=SC2034  # sourced; other steps read these
# What start.sh was asked to do: sets command and arguments, or helps.

help() {
    cat <<'HELP'
gpustream: a flight recorder and control room for GPUs.

usage: ./start.sh [--docker | --native] [--profile NAME] [COMMAND]

In containers where a Docker engine answers, else as processes of this machine; the two options force one.
--profile fleet also runs a simulated cluster of 2 nodes x 8 GPUs, until the next start without it; PROFILES=fleet
in .env keeps it (docs/recipes/fleet.md). --profile observability runs Prometheus and Alertmanager in the same way
(docs/prometheus.md).

  (no command)          check the machine, then start everything; safe to repeat
  status [--json]       what runs, how far behind, how fresh; exit 1 when something is wrong
  status logs [--json]  what became of each log that was dropped or sent
  login [--role R]      a link into the console, good once and for 15 minutes
  stop                  end everything cleanly; nothing is lost, the next start goes on there
  logs [NAME] [-f]      the end of every log, or of one; -f follows it
  restart NAME          end one process and start it again
  demo on|off           the demonstration GPU, whose fan fails every six minutes
  replay ...            send a GPU-Z log (the options of `kafka-producer replay`)
  report LOG [--html F] what happened in a GPU-Z log, as a card; needs no server
  report [--date D | --week W] [--gpu G] [--html F] [--pdf F]
                        what the nightly batch found on a day (the newest) or in a week, as a
                        document; without a file it is told in words, and kept in the lake
  submit batch ...      the nightly reports now: --date D, or --from D --to D
  chaos [--minutes N]   kill what runs, again and again, under a load of known size, and count
                        what arrived: nothing may be missing, nothing twice
  load [--rate N] [--gpus N] [--seconds N] [--api-clients N]
                        made-up readings at a steady pace, people who ask the API meanwhile: what
                        was sent and found, and how long Kafka and the API took
  backup DIR [--keep N] everything that is recorded, secrets too, into a folder in DIR, while all
                        goes on; --check reads the newest one there again (native mode)
  restore DIR [--yes]   make an instance of a backup (the newest in DIR); it goes on from there
                        (native mode)
  reset [--yes]         stop, and delete what was recorded (never data/, never your settings)

Settings stand in .env (made from .env.example by the first start); the environment wins.
docs/configuration.md lists them. GPUSTREAM_RUN_DIR and the *_PORT settings give a second, separate instance.

examples:
  ./start.sh
  ./start.sh --profile fleet
  ./start.sh replay "GPU-Z Sensor Log.txt" --time original --gpu my-pc:0
  ./start.sh report --date 2026-11-23 --html report.html
  ./start.sh submit batch --date 2026-11-23
  ./start.sh logs streaming -f
  ./start.sh backup /mnt/disk/backups --keep 7
  KAFKA_PORT=19092 ./start.sh        another port, this time only
HELP
}

command=start
arguments=()
forced_mode=
profiles_given=()
while [[ ${1:-} =~ ^--(docker|native|profile)$ ]]; do
    if [[ $1 == --profile ]]; then
        profiles_given+=("${2:-}")
        shift
    else
        forced_mode=${1#--}
    fi
    if (($#)); then shift; fi
done
for name in "${profiles_given[@]}"; do
    if [[ $name != fleet && $name != observability ]]; then
        printf 'FAIL  --profile: found %q, expected: fleet or observability\n\n' "$name" >&2
        help >&2
        exit 2
    fi
done
case ${1:-} in
    "") ;;
    -h | --help | help) help && exit 0 ;;
    status | login | stop | logs | restart | demo | replay | report | submit | chaos | load | backup | restore | reset)
        command=$1
        arguments=("${@:2}")
        # What a command passes on, it lets the program behind it explain.
        if [[ $command != replay && $command != submit && $command != login && ! $command =~ ^(chaos|load|backup|restore)$ && ${2:-} =~ ^(-h|--help)$ ]]; then help && exit 0; fi
        ;;
    *)
        printf 'FAIL  no command or option %q\n\n' "$1" >&2
        help >&2
        exit 2
        ;;
esac
