# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# A backup into engines that run, and before anything else does.

make_owner() { "$VENV/bin/kafka-consumers" influxdb-setup; } # whose token may put everything back

make_tables() { # those of the backup's version; the engine brings them up to this one's
    if [[ $backup_migration != - ]]; then "$VENV/bin/kafka-consumers" alerts --migrate "$backup_migration"; fi
}

pour() { "$VENV/bin/dashboard" restore stores "$backup"; }

# It has new files under it.
restart_influxdb() {
    ctl restart influxdb
    scripts/native/influxdb.sh wait
}

step "InfluxDB's owner, PostgreSQL's tables" eval "make_owner && make_tables"
step "Stores and Kafka, as they were" pour
step "InfluxDB opens what it has got" restart_influxdb
