"""Services: our own processes, the API, and the alerts that fire; the servers under them (services_servers)."""

from __future__ import annotations

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.dashboard import Row
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboard.grafana import fields, promql_panels, promql_variables, services_servers
from dashboard.grafana.page import Uid, built, page
from dashboard.grafana.pipeline import LAG
from dashboard.grafana.promql import rate
from dashboard.grafana.promql_panels import PER_SECOND, Graph, Tile
from dashboard.prometheus.platform_rules import ERRORS, P95, P99, READINGS
from telemetry.catalogue import Catalogue, Limits

PROCESS = "{{process}}"
_ALERTS = 'ALERTS{alertstate="firing"}'
_WHOM = ("job", "host", "mountpoint", "group", "program", "process", "card")
"""Labels that say what an alert is about, the vaguest first."""
_LATE = Limits(warning=LAG, reason="As Grafana's rule has it.")
_SILENT = Limits(warning=20, critical=30, reason="They speak each 10 s; the rule PlatformProcessSilent has 30.")
_FIRING = Limits(warning=1, reason="One alert is worth a look.")
_SLOW = Limits(warning=2, reason="As the rule PlatformApiSlow has it.")
_BROKEN = Limits(warning=0.05, reason="As the rule PlatformApiErrors has it.")

UP = Tile("Who answers", 'up{platform="gpustream"}', "{{job}}", "none", 0, 24, nothing="Prometheus asks nobody",
          description="What Prometheus asks each 10 s, by the names of ./start.sh logs and restart.")  # fmt: skip
TILES = (
    Tile("Readings a second", READINGS, "{{topic}}", PER_SECOND, 0, 6),
    Tile("Records before the slowest reader", "max(gpustream_process_lag_records)", "records", "short", 0, 6, _LATE),
    Tile("The longest silence", "max(gpustream_process_report_age_seconds)", "seconds", "s", 0, 6, _SILENT,
         "Of a process of ours, since it spoke last."),
    Tile("Alerts that fire", f'count({_ALERTS[:-1]}, severity!="info"}}) or vector(0)', "alerts", "none", 0, 6,
         _FIRING, "Critical ones and warnings, of GPUs and of the platform."),
)  # fmt: skip
PROCESSES = (
    Graph(
        "Records in",
        ((f"sum by (process) ({rate('gpustream_process_received_total')})", PROCESS),),
        PER_SECOND,
        1,
    ),
    Graph("Records out", ((f"sum by (process) ({rate('gpustream_process_sent_total')})", PROCESS),), PER_SECOND, 1),
    Graph(
        "Records that could not be used, by reason",
        (
            (
                f"sum by (process, reason) ({rate('gpustream_process_rejected_total')})\n"
                "or on (process) 0 * group by (process) (gpustream_process_received_total)",
                "{{process}} {{reason}}",
            ),
        ),
        PER_SECOND,
        2,
        "Each is kept with its reason on gpu-dead-letters. A process without a reason has used all.",
    ),
    Graph("Lag of each reader", (("gpustream_process_lag_records", PROCESS),), "short", 0),
    Graph(
        "From Kafka to the store, by stage",
        (
            (
                "histogram_quantile(0.95, sum by (le, process) (rate(gpustream_stage_latency_seconds_bucket[10m])))",
                "{{process}} p95",
            ),
            (
                "histogram_quantile(0.5, sum by (le, process) (rate(gpustream_stage_latency_seconds_bucket[10m])))",
                "{{process}} p50",
            ),
        ),
        "s",
        2,
        "Of ten minutes: the slowest record of each report, from Kafka's timestamp to the store's acknowledgement.",
    ),
    Graph("Since each process spoke", (("gpustream_process_report_age_seconds", PROCESS),), "s", 0, limits=_SILENT),
    Graph("Memory of each process", (("gpustream_process_memory_bytes", PROCESS),), "bytes", 0),
    Graph(
        "Starts of each process",
        (("max by (process) (gpustream_process_starts)", PROCESS),),
        "short",
        0,
        "A step is a start: its own, or that of the one who keeps it.",
    ),
)
API = (
    Graph("API, requests by endpoint",
          ((f"sum by (endpoint) ({rate('gpustream_api_request_duration_seconds_count')})", "{{endpoint}}"),),
          PER_SECOND, 2),
    Graph("API, answers that are errors of ours", ((f"{ERRORS} or vector(0)", "share"),), "percentunit", 1,
          "Of five minutes; nobody asked: none.", limits=_BROKEN),
    Graph("API, p95 by endpoint", ((P95, "{{endpoint}}"),), "s", 3, "Of five minutes.", limits=_SLOW),
    Graph("API, p99 by endpoint", ((P99, "{{endpoint}}"),), "s", 3, "Of five minutes."),
)  # fmt: skip


def make(_catalogue: Catalogue) -> Dashboard:
    made = page(Uid.SERVICES, "Services", "What runs here, how far behind it is, how long it takes, what is wrong.")
    made.variables([promql_variables.stage()])
    made.with_panel(promql_panels.states(UP, {0: ("away", fields.CRITICAL), 1: ("answers", fields.GOOD)}))
    for tile in TILES:
        made.with_panel(promql_panels.tile(tile))
    made.with_panel(_firing())
    made.with_row(Row("Our processes"))
    for graph in PROCESSES:
        made.with_panel(promql_panels.graph(graph))
    latency = promql_panels.heat(
        "Latency of ${stage}",
        f'sum by (le) (increase(gpustream_stage_latency_seconds_bucket{{process=~"$stage"}}[{promql_panels.BUCKET}]))',
        "Reports by how long their slowest record took.",
    )
    made.with_panel(latency.repeat("stage").repeat_direction("h").max_per_row(3).span(8))
    made.with_row(Row("API"))
    for graph in API:
        made.with_panel(promql_panels.graph(graph))
    for title, graphs in services_servers.ROWS:
        made.with_row(Row(title))
        for graph in graphs:
            made.with_panel(promql_panels.graph(graph))
    return built(made)


def _firing() -> table.Panel:
    of = _ALERTS
    for label in _WHOM:
        of = f'label_replace({of}, "of", "$1", "{label}", "(.+)")'
    expr = (
        f"sum by (alertname, severity, of) ({of})\n"
        'or on () label_replace(vector(0), "alertname", "Nothing fires", "", "")'
    )
    columns = {"alertname": "Alert", "severity": "Severity", "of": "Of"}
    words = "By Prometheus' rules; docs/runbook.md says what each means and what to do."
    return promql_panels.rows("Alerts that fire now", expr, columns, words).span(24)
