#!/usr/bin/env bash
# The one test command. `./test.sh --help` says what there is; without a word it runs everything but the fault table.
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source scripts/test/levels.sh

usage() {
    cat <<'HELP'
usage: ./test.sh [LEVEL]... [-- PYTEST ARGUMENTS]

  check         types, lint, shell, generated files, architecture: no server
  unit          every project's unit tests: no server
  integration   one real server per file: Kafka, HDFS, InfluxDB, Spark
  e2e           ./start.sh on free ports, and what must hold when parts of it are killed
  browser       the console in a real Chromium (Debian's, installed as root where it is missing), page by page
  compose       start.sh with Docker; where no engine answers one is installed (as root, from Debian) and started

  long          of integration and compose, what takes minutes a test: kills of the batch, chaos with Docker
  faults        servers and processes are killed and held up under load; what arrived is compared with what was sent

Without a level: all of them but long and faults (an hour), in this order. Each level prints what it does and how long it took.

examples:
  ./test.sh check unit
  ./test.sh integration -- -k influxdb -x
HELP
}

wanted=()
pytest_arguments=()
while (($#)); do
    case $1 in
        -h | --help) usage && exit 0 ;;
        --) shift && pytest_arguments=("$@") && break ;;
        check | unit | integration | e2e | browser | compose | long | faults) wanted+=("$1") ;;
        *) printf 'FAIL: no test level %q\n\n' "$1" >&2 && usage >&2 && exit 2 ;;
    esac
    shift
done
((${#wanted[@]})) || wanted=(check unit integration e2e browser compose)

prepare_environment "${wanted[@]}"
for level in "${wanted[@]}"; do
    run_level "$level" ${pytest_arguments[@]+"${pytest_arguments[@]}"}
done
summary
