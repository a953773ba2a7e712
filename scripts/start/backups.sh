# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# Backups by the clock, where BACKUP_DIR says where to. Started last, and nobody waits for one.

backups_run() {
    local states
    states=$(ctl status backup-scheduler) || true # 3: it does not run
    grep -qE "^backup-scheduler +(RUNNING|STARTING)" <<<"$states"
}

if [[ -n ${BACKUP_DIR:-} ]]; then
    step "Backups into $BACKUP_DIR" start_programs backup-scheduler
elif backups_run; then
    step "Backups are not made by the clock any more (BACKUP_DIR)" stop_programs backup-scheduler
fi
