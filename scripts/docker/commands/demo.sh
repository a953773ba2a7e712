# shellcheck shell=bash disable=SC2154  # sourced by start.sh; names come from scripts/
# Switches the demonstration GPU; the choice outlives restarts.

choice=${arguments[0]:-}
if [[ ${#arguments[@]} -ne 1 || ! $choice =~ ^(on|off)$ ]]; then
    fail "demo" "${arguments[*]:-nothing}" "on or off" "./start.sh demo on"
fi
claim_run_dir
echo "$choice" >"$STATE_DIR/demo"
if ! docker_answers || ! supervisor_runs; then
    say "The demonstration is $choice from the next ./start.sh."
elif [[ $choice == on ]]; then
    compose up --detach --no-build --no-deps demo
    say "The demonstration runs: demo-01:0, whose fan fails every six minutes."
else
    compose stop demo
    say "The demonstration is off; what it recorded stays."
fi
