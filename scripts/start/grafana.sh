# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from the steps before
# Grafana, natively, where there is one: GRAFANA_HOME, or the official archive. Everything else runs without it, too.

source scripts/start/secrets.sh
source scripts/start/dashboards.sh

grafana_is_new=no
if [[ ! -f $SECRETS/grafana-password ]]; then grafana_is_new=yes; fi

start_grafana() {
    make_secret grafana-password
    local prometheus=no
    if profile_is_on observability; then prometheus=yes; fi
    write_dashboards "$prometheus"
    # What has changed it reads only when it starts.
    write_provisioning "$prometheus"
    if [[ $provisioning_is_new == yes ]]; then stop_programs grafana; fi
    scripts/native/grafana.sh configure
    start_programs grafana
    scripts/native/grafana.sh wait
}

grafana_runs=no
if scripts/native/grafana.sh where >/dev/null 2>&1; then
    step "Grafana" start_grafana
    grafana_runs=yes
fi
