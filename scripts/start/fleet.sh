# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# The profile `fleet`: a simulated cluster, and a collector that reads its pages as those of a real one.

FLEET=(fleet-simulator fleet-collector)

fleet_runs() {
    local states
    states=$(ctl status "${FLEET[@]}") || true # 3: they do not run
    grep -qE "^fleet-[a-z]+ +(RUNNING|STARTING)" <<<"$states"
}

if profile_is_on fleet; then
    step "Simulated fleet, 2 nodes x 8 GPUs" start_programs "${FLEET[@]}"
elif fleet_runs; then
    step "The simulated fleet ends (no --profile fleet)" stop_programs "${FLEET[@]}"
fi
