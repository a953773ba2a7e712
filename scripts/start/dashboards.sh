# shellcheck shell=bash disable=SC2034,SC2154  # sourced; names come from the steps before
# The dashboards as Grafana is given them: those of the repository, with GRAFANA_REFRESH in them; and what it is told of
# data sources and folders. Those of Prometheus only where it runs: a page whose source is away is a broken page.

GRAFANA_FILES=$RUN_DIR/grafana

write_dashboards() { # PROMETHEUS, yes or no
    write_pages dashboards dashboard/grafana/dashboards/*.json
    if [[ ${1:-no} == yes ]]; then write_pages prometheus dashboard/grafana/prometheus/*.json; else write_pages prometheus; fi
}

write_pages() { # FOLDER FILE...
    local refresh=${GRAFANA_REFRESH:-10s} folder=$GRAFANA_FILES/$1 new=$GRAFANA_FILES/$1.new file
    rm -rf "$new"
    mkdir -p "$new" "$folder"
    for file in "${@:2}"; do
        # One space before the key is the dashboard itself; one that refreshes less often than the usual stays so.
        sed "s/^ \"refresh\": \"10s\"/ \"refresh\": \"$refresh\"/" "$file" >"$new/${file##*/}"
    done
    # In place of a folder that Grafana may be watching, file by file: a mount would keep the old folder.
    for file in "$folder"/*.json; do
        if [[ -e $file && ! -e $new/${file##*/} ]]; then rm "$file"; fi
    done
    for file in "$new"/*.json; do
        if [[ -e $file ]]; then mv "$file" "$folder"; fi
    done
    rmdir "$new"
    # Whoever started this, the user of the container reads them.
    chmod -R a+rX "$folder"
}

# What Grafana reads once, when it starts. provisioning_is_new says whether one that runs must start again.
write_provisioning() { # PROMETHEUS, yes or no
    local folder=$GRAFANA_FILES/provisioning how=off
    if [[ ${1:-no} == yes ]]; then how=on; fi
    rm -rf "$folder.new"
    mkdir -p "$GRAFANA_FILES"
    cp -R dashboard/grafana/provisioning "$folder.new"
    cp -R dashboard/grafana/observability/$how/. "$folder.new"
    chmod -R a+rX "$folder.new"
    provisioning_is_new=yes
    if diff -rq "$folder" "$folder.new" >/dev/null 2>&1; then provisioning_is_new=no; fi
    rm -rf "$folder"
    mv "$folder.new" "$folder"
}
