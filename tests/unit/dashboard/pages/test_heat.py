"""The heat map of a fleet: shades, ranks and groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.health_levels import LIMITS
from dashboard.pages import heat, heat_legend
from dashboard.pages.figures import Figures
from dashboard.stores.live import Latest
from telemetry import catalogue
from telemetry.catalogue import Limits

CATALOGUE = catalogue.load(Path("config/metrics.yaml"))
FIGURES = Figures(CATALOGUE)
ABOVE = Limits(warning=85, critical=95, reason="for the test")


def latest(gpu: str, model: str | None = None, labels: dict[str, str] | None = None, **metrics: float) -> Latest:
    return Latest(gpu, gpu.partition(":")[0], "dcgm", "live", model, 0, 0, metrics, {}, labels or {})


def cell(gpu: str, value: float | None, silent: bool = False) -> heat.Cell:
    return heat.cell_of_score(gpu, value, heat.scale_of([100.0], (0, 100), LIMITS), silent, ())


@pytest.mark.parametrize(
    ("values", "plausible", "limits", "ends"),
    [
        ([31.0, 79.0], (-20, 150), ABOVE, (20.0, 85)),
        ([90.0, 99.0], (-20, 150), ABOVE, (84, 85)),
        ([3.0], (0, 100), None, (0.0, 100.0)),
        ([100.0], (0, 100), LIMITS, (80, 100.0)),
        ([212.0, 688.0], (0, 2000), None, (200.0, 700.0)),
        ([5.0, 5.0], (0, 2000), None, (4.0, 6.0)),
        ([], (0, 2000), None, (0.0, 1.0)),
    ],
)
def test_shades_go_from_round_number_to_round_number_or_to_the_limit(
    values: list[float], plausible: tuple[float, float] | None, limits: Limits | None, ends: tuple[float, float]
) -> None:
    scale = heat.scale_of(values, plausible, limits)
    assert (scale.low, scale.high) == pytest.approx(ends)


def test_nearer_to_the_limit_is_stronger_on_whichever_side_it_is() -> None:
    above = heat.scale_of([15.0, 80.0], (-20, 150), ABOVE)
    assert [above.level(value) for value in (-5, 0, 50, 84.9, 120)] == ["0", "0", "4", "6", "6"]
    below = heat.scale_of([100.0], (0, 100), LIMITS)
    assert [below.level(value) for value in (100, 90, 80)] == ["0", "3", "6"]


def test_cell_says_its_value_and_which_limit_of_its_model_it_is_beyond() -> None:
    scale = heat.scale_of([60.0], (-20, 150), CATALOGUE["gpu_temperature"].limits)
    made = {
        value: heat.cell_of_metric(
            latest("a:0", gpu_temperature=value), "gpu_temperature", scale, FIGURES, False, ["x"]
        )
        for value in (60.0, 86.0, 99.0)
    }
    assert [each.level for each in made.values()][1:] == ["w", "c"]
    assert (made[99.0].text, made[99.0].words, made[99.0].notes) == ("99.0", "GPU temperature 99.0 °C", ("x",))
    nothing = heat.cell_of_metric(latest("a:0"), "gpu_temperature", scale, FIGURES, False, ())
    assert (nothing.level, nothing.words) == ("", "no GPU temperature")


def test_bit_mask_is_told_in_words_and_only_a_fault_has_the_colour_of_a_fault() -> None:
    scale = heat.scale_of([], None, None)
    found = {
        mask: heat.cell_of_metric(latest("a:0", perfcap_reason=mask), "perfcap_reason", scale, FIGURES, False, ())
        for mask in (0.0, 2.0, 16.0)
    }
    assert [each.level for each in found.values()] == ["0", "w", "3"]
    assert "thermal" in found[2.0].words
    assert found[0.0].words.endswith("none")


def test_score_below_its_limit_has_its_colour_and_is_never_rounded_up() -> None:
    assert [cell("a:0", value).level for value in (100.0, 79.9, 49.9)] == ["0", "w", "c"]
    assert [cell("a:0", value).text for value in (100.0, 99.9, 79.9)] == ["100", "99", "79"]
    assert cell("a:0", None).words == "no health score yet"


def test_worst_come_first_and_what_has_an_old_value_or_none_last() -> None:
    cells = [
        cell("a:0", 90.0),
        cell("a:10", 40.0),
        cell("a:2", 40.0),
        cell("a:3", 10.0, silent=True),
        cell("a:4", None),
    ]
    assert [each.gpu for each in heat.worst(cells, 9)] == ["a:3", "a:2", "a:10", "a:0"], "a lost GPU's score is not old"
    assert len(heat.worst(cells, 1)) == 1
    scale = heat.scale_of([60.0], (-20, 150), ABOVE)
    hot = [
        heat.cell_of_metric(latest(f"a:{n}", gpu_temperature=value), "gpu_temperature", scale, FIGURES, n == 0, ())
        for n, value in enumerate((99.0, 60.0, 86.0))
    ]
    assert [each.gpu for each in heat.worst(hot, 9)] == ["a:2", "a:1", "a:0"]
    assert "critical &gt; 95: <b>0</b>" in heat_legend.of_scale(scale, hot, "{:.0f}".format, differs=False)


def test_groups_hold_machines_in_the_order_of_people() -> None:
    gpus = [
        latest(f"node-{n}:{i}", "A100" if n < 10 else None, {"rack": f"r{n}"} if n != 2 else {})
        for n in (10, 2, 1)
        for i in (1, 0)
    ]
    cells = {each.gpu: cell(each.gpu, 50.0 if each.gpu == "node-10:1" else 99.0) for each in gpus}
    (whole,) = heat.grouped(gpus, "", cells, worst_first=False)
    assert [node.name for node in whole.nodes] == ["node-1", "node-2", "node-10"]
    assert whole.nodes[0].gpus == ["node-1:0", "node-1:1"]
    assert whole.note == "6 GPUs on 3 machines"
    racks = heat.grouped(gpus, "rack", cells, worst_first=False)
    assert [each.title for each in racks] == ["r1", "r10", "no rack told"]
    assert next(each.title for each in heat.grouped(gpus, "rack", cells, worst_first=True)) == "r10"
    assert {each.title for each in heat.grouped(gpus, heat.MODEL, cells, worst_first=False)} == {
        "A100",
        "no model told",
    }
    (whole,) = heat.grouped(gpus, "", cells, worst_first=True)
    assert whole.nodes[0].name == "node-10"


def test_gpus_are_grouped_by_the_labels_that_there_are() -> None:
    gpus = [latest("a:0", labels={"job": "x", "cluster": "c"}), latest("a:1", labels={"rack": "r"})]
    assert heat.groupings(gpus, ("rack", "cluster")) == ["model", "rack", "cluster", "job"]


@pytest.mark.parametrize(("count", "size"), [(2, "huge"), (16, "large"), (300, "medium"), (1000, "small")])
def test_fewer_gpus_are_drawn_larger(count: int, size: str) -> None:
    assert heat.size_of(count) == size


def test_legend_says_the_limits_and_how_many_are_beyond_them() -> None:
    cells = [cell("a:0", 40.0), cell("a:1", 60.0), cell("a:2", 61.0), cell("a:3", None), cell("a:4", 10.0, silent=True)]
    told = heat_legend.of_scale(heat.scale_of([100.0], (0, 100), LIMITS), cells, "{:.0f}".format, differs=True)
    assert "warning &lt; 80: <b>2</b>" in told
    assert "critical &lt; 50: <b>2</b>" in told
    assert "no value: <b>1</b>" in told
    assert "silent: <b>1</b>" in told
    assert "limits of their own" in told
