# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# The dashboards as Grafana is given them: those of the repository, with GRAFANA_REFRESH in them.

DASHBOARDS=$RUN_DIR/grafana/dashboards

write_dashboards() {
    local refresh=${GRAFANA_REFRESH:-10s} new=$DASHBOARDS.new file
    rm -rf "$new"
    mkdir -p "$new"
    for file in dashboard/grafana/dashboards/*.json; do
        # One space before the key is the dashboard itself; one that refreshes less often than the usual stays so.
        sed "s/^ \"refresh\": \"10s\"/ \"refresh\": \"$refresh\"/" "$file" >"$new/${file##*/}"
    done
    # In place of a folder that Grafana may be watching, file by file: a mount would keep the old folder.
    mkdir -p "$DASHBOARDS"
    for file in "$DASHBOARDS"/*.json; do
        if [[ -e $file && ! -e $new/${file##*/} ]]; then rm "$file"; fi
    done
    mv "$new"/*.json "$DASHBOARDS"
    rmdir "$new"
    # Whoever started this, the user of the container reads them.
    chmod -R a+rX "$DASHBOARDS"
}
