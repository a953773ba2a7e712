# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/
# What runs, how far behind, how fresh. Exit 1 when something is wrong. The engine is asked here; its socket is mounted
# nowhere.

need_engine
if [[ ${arguments[0]:-} == logs ]]; then
    in_new_container --no-deps demo kafka-producer status "${arguments[@]:1}"
    exit 0
fi
mapfile -t ids < <(compose ps --all --quiet)
if ((${#ids[@]} == 0)); then
    say "gpustream is not running."
    say "  do: ./start.sh"
    exit 1
fi
said=$(mktemp "${TMPDIR:-/tmp}/gpustream-status.XXXXXX")
trap 'rm -f "$said"' EXIT
{
    printf '{"inspect": '
    docker inspect "${ids[@]}"
    printf ', "stats": ['
    docker stats --no-stream --format '{{json .}}' "${ids[@]}" | paste -sd , -
    printf ']}'
} >"$said"
trap - ERR # 1 says that something is wrong, not that this failed
set +e
in_new_container --no-deps tools dashboard status --containers - "${arguments[@]}" <"$said"
exit $?
