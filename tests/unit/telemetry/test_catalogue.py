"""The catalogue: the real file, and files that are wrong in one way each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from telemetry import catalogue
from telemetry.catalogue import Catalogue
from telemetry.errors import Misconfigured

ROOT = Path(__file__).parents[3]
EXISTING_QUERIES = [
    "gpu_temperature",
    "hot_spot_temperature",
    "memory_temperature",
    "cpu_temperature",
    "gpu_clock",
    "memory_clock",
    "gpu_load",
    "memory_controller_load",
    "board_power_draw",
    "gpu_chip_power_draw",
    "power_consumption_percent",
    "gpu_memory_used",
    "system_memory_used",
    "fan1_speed_percent",
    "fan2_speed_percent",
    "gpu_voltage",
]


@pytest.fixture(scope="module")
def metrics() -> Catalogue:
    return catalogue.load(ROOT / "config" / "metrics.yaml")


def test_names_of_existing_queries_stay(metrics: Catalogue) -> None:
    assert set(EXISTING_QUERIES) <= set(metrics.metrics)


@pytest.mark.parametrize(
    "header",
    ["GPU Temperature [°C]", "GPU Temperature [C]", "GPU Temperature [\ufffdC]", " gpu  temperature [캜] ",
     "GPU Temperature [癈]", "GPU Temperature [蚓]", "GPU Temperature [ｰC]", "GPU Temperature [Â°C]"],
)  # fmt: skip
def test_every_spelling_of_the_degree_sign_is_one_column(metrics: Catalogue, header: str) -> None:
    assert metrics.column("gpuz", header).name == "gpu_temperature"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("GPU Core Clock [MHz]", "gpu_clock"),
        ("GPU Memory Clock [MHz]", "memory_clock"),
        ("VDDC [V]", "gpu_voltage"),
        ("Power Consumption [% TDP]", "power_consumption_percent"),
        ("Power Consumption (%) [% TDP]", "power_consumption_percent"),
        ("Fan Speed (%) [%]", "fan1_speed_percent"),
        ("Fan Speed (RPM) [RPM]", "fan1_speed_rpm"),
        ("8-Pin #2 Voltage [V]", "connector_8pin_2_voltage"),
        ("PerfCap Reason []", "perfcap_reason"),
        ("GPU Temperature (Hot Spot) [°C]", "hot_spot_temperature"),
    ],
)
def test_rename_over_the_versions_is_one_metric(metrics: Catalogue, header: str, name: str) -> None:
    column = metrics.column("gpuz", header)
    assert column.name == name
    assert column.metric is metrics[name]


@pytest.mark.parametrize(
    ("source", "header", "expected"),
    [
        ("hwinfo", "GPU Hot Spot Temperature [\ufffdC]", ("hot_spot_temperature", 1.0, 0)),
        ("hwinfo", "Performance Limit - Thermal [Yes/No]", ("perfcap_reason", 1.0, 2)),
        ("hwinfo", "Total GPU Power [% of TDP]", ("power_consumption_percent", 1.0, 0)),
        ("librehardwaremonitor", "GPU PCIe Rx [B/s]", ("pcie_rx", 1e-9, 0)),
        ("nvidia_smi", "memory.used [MiB]", ("gpu_memory_used", 1.0, 0)),
        ("nvidia_smi", "clocks_throttle_reasons.hw_slowdown", ("clocks_event_reasons", 1.0, 8)),
    ],
)
def test_columns_of_other_programs(
    metrics: Catalogue, source: str, header: str, expected: tuple[str, float, int]
) -> None:
    name, _, factor, bit = metrics.column(source, header)
    assert (name, factor, bit) == expected


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("VDDC Phase #1 Current [A]", "vddc_phase_1_current_ampere"),
        ("16-Pin Something [W]", "sensor_16_pin_something_watt"),
        ("Share (%) [%]", "share_percent"),
        ("Mystery []", "mystery"),
    ],
)
def test_unknown_column_gets_a_name_of_its_header(metrics: Catalogue, header: str, name: str) -> None:
    column = metrics.column("gpuz", header)
    assert column.metric is None
    assert column.name == name


def test_unknown_columns_of_another_script_stay_apart(metrics: Catalogue) -> None:
    names = {metrics.column("gpuz", header).name for header in ("温度 [°C]", "電力 [°C]", "温度 [W]")}
    assert len(names) == 3


def test_unknown_column_never_takes_the_name_of_a_known_metric(metrics: Catalogue) -> None:
    assert metrics.column("gpuz", "gpu load").name == "gpu_load_unlisted"


def test_limits_judge_strictly_and_the_worse_first(metrics: Catalogue) -> None:
    limits = metrics["gpu_temperature"].limits
    assert limits is not None
    assert [limits.judge(value) for value in (85.0, 85.1, 95.0, 95.1)] == [None, "warning", "warning", "critical"]


def test_limits_below_judge_downwards(metrics: Catalogue) -> None:
    limits = metrics["pcie_slot_voltage"].limits
    assert limits is not None
    assert [limits.judge(value) for value in (12.0, 11.3, 10.9)] == [None, "warning", "critical"]


def test_limits_of_a_model_replace_the_general_ones(metrics: Catalogue) -> None:
    power = metrics["board_power_draw"]
    general, special = power.limits_for(None), power.limits_for("NVIDIA GeForce rtx 4090")
    assert general is not None
    assert special is not None
    assert (general.warning, special.warning) == (300, 470)


def test_zero_rules_forbid_what_they_say(metrics: Catalogue) -> None:
    assert metrics["gpu_temperature"].zero_rule.forbids({})
    assert not metrics["gpu_load"].zero_rule.forbids({})
    assert metrics["fan1_speed_rpm"].zero_rule.forbids({"fan1_speed_percent": 52.0})
    assert not metrics["fan1_speed_rpm"].zero_rule.forbids({"fan1_speed_percent": 0.0})
    assert not metrics["fan1_speed_rpm"].zero_rule.forbids({})


def test_bit_mask_in_words(metrics: Catalogue) -> None:
    assert metrics["perfcap_reason"].words(5) == ["power limit", "reliability voltage"]
    assert metrics["perfcap_reason"].words(0) == []


def test_bit_mask_tells_throttling_from_the_normal_course(metrics: Catalogue) -> None:
    reason = metrics["perfcap_reason"]
    assert [mask for mask in (0, 1, 2, 4, 6, 8, 12, 13, 16) if reason.throttles(mask)] == [1, 2, 6, 13]
    assert not metrics["gpu_load"].throttles(99.0)


def test_part_names_its_whole(metrics: Catalogue) -> None:
    assert metrics["gpu_chip_power_draw"].part_of == "board_power_draw"


def test_nan_is_not_plausible(metrics: Catalogue) -> None:
    assert not metrics["gpu_load"].is_plausible(float("nan"))


CORRECT: dict[str, Any] = {
    "units": {"percent": {"symbol": "%", "grafana": "percent", "decimals": 0, "spellings": ["%"]}},
    "kinds": {"load": "Loads"},
    "metrics": {
        "gpu_load": {
            "label": "GPU load",
            "description": "How busy the GPU is.",
            "kind": "load",
            "unit": "percent",
            "plausible": [0, 100],
            "spellings": {"gpuz": ["GPU Load [%]"]},
        }
    },
}


@pytest.mark.parametrize(
    ("fault", "where", "found"),
    [
        ({"colour": "red"}, "metrics.gpu_load: colour", "'red'"),
        ({"plausible": [100, 0]}, "metrics.gpu_load", "low < high"),
        ({"zero": "sometimes"}, "zero", "'sometimes'"),
        ({"zero": "suspect_if fan > 1"}, "metrics.gpu_load.zero", "suspect_if fan > 1"),
        ({"unit": "parsec"}, "metrics.gpu_load.unit", "'parsec'"),
        ({"kind": "mood"}, "metrics.gpu_load.kind", "'mood'"),
        ({"limits": {"warning": 95}}, "limits.reason", "Field required"),
        ({"limits": {"warning": 95, "critical": 90, "reason": "long enough a reason"}}, "limits", "critical beyond"),
        ({"limits": {"warning": 200, "reason": "long enough a reason"}}, "gpu_load", "inside the plausible range"),
        ({"throttling": [4]}, "metrics.gpu_load", "only bits that bits explains, found [4]"),
        ({"part_of": "whole"}, "metrics.gpu_load.part_of", "'whole'"),
        ({"limits": {"reason": "long enough a reason"}}, "limits", "a warning or a critical level"),
    ],
)
def test_wrong_catalogue_is_refused_with_file_key_and_value(
    tmp_path: Path, fault: dict[str, object], where: str, found: str
) -> None:
    path = tmp_path / "metrics.yaml"
    metric = CORRECT["metrics"]["gpu_load"] | fault
    path.write_text(yaml.safe_dump(CORRECT | {"metrics": {"gpu_load": metric}}))
    with pytest.raises(Misconfigured) as refused:
        catalogue.load(path)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert where in message
    assert found in message


def test_column_claimed_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "metrics.yaml"
    metric = CORRECT["metrics"]["gpu_load"]
    path.write_text(yaml.safe_dump(CORRECT | {"metrics": {"gpu_load": metric, "other_load": metric}}))
    with pytest.raises(Misconfigured, match="a column not taken by gpu_load"):
        catalogue.load(path)


def test_correct_catalogue_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "metrics.yaml"
    path.write_text(yaml.safe_dump(CORRECT))
    assert list(catalogue.load(path).metrics) == ["gpu_load"]
