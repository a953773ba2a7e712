# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from the steps before
# What ./start.sh restore was asked for, and what it looks at before anything changes.

restore_usage() {
    cat <<'HELP'
usage: ./start.sh restore DIR [--yes]

Makes an instance of a backup: DIR is one, or a folder of several, of which the newest is taken. Every file is checked
against its checksum first. Then the engines are started, everything is put back, and all processes go on from there.

  --yes   also where something is recorded already: that is put aside, never deleted

Settings come from .env; without one, from the backup. config/ stays as it is here; files that differ are named.
Stop the instance that the backup is of: two of them would both tell people of the same alerts.

examples:
  ./start.sh restore /mnt/disk/backups
  ./start.sh restore /mnt/disk/backups/gpustream-20261127T031000Z
  GPUSTREAM_RUN_DIR=.run2 KAFKA_PORT=19092 ... ./start.sh restore /mnt/disk/backups    beside this one
HELP
}

restore_folder='' restore_yes=no

restore_options() {
    while (($#)); do
        case $1 in
            -h | --help) restore_usage && exit 0 ;;
            -y | --yes) restore_yes=yes ;;
            -*) fail "restore" "$1" "./start.sh restore DIR [--yes]" "./start.sh restore --help" ;;
            *)
                if [[ -n $restore_folder ]]; then fail "restore" "a second folder, $1" "one" "./start.sh restore --help"; fi
                restore_folder=$(from_caller "$1")
                ;;
        esac
        shift
    done
    if [[ -z $restore_folder ]]; then fail "restore" "no folder" "that of a backup" "./start.sh restore --help"; fi
}

find_backup() { # DIR: sets backup and backup_migration, or ends
    local found status=0
    if [[ ${GPUSTREAM_RESTORE_CHECKED:-} == "$1"$'\t'* ]]; then
        found=${GPUSTREAM_RESTORE_CHECKED#*$'\t'}
    else
        found=$("$VENV/bin/dashboard" restore check "$1") || status=$?
    fi
    if ((status)); then
        say "Nothing was changed."
        exit "$status"
    fi
    backup=${found% *} backup_migration=${found##* }
    export GPUSTREAM_RESTORE_CHECKED=$1$'\t'$found
    say "  ${GREEN}ok${PLAIN}    $backup: every file is as it was written"
}

is_recorded() { [[ -f $RUN_DIR/restoring || -d $RUN_DIR/data || -f $STATE_DIR/producer.sqlite || -f $STATE_DIR/onboarded ]]; }

need_an_empty_instance() {
    if is_recorded && [[ $restore_yes == no ]]; then
        fail "restore" "an instance in $RUN_DIR" "none: a backup becomes a new one" \
            "GPUSTREAM_RUN_DIR for a second one, or --yes: that one is stopped and put aside"
    fi
    run_dir_is_ours || fail "GPUSTREAM_RUN_DIR" "$RUN_DIR holds files that are not ours" "an empty or a new folder" "name another one"
    if is_recorded && [[ $STATE_DIR/ != "$RUN_DIR"/* ]]; then
        fail "STATE_DIR" "$STATE_DIR, outside of $RUN_DIR" "an empty folder" "move what is in it away"
    fi
}

# A clone has no .env: then the settings of the backup hold, from the very first line of start.sh on.
take_settings() {
    if [[ -e .env || ! -f $backup/environment/env ]]; then return; fi
    say "  .env is that of the backup"
    cp "$backup/environment/env" .env.new
    mv .env.new .env
    cd "$called_from" || exit
    exec "$REPO/start.sh" restore "${arguments[@]}"
}

# A start must not take half of a restore for an instance.
RESTORING=$RUN_DIR/restoring

put_the_old_one_aside() {
    if ! is_recorded; then return; fi
    local aside
    aside=$RUN_DIR.before-$(date -u +%Y%m%dT%H%M%SZ)
    say "Stopping what runs in $RUN_DIR"
    stop_everything >/dev/null
    mv "$RUN_DIR" "$aside"
    say "  what was recorded is now in $aside; delete it when you miss nothing"
}

tell_differences() {
    local path
    for path in $("$VENV/bin/dashboard" restore differences "$backup"); do
        warn "not as in the backup, and left alone: ${path/#environment\/env/.env}; to take it: cp '$backup/$path' '${path/#environment\/env/.env}'"
    done
}
