# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from the steps before
# What the engines need once: InfluxDB its owner and buckets, Kafka its topics, HDFS its folders. Again is harmless.

onboard_influxdb() { "$VENV/bin/kafka-consumers" influxdb-setup; }

make_topics() { "$VENV/bin/kafka-producer" topics; }

make_folders() {
    local folder answer
    for folder in "${LAKE_PATH:-/gpu-metrics}" "${REPORTS_PATH:-/gpu-analytics}"; do
        answer=$(curl -sS --max-time 30 -X PUT \
            "http://127.0.0.1:$HDFS_PORT/webhdfs/v1$folder?op=MKDIRS&user.name=$(id -un)")
        [[ $answer == *'"boolean":true'* ]] || { echo "HDFS did not make $folder: $answer" && return 1; }
        echo "hdfs: $folder is there"
    done
}

onboard() {
    local each waiting=() status=0
    for each in onboard_influxdb make_topics make_folders; do
        "$each" &
        waiting+=($!)
    done
    for each in "${waiting[@]}"; do wait "$each" || status=1; done
    if ((status == 0)); then touch "$STATE_DIR/onboarded"; fi
    return "$status"
}

first_time=no
if [[ ! -f $STATE_DIR/onboarded ]]; then first_time=yes; fi
step "Buckets, topics and folders" onboard
