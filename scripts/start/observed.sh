# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# Kafka and HDFS have pages for Prometheus from their start on, or not at all: who wants the other is started anew.

OBSERVED=$RUN_DIR/prometheus/observed # what is_observed of scripts/native/engine.sh asks for

change_observed() { # on | off
    if [[ $1 == on ]]; then
        scripts/native/jmx.sh install
        mkdir -p "${OBSERVED%/*}"
        touch "$OBSERVED"
    else
        rm -f "$OBSERVED"
        # First, or it would tell people that Kafka is away.
        if supervisor_runs; then stop_programs prometheus; fi
    fi
    if supervisor_runs; then stop_programs kafka namenode datanode; fi
}

if profile_is_on observability && [[ ! -f $OBSERVED ]]; then
    step "Kafka and HDFS get pages for Prometheus" change_observed on
elif ! profile_is_on observability && [[ -f $OBSERVED ]]; then
    step "Kafka and HDFS without pages for Prometheus" change_observed off
fi
