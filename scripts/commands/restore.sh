# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/start/
# A backup becomes a new instance, which goes on from there. Nothing is changed before every file of it was checked.

source scripts/start/restore.sh
restore_options ${arguments[@]+"${arguments[@]}"}

# Pre-flight, no impact yet
source scripts/start/check-tools.sh
source scripts/start/check-machine.sh
source scripts/start/check-ports.sh
source scripts/start/verdict.sh # ends here unless everything passed
scripts/venv.sh
say "Reading the backup"
find_backup "$restore_folder"
need_an_empty_instance
take_settings # may start this anew, with the settings of the backup

# From here on things change
put_the_old_one_aside
source scripts/start/open-run-dir.sh
echo "$backup" >"$RESTORING"
source scripts/start/install.sh
step "Secrets" "$VENV/bin/dashboard" restore secrets "$backup"
source scripts/start/configure.sh
source scripts/start/observed.sh
source scripts/start/engines.sh
source scripts/start/pour.sh
rm "$RESTORING"
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
tell_differences
source scripts/start/what-next.sh
