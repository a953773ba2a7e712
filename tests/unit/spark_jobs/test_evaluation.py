"""A labelled series in, precision, recall and delay out; bad files are said by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kafka_producer.simulate.labels import table as truth_of
from kafka_producer.simulate.scenarios import SCENARIOS
from spark_jobs.evaluation.command import Case, table
from spark_jobs.evaluation.labels import HEADER, Label, labels
from spark_jobs.evaluation.rivals import Rival, z_score
from spark_jobs.evaluation.score import Alarm, Score, scores
from spark_jobs.evaluation.series_file import readings
from spark_jobs.main import main
from support.detecting import CATALOGUE, START, simulated
from telemetry.reading import IMPLAUSIBLE
from telemetry.timestamp import SECOND, parse_time

NOON = parse_time("2026-01-15T12:00:00Z")
ROWS = [f"2026-01-15 12:{second // 60:02d}:{second % 60:02d},{70 if second < 60 else 97}" for second in range(120)]


def label(begin: float, end: float, kind: str = "limit", metric: str = "gpu_temperature", gpu: str = "a:0") -> Label:
    return Label(gpu, kind, metric, NOON + int(begin * SECOND), NOON + int(end * SECOND))


def alarm(begin: float, end: float, kind: str = "limit", metric: str = "gpu_temperature", *, is_fault: bool = True,
          gpu: str = "a:0") -> Alarm:  # fmt: skip
    start = NOON + int(begin * SECOND)
    return Alarm(gpu, kind, metric, start, NOON + int(end * SECOND), (start + 2 * SECOND,), is_fault)


def test_found_false_and_late_are_counted() -> None:
    wanted = [label(100, 200), label(1000, 1100), label(100, 200, "stuck")]
    told = [
        alarm(110, 190),
        alarm(5000, 5010),
        alarm(120, 130, "throttle", "perfcap_reason"),
        alarm(100, 200, gpu="b:0"),
    ]
    made = scores(told, wanted)
    # Beside a labelled fault another sign of it is no false alarm; far away, and of another GPU, it is.
    assert made["all"] == Score(3, 1, 4, 2, 12.0)
    assert made["limit"] == Score(2, 1, 3, 1, 12.0)
    assert made["stuck"] == Score(1, 0, 0, 0, None)
    assert (made["all"].recall, made["all"].precision) == (1 / 3, 0.5)
    assert made["stuck"].precision is None


def test_what_is_worth_knowing_finds_a_label_and_is_no_false_alarm() -> None:
    made = scores([alarm(100, 200, is_fault=False), alarm(9000, 9001, is_fault=False)], [label(100, 200)])
    assert made["all"] == Score(1, 1, 0, 0, 2.0)


def test_alarm_without_a_kind_finds_labels_of_its_metric() -> None:
    made = scores([alarm(100, 200, kind="")], [label(100, 200, "stuck"), label(100, 200, metric="gpu_load")])
    assert made["all"] == Score(2, 1, 1, 1, 2.0)


def test_alarm_that_began_before_is_counted_from_when_it_tells_of_the_label() -> None:
    long = alarm(0, 500)._replace(told=tuple(NOON + moment * SECOND for moment in (0, 50, 130, 140)))
    assert scores([long], [label(100, 200)])["all"] == Score(1, 1, 1, 1, 30.0)


def test_z_score_sees_a_spike_and_not_a_steady_line() -> None:
    spike = simulated("single-spike", seconds=1000, gpu="spike:0")
    assert "gpu_temperature" in {each.metric for each in z_score(spike, CATALOGUE)}
    steady = [each._replace(metrics={"gpu_temperature": 60.0}) for each in spike]
    assert z_score(steady, CATALOGUE) == []


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_series_is_read_by_the_catalogue_s_names_and_by_those_of_gpu_z(tmp_path: Path) -> None:
    named = write(tmp_path / "a.csv", "time,gpu,gpu_temperature,odd_sensor", "2026-01-15T12:00:00Z,x:1,900,1", "",
                  "2026-01-15T13:00:01+01:00,x:1,-,2.5")  # fmt: skip
    first, second = readings(named, CATALOGUE)
    assert (first.gpu, first.host, first.time, first.flags) == ("x:1", "x", NOON, {"gpu_temperature": IMPLAUSIBLE})
    assert (second.time, second.metrics) == (NOON + SECOND, {"odd_sensor": 2.5})
    log = tmp_path / "log.txt"
    log.write_bytes(
        "Date , GPU Temperature [°C] , GPU Load [%] ,\n2026-01-15 12:00:00 , 61.0 , 3 ,\n".encode("latin-1")
    )
    (reading,) = readings(log, CATALOGUE, "desk:0")
    assert (reading.gpu, reading.time) == ("desk:0", NOON)
    assert reading.metrics == {"gpu_temperature": 61.0, "gpu_load": 3.0}


GOOD_LABELS = (",".join(HEADER), "local:0,limit,gpu_temperature,2026-01-15 12:01:00,2026-01-15 12:02:00")


@pytest.mark.parametrize(
    ("series", "truth", "message"),
    [
        (["gpu_temperature", "1"], GOOD_LABELS, "line 1: found 'gpu_temperature'; expected a header with a col"),
        (["time,gpu_temperature"], GOOD_LABELS, "found no rows"),
        (["time,gpu_temperature", "noon,1"], GOOD_LABELS, "line 2: found time 'noon'; expected a time like"),
        (["time,gpu_temperature", "2026-01-15 12:00:00,hot"], GOOD_LABELS, "found gpu_temperature 'hot'; expected a n"),
        (["time,gpu_temperature", "2026-01-15 12:00:00"], GOOD_LABELS, "line 2: found 1 cells; expected 2"),
        (["time,gpu,gpu_load", "2026-01-15 12:00:00,desk 1,3"], GOOD_LABELS, "found gpu 'desk 1'; expected a n"),
        (["time,gpu_temperature", *ROWS], ["gpu,start,end"], "line 1: found 'gpu,start,end'; expected gpu,kind,metric"),
        (["time,gpu_temperature", *ROWS], [GOOD_LABELS[0], "local:0,odd,x,2026-01-15,2026-01-15"], "found kind 'odd'"),
        (["time,gpu_temperature", *ROWS], [GOOD_LABELS[0], "local:0,limit,x,2026-01-15"], "line 2: found 4 cells"),
        (["time,gpu_temperature", *ROWS], [GOOD_LABELS[0], "local:0,limit,x,2026-01-15,2026-01-14"], "an end at"),
        (["time,gpu_temperature", *ROWS], [GOOD_LABELS[0], "z:0,limit,x,2026-01-15,2026-01-15"], "found gpu 'z:0'"),
    ],
)  # fmt: skip
def test_bad_files_are_said_by_line(
    series: list[str], truth: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = write(tmp_path / "series.csv", *series), write(tmp_path / "labels.csv", *truth)
    assert main(["evaluate", "anomalies", "--csv", str(paths[0]), "--labels", str(paths[1])]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert str(tmp_path) in said


def test_missing_file_and_uneven_pairs_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = ["evaluate", "anomalies", "--csv", str(tmp_path / "none.csv"), "--labels", str(tmp_path / "none")]
    assert main(missing) == 2
    assert "none.csv: found No such file or directory" in capsys.readouterr().err
    assert main([*missing, "--csv", "another.csv"]) == 2
    assert "2 --csv and 1 --labels" in capsys.readouterr().err


def test_command_prints_a_table_and_puts_it_between_the_marks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = write(tmp_path / "hot.csv", "time,gpu_temperature", *ROWS)
    truth = write(tmp_path / "labels.csv", *GOOD_LABELS)
    begin, end = "<!-- evaluation: begin, written by scripts/evaluate-anomalies.sh -->", "<!-- evaluation: end -->"
    page = write(tmp_path / "page.md", "before", begin, "old", end, "after")
    options = ["evaluate", "anomalies", "--csv", str(series), "--labels", str(truth), "--into", str(page)]
    assert main([*options, "--note", "Made today."]) == 0
    printed = capsys.readouterr().out
    assert "| hot | gpustream | all | 1 | 1 | 1.00 | 1 | 1 | 1.00 | 0 |" in printed
    assert "| hot | static limits | all | 1 | 1 | 1.00 | 1 | 1 | 1.00 | 0 |" in printed
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{begin}\n\nMade today.\n\n| series |")
    assert text.endswith(f"|\n\n{end}\nafter\n")
    assert "old" not in text
    assert main([*options, "--into", str(series)]) == 2
    assert "no marks" in capsys.readouterr().err


def test_detector_that_loses_is_said_to_lose() -> None:
    case = Case("odd", simulated("idle", seconds=60, gpu="a:0"), [label(100, 200)])
    silent, seeing = Rival("ours", lambda _: []), Rival("theirs", lambda _: [alarm(110, 190)])
    assert "ours loses:\n\n- odd: theirs finds 1 of 1 labels, not 0" in table([case], [silent, seeing])
    assert "loses" not in table([case], [seeing, silent])


def test_labels_of_the_simulator_are_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(truth_of(SCENARIOS["failing-fan"], gpu="local:0", start=START, duration=360), encoding="utf-8")
    found = labels(path)
    assert {each.kind for each in found} >= {"limit", "throttle"}
