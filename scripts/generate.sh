#!/usr/bin/env bash
# Makes every generated file again, or with --check says which one is stale (exit 1).
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
    --check) how=--check ;;
    "") how=--write ;;
    *) echo "usage: scripts/generate.sh [--check]" >&2 && exit 2 ;;
esac

failed=0
.venv/bin/telemetry docs "$how" docs || failed=$?
.venv/bin/dashboard grafana "$how" dashboard/grafana || failed=$?
.venv/bin/dashboard prometheus "$how" dashboard/prometheus || failed=$?
exit "$failed"
