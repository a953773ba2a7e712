# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from scripts/start/
# docker compose, and what is run in a container for a moment.

# Containers and volumes bear the project's name: an instance with a run folder of its own has one of its own, too.
if [[ -z ${COMPOSE_PROJECT_NAME:-} ]]; then
    COMPOSE_PROJECT_NAME=gpustream
    if [[ $RUN_DIR != "$REPO/.run" ]]; then COMPOSE_PROJECT_NAME+=-$(cksum <<<"$RUN_DIR" | cut -d ' ' -f 1); fi
fi
export COMPOSE_PROJECT_NAME

# Images come from the build alone; a container that ends is removed.
compose() { docker compose --project-directory "$REPO" "$@"; }
in_new_container() { compose run --rm --quiet-pull --no-TTY "$@"; } # [OPTIONS] SERVICE COMMAND...
# In the running console: its state says who may come in.
console_link() { compose exec --no-TTY console dashboard login-link --port "$CONSOLE_PORT" "$@"; }

# What stop_everything and supervisor_runs are in native mode, for the steps that both modes share.
supervisor_runs() { [[ -n $(compose ps --quiet --status running 2>/dev/null) ]]; }
stop_everything() { compose --profile '*' stop; }

# Recorded with other secrets than ours: by another copy of this repository, whose data it would take over.
strange_volume() {
    local volume=${COMPOSE_PROJECT_NAME}_influxdb-data
    [[ ! -f $SECRETS/influxdb-token ]] && docker volume inspect "$volume" >/dev/null 2>&1 && echo "$volume"
}
WHOSE="use the copy that made it, or bring its .run/secrets here, or put COMPOSE_PROJECT_NAME=gpustream-2 into .env"

need_engine() {
    local strange
    docker_answers || fail "no Docker engine answers" "$(docker info 2>&1 | tail -n 1)" "a running engine" \
        "start Docker, or run ./start.sh --native"
    if strange=$(strange_volume); then
        fail "these data are not of this copy" "volume $strange and no $SECRETS/influxdb-token" \
            "the secrets that it was made with" "$WHOSE"
    fi
}
need_containers() {
    need_engine
    supervisor_runs || fail "gpustream is not running" "no container of it" "a started instance" "./start.sh"
}

# What is published: fewer ports than native mode has, and the page of Spark's master.
unset 'PORTS[KAFKA_CONTROLLER_PORT]' 'PORTS[HDFS_DATANODE_PORT]' 'PORTS[HDFS_DATANODE_IPC_PORT]' 'PORTS[FLEET_PORT]'
unset 'PORTS[NODE_EXPORTER_PORT]' 'PORTS[POSTGRES_EXPORTER_PORT]' 'PORTS[EXPORTER_PORT]' 'PORTS[KAFKA_EXPORTER_PORT]'
export SPARK_PORT=${SPARK_PORT:-8080}
PORTS[SPARK_PORT]="Spark's master"

ONCE=(topics buckets observers kafka-agent) # they do their work and end
expected_services() { # without the demonstration where that is off
    local service
    for service in $(compose config --services); do
        if [[ $service == demo ]] && ! demo_is_on; then continue; fi
        echo "$service"
    done
}
