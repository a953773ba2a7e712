#!/usr/bin/env bash
# Spark without Docker is the pyspark of .venv; this lays its configuration where spark-submit looks without flags.
set -eEuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

configure() {
    local jars python target
    python=$REPO/.venv/bin/python
    [[ -x $python ]] || fail "no Python environment" "no $python" "the venv" "scripts/venv.sh"
    jars=$("$NATIVE/spark-jars.sh" path)
    target=$("$python" -c 'import pyspark; print(pyspark.__path__[0])')/conf
    mkdir -p "$target"
    JARS=$jars SPARK_PYTHON=$python "$REPO/scripts/spark-defaults.sh" >"$target/.spark-defaults.conf"
    mv "$target/.spark-defaults.conf" "$target/spark-defaults.conf"
}

case ${1:-} in
    configure) configure ;;
    *) usage "configure" ;;
esac
