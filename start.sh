#!/usr/bin/env bash
# gpustream: everything that the path of a reading needs, started, watched and stopped. ./start.sh --help says more.
# This file is a table of contents; each step is one small file that can run twice.
set -eEuo pipefail
called_from=$PWD # files named on the command line are meant from there
cd "$(dirname "${BASH_SOURCE[0]}")"

source scripts/start/terminal.sh
source scripts/start/command-line.sh
source scripts/start/environment.sh
source scripts/start/mode.sh
if [[ $mode == docker ]]; then source scripts/docker/main.sh; fi # its own table of contents; ends there
source scripts/start/supervisor.sh
source scripts/start/sub-command.sh # ends here unless the command is to start

# Pre-flight, no impact yet
source scripts/start/check-tools.sh
source scripts/start/check-machine.sh
source scripts/start/check-ports.sh
source scripts/start/verdict.sh # ends here unless everything passed

# From here on things change
source scripts/start/open-run-dir.sh
source scripts/start/install.sh
source scripts/start/configure.sh
source scripts/start/observed.sh
source scripts/start/engines.sh
source scripts/start/onboard.sh
source scripts/start/processes.sh
source scripts/start/console.sh
source scripts/start/grafana.sh
source scripts/start/gateway.sh
source scripts/start/observability.sh
source scripts/start/backups.sh
source scripts/start/history.sh
source scripts/start/seen.sh
source scripts/start/reports.sh
source scripts/start/what-next.sh
