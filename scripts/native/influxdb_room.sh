# shellcheck shell=bash disable=SC2154  # sourced by influxdb.sh; INFLUXDB_DATA_DIR comes from settings.sh
# What influxd needs after its disk was full. A shard that it could not make then it never opens again, and a segment of
# its log that it could not begin it never writes to again, whatever room there is, until it is started anew. Every write
# fails meanwhile.

ROOM_MB=200

# Passes on what influxd says; when that tells of a full disk, ends influxd once there is room. Whoever keeps it
# (supervisord) starts it again. Reads to the end: influxd must never wait for us.
pass_on_and_watch() { # PID of influxd
    local line waiting=
    while IFS= read -r line; do
        printf '%s\n' "$line"
        if [[ -z $waiting && $line == *"no space left on device"* ]]; then
            waiting=yes
            end_with_room "$1" &
        fi
    done
}

end_with_room() { # PID
    while (($(free_mb) < ROOM_MB)); do
        if ! kill -0 "$1" 2>/dev/null; then return; fi
        sleep 2
    done
    echo "influxdb: its disk was full and has room again; influxd is ended to be started anew, or it would not write on"
    kill -INT "$1"
}

free_mb() { df --output=avail -m "$INFLUXDB_DATA_DIR" | tail -n 1; }
