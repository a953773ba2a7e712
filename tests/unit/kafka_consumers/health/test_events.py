"""Events out of readings. Tests named after a row of what peers' users complain about are that row's acceptance."""

from __future__ import annotations

import pytest

from kafka_consumers.health.track import Track
from support.health import START, World, every, shown
from telemetry.messages import GpuEvent
from telemetry.timestamp import SECOND, format_time, parse_time

MINUTE = 60.0
HOUR = 3600.0
BRAKE, HOT, IDLE, CAPPED = 128, 64, 1, 4


def told(world: World) -> list[tuple[str, int, int]]:
    return [(event.kind, event.number, event.count) for event in world.events]


def at(second: float) -> str:
    return format_time(START + round(second * SECOND))


def test_peers_01_same_xid_twice_is_two_events() -> None:
    """The gauge shows 48 all day; only the count of recent ones says that there was another."""
    world = World()
    story = [(0, 0, 0), (10, 48, 1), (320, 48, 0), (900, 48, 1), (1300, 48, 0), (5000, 48, 0)]
    world.read(*(shown(second, last_xid=last, recent_xids=recent) for second, last, recent in story))
    assert told(world) == [("xid", 48, 1), ("xid", 48, 1)]
    assert [(each.first, each.severity, each.action) for each in world.events] == [
        (at(10), "critical", "follow_up"),
        (at(900), "critical", "follow_up"),
    ]


def test_peers_01_gauge_that_sticks_is_no_event_and_its_change_is_one_with_its_time() -> None:
    world = World()
    world.read(*every(range(0, 600, 10), last_xid=31))
    assert world.events == []
    world.read(shown(600, last_xid=79), *every(range(610, 4000, 10), last_xid=79))
    (event,) = world.events
    assert (event.number, event.first, event.last, event.count) == (79, at(600), at(600), 1)
    assert (event.gpu, event.device, event.name) == ("n1:0", "n1:0", "GPU fell off the bus")
    # A driver that is loaded anew shows none, and the same one after that is another.
    world.read(shown(4010, last_xid=0), shown(4020, last_xid=79))
    assert told(world) == [("xid", 79, 1), ("xid", 79, 1)]


def test_peers_03_storm_of_one_xid_is_one_event_with_a_count() -> None:
    """800,000 entries of Xid 95, 29 distinct."""
    world = World()
    world.read(*(shown(second, last_xid=95, recent_xids=second * 1000) for second in range(801)))
    world.wait(START + 1000 * SECOND)
    assert told(world) == [("xid", 95, 800_000)]
    assert len(world.told) <= 801 / 60 + 3, "told again once a minute at the most"


def test_peers_04_ten_throttle_edges_a_second_are_one_event() -> None:
    world = World()
    flapping = [shown(n / 20, clocks_event_reasons=BRAKE if n % 2 else 0) for n in range(20 * 600)]
    world.read(*flapping, *every(range(600, 900, 10), clocks_event_reasons=0))
    assert told(world) == [("throttle", BRAKE, 6000)]
    assert len(world.told) <= 12
    (event,) = world.events
    assert (event.first, event.last, event.action) == (at(0.05), at(599.95), "check_power")


def test_peers_04_burst_ends_after_three_quiet_minutes_and_another_begins() -> None:
    world = World()
    for begin in (0, 400):
        world.read(*every(range(begin, begin + 100, 10), clocks_event_reasons=HOT))
        world.read(*every(range(begin + 100, begin + 400, 10), clocks_event_reasons=0))
    assert [(each.first, each.last, each.count) for each in world.events] == [
        (at(0), at(90), 1),
        (at(400), at(490), 1),
    ]


def test_peers_05_planned_reboots_of_214_of_288_nodes_raise_nothing() -> None:
    """Five minutes away; then counters from 0, and one poll in which links and lanes are not up yet."""
    world = World()
    steady = {"gpu_load": 60, "pcie_width": 16, "nvlink_active_links": 12, "ecc_corrected_volatile": 3}
    first = {"gpu_load": 60, "pcie_width": 1, "nvlink_active_links": 0, "ecc_corrected_volatile": 0}
    fresh = steady | {"ecc_corrected_volatile": 0}
    gpus = [f"node-{number}:0" for number in range(288)]
    rebooted = frozenset(gpus[:214])
    for second in range(0, 1200, 30):
        world.read(
            *(
                shown(
                    second,
                    gpu,
                    more=steady if gpu not in rebooted or second < 300 else first if second == 600 else fresh,
                )
                for gpu in gpus
                if gpu not in rebooted or not 300 <= second < 600
            )
        )
        world.wait(START + second * SECOND)
    assert world.events == []
    assert min(each.score for each in world.scores) == 100


