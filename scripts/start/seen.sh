# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# Started means: data was seen where it is read. Without the demonstration there may be none; then that all is well.

# Nobody sends anything, so only the processes themselves can say; Spark's needs a while before it answers.
until_all_is_well() {
    local deadline=$((SECONDS + 300))
    until "$VENV/bin/dashboard" status; do
        ((SECONDS < deadline)) || return 1
        sleep 2
    done
}

if demo_is_on; then
    step "Demonstration GPU" start_programs demo
    # One GPU's readings keep their order, and the stream takes all that lies in Kafka: a live reading in a store means
    # that the history before it is there, too.
    step "Live data seen in InfluxDB and in the lake" \
        "$VENV/bin/dashboard" wait-for-data --mode demo --within 30 --seconds 300
else
    step "All is well" until_all_is_well
fi
