# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# The Python environment and the engines. Both are made once; a second start finds them in a moment.

install_grafana() { scripts/native/grafana.sh install || echo "no Grafana"; }

step "Python environment" scripts/venv.sh
step "Kafka $KAFKA_VERSION" scripts/native/kafka.sh install
step "HDFS $HADOOP_VERSION" scripts/native/hdfs.sh install
step "InfluxDB $INFLUXDB_VERSION" scripts/native/influxdb.sh install
step "PostgreSQL" scripts/native/postgres.sh install
# The only one that everything runs without.
step "Grafana $GRAFANA_VERSION, where it can be had" install_grafana
step "Spark $SPARK_VERSION's connectors" scripts/native/spark-jars.sh install
