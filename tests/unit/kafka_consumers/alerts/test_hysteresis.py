"""Our own rules, as config/alerts.yaml has them, over a temperature that will not settle: one alert, not one a minute.

What people asked of other alert engines for ten years: a level that clears apart from the one that fires, a time for
both, and an end to flapping.
"""

from __future__ import annotations

import pytest

from kafka_consumers.alerts import config
from kafka_consumers.alerts.judge import Judge
from support.alert_cases import CATALOGUE, ROOT, START, World, readings_of

CONFIG = config.load(ROOT / "config/alerts.yaml", CATALOGUE)
RULE = CONFIG.file.rules["gpu_temperature_warning"]
LIMITS = CATALOGUE["gpu_temperature"].limits
assert LIMITS is not None
assert LIMITS.warning is not None
FIRES = LIMITS.warning
MARGIN = RULE.clear_margin or 0.0
CLEAR = FIRES - MARGIN - 1
HOT = FIRES + 1


def told(*spans: tuple[float, int]) -> list[str]:
    """What the warning does over spans of (temperature, seconds): the minute, the state, why."""
    series = " ".join(f"{value:g}x{seconds}" for value, seconds in spans)
    world = World(Judge(CONFIG))
    for reading, arrived in readings_of({"series": {"gpu_temperature": series}}, "log"):
        world.reading(reading, arrived)
    alerts = [change.alert for change in world.changes if change.is_recorded]
    return [
        f"{(alert.changed - START) / 60e6:.1f} {alert.state} {alert.reason}"
        for alert in alerts
        if alert.rule == "gpu_temperature_warning"
    ]


def test_peers_08_value_that_swings_about_the_limit_is_one_alert() -> None:
    """An hour of two seconds above and two below, within the margin: one alert, which ends once."""
    swing = ((HOT, 2), (FIRES - MARGIN / 2, 2)) * 900
    assert told((HOT, 60), *swing, (CLEAR, 120)) == ["0.5 firing held", "61.5 resolved cleared"]


def test_peers_08_the_level_that_clears_is_lower_than_the_one_that_fires() -> None:
    assert MARGIN > 0
    just_short = FIRES - MARGIN + 0.1
    assert told((HOT, 60), (just_short, 600)) == ["0.5 firing held"]
    assert told((HOT, 60), (FIRES - MARGIN, 600)) == ["0.5 firing held", "1.5 resolved cleared"]


def test_peers_08_short_peaks_raise_nothing_and_short_pauses_clear_nothing() -> None:
    for_, clear_for = RULE.for_, RULE.clear_for or CONFIG.file.defaults.clear_for
    assert for_ is not None
    peak, pause = for_ // 1_000_000 - 1, clear_for // 1_000_000 - 1
    assert told(*((HOT, peak), (CLEAR, 60)) * 30) == []
    assert told((HOT, 60), *((CLEAR, pause), (HOT, 1)) * 30) == ["0.5 firing held"]


@pytest.mark.parametrize("swings", [10, 60])
def test_peers_08_alert_that_comes_and_goes_is_held_open_as_flapping(swings: int) -> None:
    """A minute hot, a minute cool, for as long as one likes: it fires as often as ``flapping.firings`` and no more."""
    flapping = CONFIG.file.flapping
    quiet = flapping.quiet // 1_000_000
    changes = told(*((HOT, 60), (CLEAR, 60)) * swings, (CLEAR, quiet + 60))
    fired = [each for each in changes if " firing " in each]
    assert len(fired) == flapping.firings
    assert fired[-1].endswith("flapping")
    # Its end comes once it has been calm, not with each swing.
    assert changes[-1] == f"{(2 * swings - 1) + quiet / 60:.1f} resolved cleared"
    assert len(changes) == 2 * flapping.firings