def test_peers_06_power_brake_for_36_hours_is_one_event_and_lowers_the_score() -> None:
    world = World()
    world.read(*every((60 * n for n in range(36 * 60)), clocks_event_reasons=BRAKE, gpu_load=90))
    (event,) = world.events
    assert (event.kind, event.number, event.severity) == ("throttle", BRAKE, "warning")
    assert event.name == "Clocks held back: hardware power brake"
    assert parse_time(event.last) - parse_time(event.first) > 35.9 * HOUR * SECOND
    score = world.last_score("n1:0")
    assert score.score <= 75
    assert score.reasons[0].component == "throttling"
    assert score.reasons[0].sentence == "Clocks held back by hardware power brake for 100 % of the time"


def test_peers_12_gpu_that_fell_off_the_bus_is_lost_while_its_node_goes_on() -> None:
    world = World()
    for second in range(0, 700, 10):
        gone = 300 <= second < 600
        world.read(*(shown(second, f"n1:{index}", gpu_load=5) for index in range(4) if index != 2 or not gone))
        world.wait(START + second * SECOND)
    (event,) = world.events
    assert (event.kind, event.gpu, event.severity, event.action) == ("lost", "n1:2", "critical", "reboot")
    assert (event.first, event.last, event.count) == (at(290), at(600), 1)
    assert "3 of its node's 4 GPUs go on; back at 2026-11-23T10:10:00" in event.text
    while_lost = [each for each in world.scores if each.gpu == "n1:2" and each.time > at(300)]
    assert while_lost[0].score <= 70
    assert while_lost[0].reasons[0].component == "events"
    assert min(each.score for each in world.scores if each.gpu != "n1:2") == 100


def test_peers_12_whole_node_is_one_event_after_ten_minutes() -> None:
    world = World()
    for second in range(0, 1300, 10):
        hosts = ("n1", "n2") if second < 300 else ("n2",)
        world.read(*(shown(second, f"{host}:{index}") for host in hosts for index in range(8)))
        world.wait(START + second * SECOND)
    (event,) = world.events
    assert (event.kind, event.number, event.gpu, event.device, event.severity) == ("lost", 1, None, "n1", "warning")
    assert event.last == at(890)


@pytest.mark.parametrize("source", ["gpuz", "hwinfo"])
def test_log_that_ends_loses_no_gpu(source: str) -> None:
    world = World()
    for second in range(0, 900, 10):
        world.read(
            *(shown(second, f"n1:{index}")._replace(source=source) for index in range(2) if second < 60 or index)
        )
        world.wait(START + second * SECOND)
    assert world.events == []


def test_collector_that_stands_still_loses_no_node() -> None:
    world = World()
    for second in range(0, 60, 10):
        world.read(*(shown(second, f"n{node}:0") for node in range(3)))
    world.wait(START + 3600 * SECOND)
    assert world.events == []


def test_memory_errors_and_remaps_are_told_with_their_number() -> None:
    world = World()
    story = [(0, 5, 0, 0, 0), (10, 9, 1, 2, 0), (20, 9, 1, 2, 1)]
    world.read(
        *(
            shown(
                second, ecc_corrected_aggregate=corrected, ecc_corrected_volatile=corrected,
                ecc_uncorrected_volatile=uncorrected, remapped_rows_uncorrectable=remaps, row_remap_failed=failed,
            )
            for second, corrected, uncorrected, remaps, failed in story
        )
    )  # fmt: skip
    assert told(world) == [("ecc", 1, 4), ("ecc", 2, 1), ("remap", 2, 2), ("remap", 3, 1)]
    assert [each.severity for each in world.events] == ["info", "critical", "warning", "critical"]
    assert world.events[1].text == "1 uncorrected memory error more, 1 in all by ecc_uncorrected_volatile"


