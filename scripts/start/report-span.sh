# shellcheck shell=bash disable=SC2154  # sourced; names come from environment.sh
# The options of the batch for the dates that the simulated history touches, in the zone of the reports.

report_span() {
    local zone=${REPORT_TIMEZONE:-UTC}
    echo "--from $(TZ=$zone date -d "$DEMO_HISTORY_HOURS hours ago" +%F) --to $(TZ=$zone date +%F)"
}
