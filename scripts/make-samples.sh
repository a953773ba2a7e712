#!/usr/bin/env bash
# Makes data/samples/ again, byte for byte; a unit test checks that what is committed is what this makes.
set -eEuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

exec .venv/bin/python -m kafka_producer.simulate.samples "${1:-data/samples}"
