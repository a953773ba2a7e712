#!/usr/bin/env bash
# Harms the platform in every way of tests/faults under load, and writes what came of it into docs/reliability.md.
# About an hour; arguments go to pytest.
#
#   scripts/faults.sh
#   scripts/faults.sh -k "kill and kafka"     some rows only: printed, not written
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
./test.sh faults -- "$@"
if (($# == 0)); then
    note="Made on $(date -u +%F) by \`scripts/faults.sh\` on $(nproc) cores; 1,000 readings a second of 20 GPUs."
    .venv/bin/python tests/faults/table.py --into docs/reliability.md --note "$note"
fi
