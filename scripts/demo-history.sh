#!/usr/bin/env bash
# demo-history.sh FOLDER HOURS: a simulated past of two demonstration GPUs, up to now, sent to Kafka. The live
# demonstration goes on from it. Killed in between and run again, it goes on where it was: written logs stay, and the
# producer remembers what it sent.
set -eEuo pipefail

folder=$1 hours=$2
# GPU, card, seed. demo-01:0 goes on live, so its card is that of data/samples/demo-failing-fan.txt.
gpus=("demo-01:0 rtx-3080 1" "demo-01:1 rtx-4090 2")

mkdir -p "$folder"
for each in "${gpus[@]}"; do
    read -r gpu card seed <<<"$each"
    file=$folder/${gpu/:/-}.txt
    if [[ ! -f $file ]]; then
        echo "writing $hours h of a $card"
        kafka-producer simulate gpuz --scenario day --card "$card" --duration "${hours}h" --interval 5 --seed "$seed" \
            --out "$file.new"
        mv "$file.new" "$file"
    fi
done
for each in "${gpus[@]}"; do
    gpu=${each%% *}
    kafka-producer replay "$folder/${gpu/:/-}.txt" --time now --speed max --gpu "$gpu"
done
