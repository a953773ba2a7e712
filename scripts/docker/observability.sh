# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from the steps before
# The profile `observability`: what its containers, and those that they ask, must be told. In .env, so that
# `docker compose up` by itself does the same.

OBSERVERS=(observers kafka-agent prometheus alertmanager exporter node-exporter cadvisor postgres-exporter)
ALERTMANAGER_INSIDE=http://alertmanager:9093

change_setting() { # NAME VALUE: nothing is written where it is so already
    if [[ ${!1:-} != "$2" ]]; then put_setting "$1" "$2"; fi
}

observe() {
    change_setting KAFKA_AGENT "-javaagent:/agent/jmx.jar=0.0.0.0:9404:/etc/gpustream/jmx.yaml"
    change_setting HDFS_PROMETHEUS true
    if [[ -z ${ALERTMANAGER_URL:-} ]]; then put_setting ALERTMANAGER_URL "$ALERTMANAGER_INSIDE"; fi
    if [[ ${DOCKER_HOST:-} == unix://* ]]; then export DOCKER_SOCKET=${DOCKER_HOST#unix://}; fi
    export OBSERVED=""
    if [[ $grafana_runs == yes ]]; then OBSERVED+=" --grafana"; fi
    if fleet_is_on; then OBSERVED+=" --fleet fleet-simulator:9400"; fi
}

do_not_observe() {
    change_setting KAFKA_AGENT ""
    if [[ -n ${HDFS_PROMETHEUS:-} ]]; then put_setting HDFS_PROMETHEUS false; fi
    if [[ ${ALERTMANAGER_URL:-} == "$ALERTMANAGER_INSIDE" ]]; then put_setting ALERTMANAGER_URL ""; fi
}

# Mounted, so it must be there, and ours, before Docker makes it as root.
mkdir -p "$RUN_DIR/kafka-agent"
if ((EUID == 0)); then chown "$GPUSTREAM_UID:$GPUSTREAM_GID" "$RUN_DIR/kafka-agent"; fi
if profile_is_on observability; then observe; else do_not_observe; fi
