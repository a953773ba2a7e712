# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# Our own processes: what reads from Kafka. What writes to it follows when there is somebody to read.

step "Writer, alert engine, Spark stream, nightly reports" start_programs "${WANTED_READERS[@]}"
step "Watching data/" start_programs watch

source scripts/start/collect.sh
if collect_is_wanted; then
    step "Live GPUs (kafka-producer collect)" start_programs collect
elif collect_runs; then
    step "Live GPUs are not read any more (COLLECT=${COLLECT:-auto})" stop_programs collect
fi

source scripts/start/fleet.sh
