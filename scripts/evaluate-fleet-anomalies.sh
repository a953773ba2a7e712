#!/usr/bin/env bash
# Evaluates the detectors of anomalies on a simulated cluster of GPUs with labelled faults, beside two baselines, and
# writes the table into docs/anomalies.md. Some three minutes; no server.
#
#   scripts/evaluate-fleet-anomalies.sh [SEED]
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seed=${1:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

pairs=()
simulate() { # NAME OPTION...
    local name=$1
    shift
    echo "simulating $name"
    kafka-producer simulate fleet --to csv --duration 5h --interval 10s --tick 5 --rates 0 --seed "$seed" "$@" \
        --out "$folder/$name.csv" --labels "$folder/$name.labels.csv"
    pairs+=(--csv "$folder/$name.csv" --labels "$folder/$name.labels.csv")
}
simulate fan-failing --scenario fan-failing
simulate silent-degradation --fault fan-wear:node-1:1@1h --fault paste:node-2:2@1h --fault pcie:node-2:5@1h
simulate healthy-fleet
# What the nightly batch would know of these GPUs from before.
kafka-producer simulate fleet --to csv --duration 8h --interval 10s --tick 5 --rates 0 --seed "$seed" --out "$folder/before.csv"

note="Made on $(date -u +%F) by \`scripts/evaluate-fleet-anomalies.sh $seed\` (seed $seed; 16 A100, five hours a series)."
spark-jobs evaluate anomalies "${pairs[@]}" --baseline "$folder/before.csv" --into docs/anomalies.md \
    --mark fleet-anomalies --note "$note"
