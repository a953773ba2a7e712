# shellcheck shell=bash  # sourced by start.sh; names come from scripts/start/
# The table of contents of ./start.sh where a Docker engine runs the platform (docker-compose.yml).

source scripts/docker/compose.sh
source scripts/docker/sub-command.sh # ends here unless the command is to start

# Pre-flight, no impact yet
source scripts/docker/check-engine.sh
source scripts/docker/check-machine.sh
source scripts/start/verdict.sh # ends here unless everything passed

# From here on things change
source scripts/start/open-run-dir.sh
source scripts/docker/settings.sh
source scripts/docker/grafana.sh
source scripts/docker/observability.sh
source scripts/docker/up.sh
source scripts/docker/history.sh
source scripts/start/what-next.sh
exit 0
