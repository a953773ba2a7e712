#!/usr/bin/env bash
# As the official image does: every KAFKA_* variable but those of the launcher becomes a property (_ is a dot, __ an
# underscore), the storage is formatted once, and Kafka takes this process's place.
set -eEuo pipefail

properties=/tmp/server.properties
: >"$properties"
while IFS='=' read -r name value; do
    case $name in
        KAFKA_HEAP_OPTS | KAFKA_OPTS | KAFKA_JVM_PERFORMANCE_OPTS) continue ;;
        KAFKA_*) ;;
        *) continue ;;
    esac
    name=${name#KAFKA_}
    name=${name,,}
    name=${name//__/$'\1'}
    name=${name//_/.}
    printf '%s=%s\n' "${name//$'\1'/_}" "$value" >>"$properties"
done < <(env)

java=(java -XX:+UseSerialGC -Dlog4j2.configurationFile=/etc/kafka/docker/log4j2.properties -cp '/opt/kafka/libs/*')
"${java[@]}" -Xmx128m kafka.tools.StorageTool format --ignore-formatted --cluster-id "${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}" \
    --config "$properties"
# shellcheck disable=SC2086  # words
exec "${java[@]}" ${KAFKA_HEAP_OPTS:--Xmx1G} ${KAFKA_OPTS:-} kafka.Kafka "$properties"
