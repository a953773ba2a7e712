#!/usr/bin/env bash
# Evaluates the detectors of anomalies on the simulator's labelled scenarios, beside two baselines, and writes the table
# into docs/anomalies.md. About a minute; no server.
#
#   scripts/evaluate-anomalies.sh [SEED]
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seed=${1:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

pairs=()
simulate() {
    local name=$1 duration=$2 interval=$3
    echo "simulating $name"
    kafka-producer simulate gpuz --scenario "$name" --duration "$duration" --interval "$interval" --seed "$seed" \
        --out "$folder/$name.txt" --labels "$folder/$name.csv"
    pairs+=(--csv "$folder/$name.txt" --labels "$folder/$name.csv")
}
simulate failing-fan 6m 1
simulate dried-paste 7h 5
simulate power-limit 50m 2
simulate stuck-sensor 80m 2
simulate single-spike 20m 1
simulate thermal-throttling 20m 1
simulate healthy-day 24h 5
# What the nightly batch would know of this card from another day.
kafka-producer simulate gpuz --scenario healthy-day --duration 24h --interval 5 --seed "$((seed + 100))" \
    --out "$folder/another-day.txt"

note="Made on $(date -u +%F) by \`scripts/evaluate-anomalies.sh $seed\` (seed $seed; an rtx-3080; its baseline from the healthy day of seed $((seed + 100)))."
spark-jobs evaluate anomalies "${pairs[@]}" --baseline "$folder/another-day.txt" --into docs/anomalies.md --note "$note"
