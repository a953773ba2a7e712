#!/usr/bin/env bash
# Kafka without Docker: one KRaft node on 127.0.0.1.
set -eEuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

NAME=kafka-$KAFKA_VERSION
CONFIG=$REPO/config/kafka
LOG=$RUN_DIR/logs/kafka.log

holds_broker() { compgen -G "$1/libs/kafka_*.jar" >/dev/null; }
is_cached() { holds_broker "$CACHE/$NAME"; }

installed_home() { # prints KAFKA_HOME if it may and can be used
    if [[ -z ${KAFKA_HOME:-} ]] || ! allowed installed; then return 1; fi
    if ! holds_broker "$KAFKA_HOME"; then
        say "  KAFKA_HOME=$KAFKA_HOME holds no libs/kafka_*.jar: ignored"
        return 1
    fi
    echo "$KAFKA_HOME"
}

home() {
    if installed_home; then return; fi
    is_cached || fail "Kafka is not installed" "no $CACHE/$NAME" "Kafka $KAFKA_VERSION there" "$0 install"
    echo "$CACHE/$NAME"
}

build() { # DIR, with the layout of the official archive
    local archive=kafka_$KAFKA_SCALA_VERSION-$KAFKA_VERSION.tgz
    if allowed download && unpack_official "$APACHE_DOWNLOADS/kafka/$KAFKA_VERSION/$archive" "" "$1" &&
        holds_broker "$1"; then return 0; fi
    allowed registry || return 1
    jars_from_registry "$NATIVE/kafka.pom.xml" "$1/libs"
}

install() {
    check_java
    local found
    if found=$(installed_home); then
        say "kafka: using KAFKA_HOME=$found"
        return
    fi
    if ! is_cached; then
        say "kafka $KAFKA_VERSION: installing into $CACHE"
        replace_in_cache "$NAME" build is_cached
    fi
    say "kafka $KAFKA_VERSION: $CACHE/$NAME"
}

# MALLOC_ARENA_MAX: glibc would reserve 8 arenas per core, tens of MB in a JVM this small.
java_of_kafka() { # [-r to replace this shell] ARGUMENTS...
    local run=()
    if [[ $1 == -r ]]; then run=(exec) && shift; fi
    find_java
    local home
    home=$(home)
    export MALLOC_ARENA_MAX=2
    "${run[@]}" "$JAVA" -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true \
        -Dlog4j2.configurationFile="$CONFIG/log4j2.properties" -cp "$home/libs/*" "$@"
}

configure() {
    mkdir -p "$KAFKA_DATA_DIR" "$RUN_DIR/logs"
    # Kafka writes this file last, so a format that was killed is done again; the cluster's id then lives in it.
    if [[ -f $KAFKA_DATA_DIR/meta.properties ]]; then return; fi
    local id
    # 16 random bytes in URL-safe base64, what Kafka calls a cluster id; A in front as it must not begin with '-'.
    id=A$(head -c 32 /dev/urandom | base64 -w 0 | tr -d '+/=' | head -c 20)Q
    STEP_LOG=$RUN_DIR/logs/kafka-format.log
    : >"$STEP_LOG"
    java_of_kafka -Xmx128m kafka.tools.StorageTool format --ignore-formatted --cluster-id "$id" \
        --config "$CONFIG/server.properties" >>"$STEP_LOG" 2>&1 ||
        fail "Kafka's storage could not be made" "$(tail -n 1 "$STEP_LOG")" "an empty $KAFKA_DATA_DIR to be formatted" \
            "read $STEP_LOG"
    say "kafka: formatted $KAFKA_DATA_DIR"
}

run() {
    [[ -f $KAFKA_DATA_DIR/meta.properties ]] ||
        fail "Kafka is not configured" "no $KAFKA_DATA_DIR/meta.properties" "a formatted directory" "$0 configure"
    local page=()
    if is_observed; then
        page=("-javaagent:$("$NATIVE/jmx.sh" path)=127.0.0.1:${KAFKA_EXPORTER_PORT:-9404}:$CONFIG/jmx.yaml")
    fi
    # -Xmn: a third of the heap would be touched by new objects before one collection, of which next to nothing lasts.
    # shellcheck disable=SC2086  # KAFKA_HEAP_OPTS holds words
    java_of_kafka -r ${KAFKA_HEAP_OPTS:--Xmx256m -Xmn48m} ${page[@]+"${page[@]}"} kafka.Kafka "$CONFIG/server.properties"
}

case ${1:-} in
    install | configure | run) "$1" ;;
    wait) wait_until "Kafka at 127.0.0.1:$KAFKA_PORT" "$LOG" python3 "$NATIVE/kafka_answers.py" "$KAFKA_PORT" ;;
    # One of Kafka's own: tool org.apache.kafka.tools.ProducerPerformance --help
    tool) java_of_kafka -r -Xmx256m "${@:2}" ;;
    *) usage "install | configure | run | wait | tool CLASS [ARGUMENTS]" ;;
esac
