#!/usr/bin/env bash
# Prometheus' agent that makes a page of a JVM's figures, for Kafka. `path` prints the jar.
set -eEuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

NAME=jmx-agent-$JMX_AGENT_VERSION
JAR=jmx_prometheus_javaagent-$JMX_AGENT_VERSION.jar

holds_agent() { [[ -f $1/$JAR ]]; }
is_cached() { holds_agent "$CACHE/$NAME"; }

build() { jars_from_registry "$NATIVE/jmx.pom.xml" "$1" not-transitive && holds_agent "$1"; }

install() {
    check_java
    if ! is_cached; then
        say "jmx agent: installing into $CACHE"
        replace_in_cache "$NAME" build is_cached
    fi
    say "jmx agent: $CACHE/$NAME"
}

case ${1:-} in
    install) install ;;
    path) echo "$CACHE/$NAME/$JAR" ;;
    *) usage "install | path" ;;
esac
