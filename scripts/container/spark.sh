#!/usr/bin/env bash
# The roles of the Spark image: master | worker | stream | anything else as it stands (spark-submit ..., bash).
# The connectors' jars and the configuration are laid out here, so that `docker compose exec` needs no flag either.
set -eEuo pipefail
cd /app

JARS=$(GPUSTREAM_CACHE=/opt/gpustream scripts/native/spark-jars.sh path)
export JARS SPARK_PYTHON=/usr/local/bin/python
SPARK_HOST=$(hostname)
export SPARK_HOST SPARK_BIND=0.0.0.0 SPARK_MASTER=spark://spark-master:7077
mkdir -p "$SPARK_CONF_DIR" /tmp/spark-work
scripts/spark-defaults.sh >"$SPARK_CONF_DIR/spark-defaults.conf"

SPARK_HOME=$(python -c 'import pyspark; print(pyspark.__path__[0])')
export SPARK_HOME
# Master and worker only hand out work.
export SPARK_DAEMON_MEMORY=128m SPARK_DAEMON_JAVA_OPTS="-XX:+UseSerialGC -Dlog4j2.configurationFile=/app/config/spark/log4j2.properties"
deploy=org.apache.spark.deploy

case ${1:-} in
    master) exec "$SPARK_HOME/bin/spark-class" $deploy.master.Master --host "$SPARK_HOST" --port 7077 --webui-port 8080 ;;
    worker)
        exec "$SPARK_HOME/bin/spark-class" $deploy.worker.Worker --host "$SPARK_HOST" --webui-port 8081 \
            --work-dir /tmp/spark-work --cores "${SPARK_WORKER_CORES:-4}" --memory "${SPARK_WORKER_MEMORY:-1g}" "$SPARK_MASTER"
        ;;
    stream) exec python spark-jobs/streaming_processor.py ;;
    *) exec "$@" ;;
esac
