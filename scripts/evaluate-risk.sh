#!/usr/bin/env bash
# Evaluates the model of failures on a simulated fleet whose faults are known, beside two baselines, and writes the
# tables into docs/risk.md. Some five minutes; no server, no Spark.
#
#   scripts/evaluate-risk.sh [SEED]
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seed=${1:-7}
nodes=16 gpus=8 hours=48 rates=1000
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Drawn by the published rates come what breaks at once, and memory. What wears out slowly is added here: its GPU, its
# time and its length by chance. A GPU of a story has a job that never ends, so as many others have one, too, whose
# fault would come after the end: or a model could learn from the job.
RANDOM=$seed
declare -A taken=()
declare -a faults=()
add() { # KIND BEGIN-IN-MINUTES [LENGTH]
    local node gpu
    while :; do
        node=$((RANDOM % nodes + 1)) gpu=$((RANDOM % gpus))
        [[ -n ${taken[$node:$gpu]:-} ]] || break
    done
    taken[$node:$gpu]=yes
    faults+=(--fault "$1:node-$node:$gpu@${2}m${3:+"+$3"}")
}
for _ in {1..16}; do
    for kind in fan-wear paste; do add "$kind" $((RANDOM % ((hours - 2) * 60) + 30)) 4h; done
done
for _ in {1..6}; do
    for kind in pcie fan; do add "$kind" $((RANDOM % ((hours - 2) * 60) + 30)) 4h; done
done
for _ in {1..24}; do add paste $(((hours + 100) * 60)); done

echo "simulating $nodes nodes for $hours h"
kafka-producer simulate fleet --to csv --nodes "$nodes" --gpus "$gpus" --model a100 --model h100 --tick 5 --interval 60s \
    --duration "${hours}h" --rates "$rates" --seed "$seed" "${faults[@]}" --out "$folder/fleet.csv" --truth "$folder/truth.csv"

note="Made on $(date -u +%F) by \`scripts/evaluate-risk.sh $seed\` (seed $seed; $nodes nodes x $gpus GPUs, A100 and H100, for $hours h; drawn faults at $rates times the published rates)."
spark-jobs evaluate risk --csv "$folder/fleet.csv" --truth "$folder/truth.csv" --harm paste=1h --harm fan-wear=1h --harm ecc=10m \
    --step 5m --horizon 1h --budget 20 --budget 100 --into docs/risk.md --note "$note"
