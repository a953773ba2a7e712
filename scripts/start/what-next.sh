# shellcheck shell=bash disable=SC2154  # sourced; names come from the steps before
# What there is to look at, and what to type next.

say ""
say "${BOLD}gpustream runs${PLAIN} (mode: $mode, ready after $(seconds_since "$start_began"))"
say ""
say "  Look at     Console          http://127.0.0.1:$CONSOLE_PORT"
if [[ $mode == native ]] && gateway_is_on; then
    say "              the same, from   $(gateway_address "${GATEWAY_NAME:-}") (docs/gateway.md)"
    if [[ $grafana_runs == yes ]]; then say "              Grafana          $(gateway_address "${GATEWAY_NAME:-}")/grafana/"; fi
elif [[ $grafana_runs == yes ]]; then
    say "              Grafana          http://127.0.0.1:$GRAFANA_PORT"
fi
say "              Spark's stream   http://127.0.0.1:$SPARK_UI_PORT"
if [[ $mode == docker ]]; then say "              Spark's master   http://127.0.0.1:$SPARK_PORT"; fi
say "              HDFS             http://127.0.0.1:$HDFS_PORT/explorer.html#${LAKE_PATH:-/gpu-metrics}"
say "              InfluxDB         http://127.0.0.1:$INFLUXDB_PORT"
say "              REST API         http://127.0.0.1:$CONSOLE_PORT/api/v1/openapi.json (docs/api.md; tokens in ${SECRETS#"$REPO/"})"
if profile_is_on fleet && [[ $mode == native ]]; then
    say "              Simulated fleet  http://127.0.0.1:$FLEET_PORT (docs/recipes/fleet.md)"
fi
if profile_is_on observability; then
    say "              Prometheus       http://127.0.0.1:$PROMETHEUS_PORT, Alertmanager http://127.0.0.1:$ALERTMANAGER_PORT (docs/prometheus.md)"
fi
if [[ $mode == docker ]] && gateway_is_on; then warn "GATEWAY=on is for native mode yet: no gateway was started"; fi
if [[ $grafana_runs == no && $mode == docker ]]; then
    warn "no Grafana: its image is not here and could not be pulled; docker pull $GRAFANA_IMAGE, then ./start.sh"
elif [[ $grafana_runs == no ]]; then
    warn "no Grafana: set GRAFANA_HOME in .env to the folder of an unpacked Grafana 12 (https://grafana.com/grafana/download), then ./start.sh"
fi
# To the terminal only, as every secret: whoever has the link is in.
printf '  %sSign in     to the console by %s%s\n' "$YELLOW" "$(console_link)" "$PLAIN"
printf '              (good once, for 15 minutes; ./start.sh login makes another)\n'
if [[ $first_time == yes && -f $SECRETS/influxdb-password ]]; then
    # To the terminal only: not into the log.
    printf '  %sSign in     to InfluxDB as operator with %s%s\n' "$YELLOW" "$(<"$SECRETS/influxdb-password")" "$PLAIN"
    printf '              (shown this once; kept in %s)\n' "${SECRETS#"$REPO/"}/influxdb-password"
fi
if [[ $grafana_runs == yes && $grafana_is_new == yes ]]; then
    printf '  %sSign in     to Grafana as admin with %s%s\n' "$YELLOW" "$(<"$SECRETS/grafana-password")" "$PLAIN"
    printf '              (shown this once; kept in %s)\n' "${SECRETS#"$REPO/"}/grafana-password"
fi
say ""
say "  Type next   ./start.sh status"
say "              ./start.sh replay \"GPU-Z Sensor Log.txt\" --time original --gpu my-pc:0"
say "              ./start.sh report data/samples/demo-failing-fan.txt"
say "              ./start.sh report --html report.html"
say "              ./start.sh submit batch --date $(TZ=${REPORT_TIMEZONE:-UTC} date +%F)"
say "              ./start.sh stop"
