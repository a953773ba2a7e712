"""Infrastructure: the machines by their node exporters, the containers by cAdvisor, room on disks."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Row
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboard.grafana import promql_panels, promql_variables
from dashboard.grafana.page import Uid, built, page
from dashboard.grafana.promql import rate
from dashboard.grafana.promql_panels import Graph, Tile
from dashboard.prometheus.platform_rules import CPU, DISK, MEMORY
from telemetry.catalogue import Catalogue, Limits

OF = 'instance=~"$instance"'
_REAL = 'device!~"lo|veth.*|br-.*|docker.*|cni.*|ifb.*|virbr.*"'
"""Network devices through which something comes from outside."""
_DISKS = 'device!~"loop.*|ram.*|zram.*|sr.*|fd.*"'
CONTAINER = 'name!=""'
"""cAdvisor also tells of the groups above containers; those have no name."""
NO_CONTAINER = "No cAdvisor tells of containers: there is one with Docker only"

ROOM = Limits(warning=0.1, direction="below", reason="As the rule PlatformDiskLow has it.")
_FREE_MEMORY = Limits(warning=0.05, direction="below", reason="As the rule PlatformMemoryLow has it.")
_BUSY = Limits(warning=0.95, reason="As the rule PlatformCpuBusy has it.")
_FULL = Limits(critical=500e6, direction="below", reason="As the rule PlatformDiskFull has it, in bytes.")

TILES = (
    Tile("Processors busy", f"{CPU}{{{OF}}}", "{{instance}}", "percentunit", 0, 6, _BUSY, "The mean of five minutes."),
    Tile("Memory that is left", f"{MEMORY}{{{OF}}}", "{{instance}}", "percentunit", 0, 6, _FREE_MEMORY),
    Tile("Load of a minute, per processor",
         f'node_load1{{{OF}}} / on (instance) count by (instance) (node_cpu_seconds_total{{mode="idle", {OF}}})',
         "{{instance}}", "none", 2, 6, description="Above 1: more wants to run than there are processors."),
    Tile("Up for", f"time() - node_boot_time_seconds{{{OF}}}", "{{instance}}", "s", 0, 6),
)  # fmt: skip
MACHINE = (
    Graph(
        "Processors, by what they do",
        (
            (
                f'sum by (instance, mode) ({rate(f"""node_cpu_seconds_total{{mode!="idle", {OF}}}""")})\n'
                f'/ on (instance) group_left () count by (instance) (node_cpu_seconds_total{{mode="idle", {OF}}})',
                "{{instance}} {{mode}}",
            ),
        ),
        "percentunit",
        0,
        "Of all processors of the machine. iowait: it could work and waits for a disk.",
        drawn="stacked",
    ),
    Graph(
        "Memory",
        (
            (f"node_memory_MemTotal_bytes{{{OF}}}", "{{instance}} total"),
            (
                f"node_memory_MemTotal_bytes{{{OF}}} - node_memory_MemAvailable_bytes{{{OF}}}",
                "{{instance}} taken",
            ),
            (f"node_memory_Cached_bytes{{{OF}}} + node_memory_Buffers_bytes{{{OF}}}", "{{instance}} files kept"),
            (f"node_memory_SwapTotal_bytes{{{OF}}} - node_memory_SwapFree_bytes{{{OF}}}", "{{instance}} swapped out"),
        ),
        "bytes",
        1,
        "Files that are kept in memory make room when it is needed: they are not taken.",
    ),
    Graph(
        "Disks, read and written",
        (
            (rate(f"node_disk_read_bytes_total{{{_DISKS}, {OF}}}"), "{{instance}} {{device}} read"),
            (rate(f"node_disk_written_bytes_total{{{_DISKS}, {OF}}}"), "{{instance}} {{device}} written"),
        ),
        "Bps",
        1,
    ),
    Graph(
        "Disks busy",
        ((rate(f"node_disk_io_time_seconds_total{{{_DISKS}, {OF}}}"), "{{instance}} {{device}}"),),
        "percentunit",
        0,
        "Of each second, how long it had something to do. A disk that does many things at once may do more at 100 %.",
        top=1,
    ),
    Graph(
        "Network",
        (
            (rate(f"node_network_receive_bytes_total{{{_REAL}, {OF}}}"), "{{instance}} {{device}} received"),
            (rate(f"node_network_transmit_bytes_total{{{_REAL}, {OF}}}"), "{{instance}} {{device}} sent"),
        ),
        "Bps",
        1,
    ),
    Graph(
        "Network, packets lost or broken",
        (
            (
                f"{rate(f'node_network_receive_errs_total{{{_REAL}, {OF}}}')}\n"
                f"+ {rate(f'node_network_receive_drop_total{{{_REAL}, {OF}}}')}",
                "{{instance}} {{device}} received",
            ),
            (
                f"{rate(f'node_network_transmit_errs_total{{{_REAL}, {OF}}}')}\n"
                f"+ {rate(f'node_network_transmit_drop_total{{{_REAL}, {OF}}}')}",
                "{{instance}} {{device}} sent",
            ),
        ),
        promql_panels.PER_SECOND,
        2,
    ),
)
OVER_TIME = Graph(
    "Room left on disks, over time",
    ((f"node_filesystem_avail_bytes{{{OF}}} and on (instance, mountpoint) {DISK}", "{{instance}} {{mountpoint}}"),),
    "bytes",
    1,
)
CONTAINERS = (
    Graph(
        "Containers, processors",
        ((f"sum by (name) ({rate(f'container_cpu_usage_seconds_total{{{CONTAINER}}}')})", "{{name}}"),),
        "none",
        2,
        "How many processors each takes.",
        NO_CONTAINER,
    ),
    Graph(
        "Containers, memory",
        ((f"sum by (name) (container_memory_working_set_bytes{{{CONTAINER}}})", "{{name}}"),),
        "bytes",
        1,
        "Without the files that could be let go: what counts against the limit.",
        NO_CONTAINER,
    ),
    Graph(
        "Containers, memory of their limit",
        (
            (
                f"sum by (name) (container_memory_working_set_bytes{{{CONTAINER}}})\n"
                f"/ (sum by (name) (container_spec_memory_limit_bytes{{{CONTAINER}}}) > 0)",
                "{{name}}",
            ),
        ),
        "percentunit",
        0,
        "At 100 % the kernel ends a process in it.",
        NO_CONTAINER,
        top=1,
    ),
    Graph(
        "Containers, network",
        (
            (f"sum by (name) ({rate(f'container_network_receive_bytes_total{{{CONTAINER}}}')})", "{{name}} received"),
            (f"sum by (name) ({rate(f'container_network_transmit_bytes_total{{{CONTAINER}}}')})", "{{name}} sent"),
        ),
        "Bps",
        1,
        nothing=NO_CONTAINER,
    ),
)


def make(_catalogue: Catalogue) -> Dashboard:
    made = page(Uid.INFRASTRUCTURE, "Infrastructure", "The machines, their disks and networks, the containers.")
    made.variables([promql_variables.instance()])
    for tile in TILES:
        made.with_panel(promql_panels.tile(tile))
    for graph in MACHINE:
        made.with_panel(promql_panels.graph(graph))
    made.with_row(Row("Room on disks"))
    left = Tile("Room left, of the whole", f"{DISK}{{{OF}}}", "{{instance}} {{mountpoint}}", "percentunit", 0, 8, ROOM,
                "What is read-only or in memory is left out: it fills up by design.")  # fmt: skip
    made.with_panel(promql_panels.bars(left)).with_panel(promql_panels.graph(OVER_TIME._replace(span=8)))
    ours = Tile("Where our servers write", "gpustream_disk_free_bytes", "{{path}}", "bytes", 1, 8, _FULL,
                "Room left, natively; with Docker the disk of the engine is among those beside it.",
                "Nothing of ours writes natively here")  # fmt: skip
    made.with_panel(promql_panels.tile(ours).height(8)).with_row(Row("Containers (with Docker)"))
    for graph in CONTAINERS:
        made.with_panel(promql_panels.graph(graph))
    return built(made)
