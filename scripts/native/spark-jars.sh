#!/usr/bin/env bash
# The six jars that Spark lacks to read Kafka and write Delta. `path` prints the directory, for spark-defaults.conf.
set -eEuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

NAME=spark-jars-$SPARK_VERSION
JARS=(
    "spark-sql-kafka-0-10_2.13-$SPARK_VERSION.jar"
    "spark-token-provider-kafka-0-10_2.13-$SPARK_VERSION.jar"
    "kafka-clients-$SPARK_KAFKA_CLIENTS_VERSION.jar"
    "commons-pool2-$SPARK_COMMONS_POOL_VERSION.jar"
    "delta-spark_2.13-$DELTA_VERSION.jar"
    "delta-storage-$DELTA_VERSION.jar"
)

# Exactly these: an older Delta beside a newer one would be picked at random by the class path.
holds_the_six() {
    [[ "$(cd "$1" 2>/dev/null && printf '%s\n' *.jar | sort)" == "$(printf '%s\n' "${JARS[@]}" | sort)" ]]
}
is_cached() { holds_the_six "$CACHE/$NAME"; }

build() { jars_from_registry "$NATIVE/spark-jars.pom.xml" "$1" not-transitive && holds_the_six "$1"; }

install() {
    check_java
    if ! is_cached; then
        say "spark jars: installing into $CACHE"
        replace_in_cache "$NAME" build is_cached
    fi
    say "spark jars: $CACHE/$NAME"
}

case ${1:-} in
    install) install ;;
    path) echo "$CACHE/$NAME" ;;
    *) usage "install | path" ;;
esac
