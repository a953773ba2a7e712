# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# Settings and catalogue are judged before any process reads them; then what each engine needs to start.

configure_engines() {
    scripts/native/kafka.sh configure
    scripts/native/hdfs.sh configure
    scripts/native/influxdb.sh configure
    scripts/native/postgres.sh configure
    scripts/native/spark.sh configure
}

step "Settings and catalogue" "$VENV/bin/telemetry" check
step "Alert rules" "$VENV/bin/kafka-consumers" alerts --check
step "Configuration of the engines" configure_engines
