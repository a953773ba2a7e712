"""GPU (Prometheus): readings as Prometheus has them, whatever exporter told them (dashboard.prometheus.cards)."""

from __future__ import annotations

from typing import NamedTuple

from grafana_foundation_sdk.builders import statetimeline, timeseries
from grafana_foundation_sdk.builders.dashboard import Row
from grafana_foundation_sdk.models.dashboard import Dashboard, ValueMap, ValueMappingResult

from dashboard.grafana import fields, panels, promql, promql_panels, promql_variables
from dashboard.grafana.page import Uid, built, page
from dashboard.grafana.promql_panels import Graph, Tile
from dashboard.prometheus import cards, gpu_xid
from telemetry.catalogue import Catalogue, Limits, Metric

OF = '{host=~"$host", card=~"$card"}'
CARD = "{{card}}"
NOBODY = "No GPU tells of it"
_FIRES = Limits(warning=1, reason="One alert is worth a look.")


class Shown(NamedTuple):
    """A metric of the catalogue; where a GPU does not tell it, ``instead``."""

    metric: str
    instead: str = ""


ROWS: tuple[tuple[str, tuple[Shown, ...]], ...] = (
    ("Heat and power", tuple(map(Shown, (
        "gpu_temperature", "memory_temperature", "hot_spot_temperature", "board_power_draw",
        "fan1_speed_percent",
    )))),
    ("Work", tuple(map(Shown, ("gpu_load", "memory_controller_load", "gpu_memory_used", "gpu_memory_used_percent")))),
    ("Clocks", (Shown("sm_clock", "gpu_clock"), Shown("memory_clock"))),
    ("Errors", tuple(map(Shown, (
        "ecc_corrected_volatile", "ecc_uncorrected_volatile", "remapped_rows_uncorrectable", "row_remap_pending",
    )))),
)  # fmt: skip
MASKS = ("clocks_event_reasons", "perfcap_reason")
_SET, _HELD_BACK, _NONE = 1, 2, 0
_WORDS = {_NONE: ("nothing", fields.GOOD), _SET: ("yes", fields.NEUTRAL), _HELD_BACK: ("held back", fields.WARNING)}


def make(catalogue: Catalogue) -> Dashboard:
    made = page(Uid.GPU_PROMETHEUS, "GPU (Prometheus)", "Readings of GPUs as Prometheus has them, from any exporter.")
    made.variables([promql_variables.host(), promql_variables.card()])
    for tile in _tiles(catalogue):
        made.with_panel(promql_panels.tile(tile))
    for title, metrics in ROWS:
        made.with_row(Row(title))
        for shown in metrics:
            made.with_panel(_of_metric(catalogue, shown))
        if title == "Clocks":
            made.with_panel(_reasons([catalogue[name] for name in MASKS]))
        if title == "Errors":
            made.with_panel(_links(catalogue)).with_panel(_xids())
    return built(made)


def _tiles(catalogue: Catalogue) -> list[Tile]:
    power, heat = (catalogue[name] for name in ("board_power_draw", "gpu_temperature"))
    watts, degrees = catalogue.unit_of(power), catalogue.unit_of(heat)
    firing = f'ALERTS{{alertstate="firing", about="gpu", severity!="info", {OF[1:]}'
    return [
        Tile("GPUs", f"count({cards.of('model')}{OF})", "GPUs", "none", 0, 6, nothing=NOBODY),
        Tile("The hottest", f"topk(1, {cards.of(heat.name)}{OF})", CARD, degrees.grafana, degrees.decimals, 6,
             heat.limits, nothing=NOBODY),
        Tile("Power of all", f"sum({cards.of(power.name)}{OF})", "power", watts.grafana, watts.decimals, 6,
             nothing=NOBODY),
        Tile("Alerts that fire", f"count({firing}) or vector(0)", "alerts", "none", 0, 6, _FIRES,
             "Critical ones and warnings of these GPUs, by Prometheus' rules."),
    ]  # fmt: skip


def _of_metric(catalogue: Catalogue, shown: Shown) -> timeseries.Panel:
    metric = catalogue[shown.metric]
    unit = catalogue.unit_of(metric)
    words = [metric.description]
    expr = cards.of(metric.name) + OF
    if shown.instead:
        words.append(f"Of a GPU that does not tell it: {catalogue[shown.instead].label}.")
        expr += f" or {cards.of(shown.instead)}{OF}"
    panel = promql_panels.graph(
        Graph(
            metric.label,
            ((expr, CARD),),
            unit.grafana,
            unit.decimals,
            " ".join(words),
            NOBODY,
            limits=metric.limits,
            top=100 if metric.plausible == (0, 100) else None,
        )
    )
    if metric.limits and metric.limits.direction == "above" and metric.limits.warning is not None:
        panel.axis_soft_max(metric.limits.warning)
    return panel


def _reasons(masks: list[Metric]) -> statetimeline.Panel:
    """A lane per GPU and reason, of those that there were."""
    panel = panels.lanes(panels.HELD_BACK, "No GPU tells of reasons").datasource(promql.source())
    colours = {f"{value:g}": ValueMappingResult(text=word, color=colour) for value, (word, colour) in _WORDS.items()}
    return (
        panel.with_target(promql.over_time("\nor\n".join(_in_words(mask) for mask in masks), f"{CARD}: {{{{reason}}}}"))
        .description("Why the clocks are not higher; orange: the hardware holds them back beyond the normal.")
        .display_name("")
        .mappings([ValueMap(colours)])
        .interval(promql_panels.SCRAPE)
        .height(10)
        .span(24)
    )


def _in_words(mask: Metric) -> str:
    """Each bit that is set as a series with its word, and one of its own where none is. PromQL has no operator for
    bits."""
    series = cards.of(mask.name) + OF
    bits = [
        f"label_replace({_HELD_BACK if bit in mask.throttling else _SET} * (floor({series} / {bit}) % 2 > 0), "
        f'"reason", "{word}", "", "")'
        for bit, word in mask.bits.items()
    ]
    return "\nor\n".join([*bits, f'label_replace({series} == 0, "reason", "nothing", "", "")'])


def _links(catalogue: Catalogue) -> timeseries.Panel:
    each = [(catalogue[name].label, cards.of(name) + OF) for name in ("pcie_replays", "nvlink_errors")]
    exprs = [f'label_replace({series}, "what", "{label}", "", "")' for label, series in each]
    return promql_panels.graph(
        Graph(
            "Errors of links",
            (("\nor\n".join(exprs), f"{CARD}: {{{{what}}}}"),),
            "none",
            0,
            "Counts since the driver was loaded: a step is what matters.",
            NOBODY,
            span=24,
        )
    )


def _xids() -> timeseries.Panel:
    none = f'label_replace(0 * group by (cluster, host, card) ({cards.of("model")}{OF}), "xid", "none", "", "")'
    return promql_panels.graph(
        Graph(
            "Xids of the last five minutes",
            ((f"{gpu_xid.RECENT}{OF}\nor {cards.ON} {none}", f"{CARD}: Xid {{{{xid}}}}"),),
            "none",
            0,
            "1 for five minutes after an Xid came. config/xid.yaml says what a number means, docs/recipes/xid.md more.",
            NOBODY,
            drawn="bars",
            top=1,
            span=24,
        )
    )
