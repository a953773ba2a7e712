#!/usr/bin/env bash
# Reads the simulated fleet that answers at HOST:PORT, by the rules that the simulator itself writes into FILE:
# scripts/collect-fleet.sh HOST:PORT FILE
set -euo pipefail
kafka-producer simulate fleet --to sources --interval 5s --listen "$1" --out "$2"
exec kafka-producer collect --config "$2" --name fleet-collector
