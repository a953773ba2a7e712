# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# Our own processes: what reads from Kafka. What writes to it follows when there is somebody to read.

step "Writer, alert engine, Spark stream, nightly reports" start_programs "${READERS[@]}"
step "Watching data/" start_programs watch
