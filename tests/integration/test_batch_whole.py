"""A report of the nightly batch is there whole or not at all, whatever is killed and however many days there are."""

from __future__ import annotations

import gc
import io
import threading
from datetime import date

import pyarrow.parquet as pq
import pytest
from py4j.finalizer import ThreadSafeFinalizer

from spark_jobs.batch import Batch
from spark_jobs.report_list import REPORTS
from spark_jobs.report_store import ReportStore
from support.batch_place import CATALOGUE, FIRST, SECOND_DAY, Place, day

MAY_BE_EMPTY = {"temperature_spikes", "failures", "failure_risk"}

pytestmark = pytest.mark.timeout(2400)


@pytest.mark.long
def test_killed_at_any_moment_and_run_again_the_rows_are_the_same(place: Place) -> None:
    place.add_windows([(FIRST, 50.0), (SECOND_DAY, 60.0)])
    place.add([*day(FIRST), *day(SECOND_DAY)])
    for moment in (
        f"report=daily_statistics date={FIRST}",
        f"report=trends date={FIRST}",
        f"date={SECOND_DAY} reports=",
    ):
        place.killed(moment)
        # What is there is whole: every file can be read.
        assert place.rows()
    assert place.touched() == [FIRST, SECOND_DAY]
    found = place.rows()
    assert found.keys() == {(report.name, date) for report in REPORTS for date in (FIRST, SECOND_DAY)}
    assert all(rows for (name, _), rows in found.items() if name not in MAY_BE_EMPTY)
    Batch(place.spark, place.settings, CATALOGUE).run([date.fromisoformat(each) for each in (FIRST, SECOND_DAY)])
    assert place.rows() == found
    for report in REPORTS:
        leavings = place.web.list(f"{place.settings.reports_path}/{report.name}")
        assert [name for name in leavings if name.startswith("_")] == []


@pytest.mark.long
def test_plans_of_a_day_do_not_outlive_it(place: Place) -> None:
    """Each stands for a plan in the driver's memory: of a run over months all would be there at its end."""
    days = [f"2026-03-0{number}" for number in range(1, 5)]
    held = []
    for each in days:
        place.add(day(each))
    gc.disable()
    try:
        for each in days:
            Batch(place.spark, place.settings, CATALOGUE).run([date.fromisoformat(each)])
            held.append(len(ThreadSafeFinalizer.finalizers))
    finally:
        gc.enable()
    assert held[-1] < held[0] + 50, held


def test_reader_always_sees_one_whole_version(place: Place) -> None:
    """Twenty replacements under the eyes of a reader that lists the folder and reads what it finds."""
    store, versions, size = ReportStore(place.spark, place.settings), 20, 500
    folder = f"{place.settings.reports_path}/polled/date={FIRST}"
    seen: list[tuple[list[str], int, set[int]]] = []
    failures: list[Exception] = []
    done = threading.Event()

    def version(number: int) -> None:
        store.replace("polled", FIRST, place.spark.range(size).selectExpr(f"{number} AS version"))

    def poll() -> None:
        while not done.is_set():
            try:
                names = place.web.list(folder)
                with place.web.read(f"{folder}/{names[0]}") as stream:
                    column = pq.read_table(io.BytesIO(stream.read())).column("version").to_pylist()
            except Exception as error:  # whatever it is, a reader was disturbed
                failures.append(error)
            else:
                seen.append((names, len(column), set(column)))

    version(0)
    reader = threading.Thread(target=poll)
    reader.start()
    for number in range(1, versions + 1):
        version(number)
    done.set()
    reader.join()
    assert not failures
    assert {tuple(names) for names, _, _ in seen} == {("part-0.parquet",)}
    assert all(count == size and len(values) == 1 for _, count, values in seen)
    numbers = [next(iter(values)) for _, _, values in seen]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > versions / 2


def test_what_a_killed_run_left_is_swept_and_the_report_stays(place: Place) -> None:
    store = ReportStore(place.spark, place.settings)
    store.sweep("swept")  # nothing there yet
    store.replace("swept", FIRST, place.spark.range(3))
    root = f"{place.settings.reports_path}/swept"
    place.web.write(f"{root}/_making-{FIRST}-0/part-00000.parquet", b"half", overwrite=True)
    store.sweep("swept")
    assert place.web.list(root) == [f"date={FIRST}"]
    assert place.web.list(f"{root}/date={FIRST}") == ["part-0.parquet"]
