# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/start/
# Switches the demonstration GPU; the choice outlives restarts.

choice=${arguments[0]:-}
if [[ ${#arguments[@]} -ne 1 || ! $choice =~ ^(on|off)$ ]]; then
    fail "demo" "${arguments[*]:-nothing}" "on or off" "./start.sh demo on"
fi
run_dir_is_ours || fail "GPUSTREAM_RUN_DIR" "$RUN_DIR holds files that are not ours" "an empty or a new folder" "name another one"
claim_run_dir
echo "$choice" >"$STATE_DIR/demo"
if ! supervisor_runs; then
    say "The demonstration is $choice from the next ./start.sh."
elif [[ $choice == on ]]; then
    start_programs demo
    say "The demonstration runs: demo-01:0, whose fan fails every six minutes."
else
    stop_programs demo
    say "The demonstration is off; what it recorded stays."
fi