def test_peers_12_gpu_is_missed_soon_after_an_outage_of_hours() -> None:
    world = World()
    for second in (*range(0, 300, 10), *range(30_000, 31_000, 10)):
        world.read(*(shown(second, f"n1:{index}") for index in range(4) if index != 2 or second < 30_300))
        world.wait(START + second * SECOND)
    assert [(each.gpu, each.first) for each in world.events if each.number == 0] == [("n1:2", at(30_290))]


def test_counter_that_begins_anew_is_no_event() -> None:
    world = World()
    world.read(shown(0, ecc_uncorrected_volatile=7), shown(300, ecc_uncorrected_volatile=0))
    assert world.events == []
    world.read(shown(310, ecc_uncorrected_volatile=1))
    assert told(world) == [("ecc", 2, 1)]


def test_values_that_cannot_be_are_nothing() -> None:
    world = World()
    absurd = {
        "last_xid": 1e299,
        "ecc_uncorrected_volatile": 1e299,
        "clocks_event_reasons": -1.0,
        "gpu_temperature": 1e9,
    }
    world.read(
        *every(range(0, 100, 10), last_xid=0, ecc_uncorrected_volatile=0), *every(range(100, 300, 10), more=absurd)
    )
    assert world.events == []
    assert {each.score for each in world.scores} == {100.0}


def test_two_sources_of_one_gpu_count_once() -> None:
    world = World()
    for second, count in enumerate((3, 3, 5, 5)):
        reading = shown(10 * second, ecc_corrected_volatile=count)
        world.read(reading, shown(10 * second + 1, ecc_corrected_volatile=count)._replace(source="nvml", origin="nvml"))
    assert told(world) == [("ecc", 1, 2)]


@pytest.mark.parametrize("mask", [IDLE, CAPPED, IDLE | CAPPED, 2, 16, 256])
def test_what_a_healthy_card_shows_is_no_event(mask: int) -> None:
    world = World()
    world.read(*every(range(0, 600, 10), clocks_event_reasons=mask))
    assert world.events == []
    assert world.last_score("n1:0").score == 100


def test_one_poll_that_throttles_is_no_event() -> None:
    world = World()
    world.read(*every(range(0, 300, 10), clocks_event_reasons=0), shown(300, clocks_event_reasons=HOT))
    world.read(*every(range(310, 900, 10), clocks_event_reasons=0))
    assert world.events == []
    assert min(each.score for each in world.scores) == 100


def test_xid_of_the_kernels_log_lowers_the_score_of_its_gpu_and_is_not_told_again() -> None:
    world = World()
    world.read(*every(range(0, 120, 10), gpu_load=5))
    event = GpuEvent(
        id="k", kind="xid", number=79, host="n1", device="0000:3b:00", gpu="n1:0", source="xid", mode="live",
        name="GPU fell off the bus", action="reboot", severity="critical", text="", count=1,
        first=at(100), last=at(100),
    )  # fmt: skip
    world.hear(event)
    world.hear(event)
    world.read(*every(range(120, 300, 10), gpu_load=5))
    assert world.told == []
    assert world.last_score("n1:0").reasons[0].sentence == "Xid 79: GPU fell off the bus, 2 min ago"


def test_tracks_outlive_a_restart_at_any_reading() -> None:
    """Stored and read again after each: the same events, the same scores."""
    readings = [
        *every(range(0, 200, 10), last_xid=0, clocks_event_reasons=0, ecc_corrected_volatile=1, gpu_load=50),
        *every(range(200, 500, 10), last_xid=31, clocks_event_reasons=HOT, ecc_corrected_volatile=4, gpu_load=90),
    ]
    once, again = World(), World()
    once.read(*readings)
    for each in readings:
        again.read(each)
        tracks = {key: Track.decode(track.encode()) for key, track in again.fleet.of(()).items()}
        again.fleet.forget()
        again.fleet._read_all = lambda tracks=tracks: tracks  # type: ignore[misc]
    assert [each.id for each in once.events] == [each.id for each in again.events]
    assert once.events == again.events
    assert once.scores == again.scores
    assert len(once.scores) == 8
