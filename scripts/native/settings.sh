# shellcheck shell=bash disable=SC2034  # sourced; other files read these
# Where things are and on which port: the environment first, then the repository's .env, then the defaults here.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Reads KEY=VALUE lines the way Compose does, without running them: .env is data. What is already set stays.
read_env_file() {
    local line key value
    while IFS= read -r line || [[ -n $line ]]; do
        [[ $line =~ ^[[:space:]]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
        key=${BASH_REMATCH[1]}
        value=${BASH_REMATCH[2]%$'\r'}
        if [[ $value =~ ^\"([^\"]*)\" || $value =~ ^\'([^\']*)\' ]]; then
            value=${BASH_REMATCH[1]}
        else
            value=${value%%[[:space:]]#*}
            value=${value%"${value##*[![:space:]]}"}
        fi
        [[ -v $key ]] || export "$key=$value"
    done <"$1"
}
if [[ -f $REPO/.env ]]; then read_env_file "$REPO/.env"; fi

# .env says `.run`, and means the repository's, from wherever a script is called.
absolute() { case $1 in /*) echo "$1" ;; *) echo "$REPO/$1" ;; esac; }
RUN_DIR=$(absolute "${GPUSTREAM_RUN_DIR:-$REPO/.run}")
CACHE=$(absolute "${GPUSTREAM_CACHE:-${XDG_CACHE_HOME:-${HOME:?is not set, and GPUSTREAM_CACHE neither}/.cache}/gpustream}")

# Exported because the servers' own files name them: ${env:KAFKA_PORT} (Kafka), ${env.HDFS_PORT} (Hadoop).
export KAFKA_PORT=${KAFKA_PORT:-9092}
export KAFKA_CONTROLLER_PORT=${KAFKA_CONTROLLER_PORT:-19093} # Kafka's usual 9093 is Alertmanager's
export KAFKA_DATA_DIR=$RUN_DIR/data/kafka

export HDFS_PORT=${HDFS_PORT:-9870}
export HDFS_RPC_PORT=${HDFS_RPC_PORT:-8020}
export HDFS_DATANODE_PORT=${HDFS_DATANODE_PORT:-9866}
export HDFS_DATANODE_HTTP_PORT=${HDFS_DATANODE_HTTP_PORT:-9864}
export HDFS_DATANODE_IPC_PORT=${HDFS_DATANODE_IPC_PORT:-9867}
export HDFS_DATA_DIR=$RUN_DIR/data/hdfs

export INFLUXDB_PORT=${INFLUXDB_PORT:-8086}
INFLUXDB_DATA_DIR=$RUN_DIR/data/influxdb

export GRAFANA_PORT=${GRAFANA_PORT:-3000}

export POSTGRES_PORT=${POSTGRES_PORT:-5432}
POSTGRES_DATA_DIR=$RUN_DIR/data/postgres

# Where an engine may come from, in this order. A test, or a site that forbids downloads, can name fewer.
INSTALL_FROM=${GPUSTREAM_INSTALL_FROM:-installed download registry}
APACHE_DOWNLOADS=${GPUSTREAM_APACHE_DOWNLOADS:-https://archive.apache.org/dist}
INFLUXDATA_DOWNLOADS=${GPUSTREAM_INFLUXDATA_DOWNLOADS:-https://dl.influxdata.com/influxdb/releases}

GRAFANA_DOWNLOADS=${GPUSTREAM_GRAFANA_DOWNLOADS:-https://dl.grafana.com/grafana/release}

WAIT_SECONDS=${GPUSTREAM_WAIT_SECONDS:-60}
