# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from the steps before
# Images, then containers, then waiting until each says that it is well, with a line of who is not yet.

build_images() { compose --profile tools build; }

pull_images() { # what is not built here; one that is there already is not asked for again
    local image
    for image in $(compose config --images | sort -u | grep -v '^gpustream/'); do
        if docker image inspect "$image" >/dev/null 2>&1; then continue; fi
        echo "pulling $image"
        docker pull --quiet "$image"
    done
}

start_containers() {
    local services
    # A profile that is off is none of the services: what ran of it before would run on.
    if ! fleet_is_on; then compose --profile fleet rm --stop --force fleet-simulator fleet-collector; fi
    if ! profile_is_on observability; then compose --profile observability rm --stop --force "${OBSERVERS[@]}"; fi
    mapfile -t services < <(expected_services)
    # Ends when everything is started, which is not when all is well; and a container that was slow is no failure yet.
    compose up --detach --no-build --remove-orphans "${services[@]}" || echo "not all could be started at once"
    wait_for_health "${services[@]}"
    # What they read may be new: another profile may have begun or ended.
    if profile_is_on observability; then compose kill --signal HUP prometheus alertmanager; fi
}

state_of() { # SERVICE: "running healthy", "exited 0", "absent", ... a line per container
    local format='{{.State.Status}}' id
    format+=' {{if eq .State.Status "exited"}}{{.State.ExitCode}}{{else if .State.Health}}{{.State.Health.Status}}{{end}}'
    for id in $(compose ps --all --quiet "$1" | grep . || echo absent); do
        docker inspect --format "$format" "$id" 2>/dev/null || echo absent
    done
}

not_well() { # SERVICE...: "name (state)" of those that are not well yet
    local service state wanted
    for service in "$@"; do
        wanted="running healthy"
        if [[ " ${ONCE[*]} " == *" $service "* ]]; then wanted="exited 0"; fi
        while read -r state; do
            if [[ $state != "$wanted" ]]; then echo "$service ($state)"; fi
        done < <(state_of "$service")
    done
}

wait_for_health() { # SERVICE...
    local began=$SECONDS left said='' asked=$SECONDS
    while :; do
        mapfile -t left < <(not_well "$@")
        if ((${#left[@]} == 0)); then break; fi
        if [[ ${left[*]} != "$said" ]]; then
            said=${left[*]}
            echo "$(($# - ${#left[@]})) of $# are well; waiting for $(printf '%s\n' "${left[@]}" | paste -sd , - | sed 's/,/, /g')"
        fi
        # What was not started because another was slow is started now.
        if [[ $said == *"(created"* || $said == *"(absent"* ]] && ((SECONDS - asked > 20)); then
            asked=$SECONDS
            compose up --detach --no-build --no-recreate "$@" || true
        fi
        if ((SECONDS - began > 2 * GPUSTREAM_WAIT_SECONDS)); then
            compose logs --tail 5 2>&1 | cut -c 1-200
            echo "not well after $((SECONDS - began)) s: $said"
            return 1
        fi
        sleep 1
    done
    echo "all $# are well"
}

we_started_supervisor=no
if ! supervisor_runs; then we_started_supervisor=yes; fi
step "Images of the engines" pull_images
step "Our images" build_images
step "Containers are healthy" start_containers
