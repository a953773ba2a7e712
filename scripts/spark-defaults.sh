#!/usr/bin/env bash
# Prints config/spark/spark-defaults.conf filled in: for the one process of native mode unless the environment says
# otherwise. JARS (folder) and SPARK_PYTHON must be set.
set -eEuo pipefail
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Two threads; a task is tried four times, as on a cluster, and not once, which is what Spark means by local[2].
sed -e "s|@MASTER@|${SPARK_MASTER:-local[2,4]}|" \
    -e "s|@HOST@|${SPARK_HOST:-127.0.0.1}|" \
    -e "s|@BIND@|${SPARK_BIND:-127.0.0.1}|" \
    -e "s|@JARS@|${JARS:?folder of the connectors}|" \
    -e "s|@PYTHON@|${SPARK_PYTHON:?the interpreter}|" \
    -e "s|@LOG4J@|$repo/config/spark/log4j2.properties|" \
    -e "s|@DRIVER_MEMORY@|${SPARK_DRIVER_MEMORY:-512m}|" \
    -e "s|@EXECUTOR_MEMORY@|${SPARK_EXECUTOR_MEMORY:-512m}|" \
    -e "s|@CORES@|${SPARK_CORES:-2}|" \
    -e "s|@REPLICATION@|${HDFS_REPLICATION:-1}|" \
    -e "s|@UI_PORT@|${SPARK_UI_PORT:-4040}|" \
    "$repo/config/spark/spark-defaults.conf"
