# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from the steps before
# How the platform runs: in containers where a Docker engine answers, else as processes. An instance stays what it was
# started as, because its data are there; --native, --docker and GPUSTREAM_MODE decide otherwise.

docker_answers() { type -P docker >/dev/null && docker info >/dev/null 2>&1; }

MODE_RECORD=$RUN_DIR/mode
mode=${forced_mode:-${GPUSTREAM_MODE:-}}
if [[ -z $mode && -f $MODE_RECORD ]]; then mode=$(<"$MODE_RECORD"); fi
if [[ -z $mode ]]; then
    mode=native
    if docker_answers; then mode=docker; fi
fi
if [[ ! $mode =~ ^(native|docker)$ ]]; then
    fail "GPUSTREAM_MODE" "'$mode'" "native or docker, or nothing" "set it in .env"
fi
if [[ $command == start && -f $MODE_RECORD && $mode != "$(<"$MODE_RECORD")" ]]; then
    warn "this instance was started with --$(<"$MODE_RECORD") before; what that recorded stays there and is not seen from here"
fi
