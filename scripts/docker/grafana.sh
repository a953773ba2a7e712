# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from the steps before
# Grafana is the profile `grafana`: on where its image is there or can be pulled. Everything else runs without it, too.

source scripts/start/dashboards.sh

GRAFANA_IMAGE=$(compose --profile grafana config --images grafana | grep grafana/)

find_grafana() {
    docker image inspect "$GRAFANA_IMAGE" >/dev/null 2>&1 && return
    # Not for ever: a registry that does not answer must not keep the rest from starting.
    timeout 600 docker pull --quiet "$GRAFANA_IMAGE" || echo "no Grafana"
}

step "Image of Grafana" find_grafana
grafana_runs=no
if docker image inspect "$GRAFANA_IMAGE" >/dev/null 2>&1; then grafana_runs=yes; fi
choose_profiles "$grafana_runs"
add_profiles
# Mounted into the container of Grafana, so it must be there, and ours, before Docker makes it as root.
give_grafana_its_files() {
    local prometheus=no
    if profile_is_on observability; then prometheus=yes; fi
    write_dashboards "$prometheus"
    # What has changed it reads only when it starts; up.sh makes its container anew.
    write_provisioning "$prometheus"
    if [[ $provisioning_is_new == yes ]]; then compose --profile grafana rm --stop --force grafana; fi
}

step "Dashboards" give_grafana_its_files
