# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# Backups by the clock, where BACKUP_DIR says where to. Started last, and nobody waits for one.

if [[ -n ${BACKUP_DIR:-} ]]; then
    step "Backups into $BACKUP_DIR" start_programs backup-scheduler
else
    step "Backups are not made by the clock (BACKUP_DIR)" stop_programs backup-scheduler
fi
