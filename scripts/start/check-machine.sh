# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# Memory, disk, and the folder that everything goes into.

MEMORY_NEEDED_MB=3000 # all of native mode; docs/performance.md has the measurement (first-minutes)
DISK_NEEDED_FIRST_MB=6000 DISK_NEEDED_MB=2000

already_running=no
if supervisor_runs; then already_running=yes; fi

available_memory_mb() { # what a new process may take: of the machine, and of the container that we may be in
    local free limit used
    if [[ -r /proc/meminfo ]]; then
        free=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)
    else
        free=$(($(sysctl -n hw.memsize) / 1048576))
    fi
    if limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null) && [[ $limit != max ]]; then
        used=$(cat /sys/fs/cgroup/memory.current)
        limit=$(((limit - used) / 1048576))
        if ((limit < free)); then free=$limit; fi
    fi
    echo "$free"
}

check_memory() {
    if [[ $already_running == yes ]]; then return; fi
    local free
    free=$(available_memory_mb)
    if ((free < MEMORY_NEEDED_MB)); then
        failed "memory" "$free MB free" "$MEMORY_NEEDED_MB MB" "end something, or use a larger machine"
    else
        passed "memory: $free MB free"
    fi
}

existing_parent() { # the part of a path that is there already
    local path=$1
    until [[ -e $path ]]; do path=$(dirname "$path"); done
    echo "$path"
}

check_disk() {
    local place free needed=$DISK_NEEDED_MB
    if [[ ! -x $VENV/bin/dashboard || ! -d $CACHE ]]; then needed=$DISK_NEEDED_FIRST_MB; fi
    for place in "$RUN_DIR" "$CACHE"; do
        free=$(df -Pm "$(existing_parent "$place")" | awk 'NR == 2 {print $4}')
        if ((free < needed)); then
            failed "disk below $place" "$free MB free" "$needed MB" "free some space, or set GPUSTREAM_RUN_DIR or GPUSTREAM_CACHE to another disk"
        else
            passed "disk: $free MB free below $place"
        fi
    done
}

check_run_dir() {
    local parent
    parent=$(existing_parent "$RUN_DIR")
    if [[ -e $RUN_DIR && ! -d $RUN_DIR ]]; then
        failed "GPUSTREAM_RUN_DIR" "$RUN_DIR is no folder" "a folder, or nothing" "name another one"
    elif [[ ! -w $parent ]]; then
        failed "GPUSTREAM_RUN_DIR" "$parent cannot be written" "a folder of yours" "set GPUSTREAM_RUN_DIR, or mend its owner: ls -ld $parent"
    elif ! run_dir_is_ours; then
        failed "GPUSTREAM_RUN_DIR" "$RUN_DIR holds files that are not ours" "an empty or a new folder" "name another one"
    elif ((${#RUN_DIR} > 85)); then
        # The system's limit for the name of a socket is 108 characters, and supervisord adds a suffix of its own.
        failed "GPUSTREAM_RUN_DIR" "a path of ${#RUN_DIR} characters" "85 at most (a socket's name is short)" "set GPUSTREAM_RUN_DIR to a shorter path"
    fi
}

check_history() {
    if [[ ! $DEMO_HISTORY_HOURS =~ ^[0-9]{1,3}$ ]]; then
        failed "DEMO_HISTORY_HOURS" "'$DEMO_HISTORY_HOURS'" "whole hours from 0 to 999" "set it in .env"
    fi
}

check_history
check_memory
check_disk
check_run_dir
