# shellcheck shell=bash disable=SC2034  # sourced; other steps read these
# Settings: the environment, then .env, then defaults; the same for start.sh, every process and every sub-command.

source scripts/native/settings.sh # sets REPO, RUN_DIR, CACHE, the ports of the engines

# Absolute, so that a process means the same folder whatever its working directory.
export GPUSTREAM_RUN_DIR=$RUN_DIR
export STATE_DIR=${STATE_DIR:-$RUN_DIR/state}
export GPUSTREAM_REPO=$REPO
GPUSTREAM_DATA_DIR=$(absolute "${GPUSTREAM_DATA_DIR:-data}")
export GPUSTREAM_DATA_DIR
export SPARK_UI_PORT=${SPARK_UI_PORT:-4040}
export CONSOLE_PORT=${CONSOLE_PORT:-8000}
# Spark's page listens on every address of the machine unless this is set.
export SPARK_LOCAL_IP=127.0.0.1
export FLEET_PORT=${FLEET_PORT:-9400}
export PROMETHEUS_PORT=${PROMETHEUS_PORT:-9090} ALERTMANAGER_PORT=${ALERTMANAGER_PORT:-9093}
export NODE_EXPORTER_PORT=${NODE_EXPORTER_PORT:-9100} POSTGRES_EXPORTER_PORT=${POSTGRES_EXPORTER_PORT:-9187}
export EXPORTER_PORT=${EXPORTER_PORT:-9108} KAFKA_EXPORTER_PORT=${KAFKA_EXPORTER_PORT:-9404}
export GATEWAY=${GATEWAY:-off} GATEWAY_HOST=${GATEWAY_HOST:-127.0.0.1} GATEWAY_PORT=${GATEWAY_PORT:-8443}
export GATEWAY_STATUS_PORT=${GATEWAY_STATUS_PORT:-9114} NGINX_EXPORTER_PORT=${NGINX_EXPORTER_PORT:-9113}
export DEMO_HISTORY_HOURS=${DEMO_HISTORY_HOURS:-24}
# A JVM on two busy cores can take its time; the engines' scripts wait this long.
export GPUSTREAM_WAIT_SECONDS=${GPUSTREAM_WAIT_SECONDS:-180}

PYTHON=${PYTHON:-python3}
VENV=$REPO/.venv
LOGS=$RUN_DIR/logs
SECRETS=$RUN_DIR/secrets

# Setting -> what listens there, for the checks and the last lines.
declare -A PORTS=(
    [KAFKA_PORT]="Kafka"
    [KAFKA_CONTROLLER_PORT]="Kafka's controller"
    [HDFS_PORT]="the NameNode's pages"
    [HDFS_RPC_PORT]="the NameNode"
    [HDFS_DATANODE_PORT]="the DataNode"
    [HDFS_DATANODE_HTTP_PORT]="the DataNode's pages"
    [HDFS_DATANODE_IPC_PORT]="the DataNode's control"
    [INFLUXDB_PORT]="InfluxDB"
    [POSTGRES_PORT]="PostgreSQL"
    [CONSOLE_PORT]="the console"
    [GRAFANA_PORT]="Grafana"
    [SPARK_UI_PORT]="Spark's pages"
)

source scripts/start/profiles.sh
check_profiles
if profile_is_on fleet; then PORTS[FLEET_PORT]="the simulated fleet"; fi
if profile_is_on observability; then
    PORTS+=(
        [PROMETHEUS_PORT]="Prometheus"
        [ALERTMANAGER_PORT]="Alertmanager"
        [NODE_EXPORTER_PORT]="the machine's exporter"
        [POSTGRES_EXPORTER_PORT]="PostgreSQL's exporter"
        [EXPORTER_PORT]="the page for Prometheus"
        [KAFKA_EXPORTER_PORT]="the page of Kafka's JVM"
    )
fi
gateway_is_on() { [[ $GATEWAY == on ]]; }
if gateway_is_on; then
    PORTS+=([GATEWAY_PORT]="the gateway" [GATEWAY_STATUS_PORT]="the gateway's own page")
    if profile_is_on observability; then PORTS[NGINX_EXPORTER_PORT]="the gateway's exporter"; fi
fi

# What an instance was started with: settings, ports, configuration and code. A start that finds another stamp
# restarts what runs, so that "edit .env, ./start.sh" and "git pull, ./start.sh" do what one expects.
settings_stamp() {
    local name
    {
        while read -r name; do echo "$name=${!name:-}"; done < <(
            sed -nE 's/^#([A-Z][A-Z0-9_]*)=.*/\1/p' .env.example
            compgen -v NOTIFY_ || true # addresses have names of their owner's choice
        )
        find config ./*/src spark-jobs/*.py scripts/run.sh scripts/native -type f ! -path '*/__pycache__/*' -print0 |
            sort -z | xargs -0 sha256sum
    } | sha256sum | cut -d ' ' -f 1
}

# `reset` deletes the run folder, so it must be ours alone: an empty or new one, marked by the first that writes to it.
run_dir_is_ours() {
    [[ ! -e $RUN_DIR || $RUN_DIR == "$REPO/.run" || -f $RUN_DIR/.gpustream || -z $(ls -A "$RUN_DIR") ]]
}
claim_run_dir() {
    mkdir -p "$RUN_DIR" "$LOGS" "$STATE_DIR" "${UPLOADS_DIR:-$RUN_DIR/uploads}"
    touch "$RUN_DIR/.gpustream"
}

# The choice of `demo on|off` stays with the data; without one, the setting DEMO decides.
demo_is_on() {
    local choice=${DEMO:-on}
    if [[ -f $STATE_DIR/demo ]]; then choice=$(<"$STATE_DIR/demo"); fi
    [[ $choice == on ]]
}
