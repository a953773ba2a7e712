# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from the steps before
# Who our containers run as, and the secrets that they read: both stand where `docker compose` alone finds them, too.

source scripts/docker/env-file.sh

write_settings() {
    local uid gid
    uid=$(id -u) gid=$(id -g)
    # Never root: then it is the number that the images have by themselves.
    if ((uid == 0)); then uid=10001 gid=10001; fi
    put_setting GPUSTREAM_UID "$uid"
    put_setting GPUSTREAM_GID "$gid"
}

source scripts/start/secrets.sh

# Generated once; the setup of InfluxDB takes what is there.
write_secrets() {
    local name
    for name in influxdb-token influxdb-password grafana-password postgres-password "${CONSOLE_SECRETS[@]}"; do
        make_secret "$name"
        if ((EUID == 0)); then chown "$GPUSTREAM_UID:$GPUSTREAM_GID" "$SECRETS/$name"; fi
    done
}

first_time=no grafana_is_new=no
if [[ ! -f $SECRETS/grafana-password ]]; then grafana_is_new=yes; fi
if [[ ! -f $SECRETS/influxdb-token ]]; then first_time=yes; fi
# Not in a step of its own, which would run in another process: later steps read what it exports.
write_settings
write_environment "$RUN_DIR/environment"
step "Secrets" write_secrets
echo docker >"$MODE_RECORD"
