"""`dashboard report` on report tables in a real HDFS: what it writes, and what it says where there is nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hdfs import InsecureClient

from dashboard.main import main
from dashboard.report.documents import BATCH, Documents
from dashboard.report.keeper import DocumentKeeper
from dashboard.report.tables import LAST as LAST_REPORT
from dashboard.stores.reports_hdfs import HdfsReports
from dashboard.stores.webhdfs import WebHdfs
from spark_jobs.batch import MARK
from spark_jobs.report_list import REPORTS as REPORTS_OF_THE_BATCH
from support.engines import Hdfs, free_ports
from support.report_lake import put
from support.report_page import ParsedPage
from support.report_rows import DEMO, DESK, LAST, REPORTS, WORN, of, of_all
from telemetry.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def root(hdfs: Hdfs) -> str:
    """REPORTS_PATH with the tables of one day."""
    client = InsecureClient(hdfs.url, user=hdfs.user)
    folder = "/report-document/gpu-analytics"
    gpus = (DESK, WORN, DEMO)
    for report in REPORTS:
        rows = [row for gpu in gpus for row in of(report, gpu, LAST)] + of_all(report, gpus, LAST)
        put(client, f"{folder}/{report}/date={LAST}/part-0.parquet", rows)
    put(client, f"{folder}/summary/date=2026-11-20/part-0.parquet", of("summary", DESK, date(2026, 11, 20))[:0])
    return folder


@pytest.fixture
def place(hdfs: Hdfs, root: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {
        "WEBHDFS_URL": hdfs.url,
        "HADOOP_USER_NAME": hdfs.user,
        "REPORTS_PATH": root,
        "CONFIG_DIR": str(ROOT / "config"),
        "REPORT_TIMEZONE": "UTC",
    }.items():
        monkeypatch.setenv(name, value)
    return root


def test_page_and_paper_are_made_of_the_tables(place: str, tmp_path: Path) -> None:
    html, pdf = tmp_path / "report.html", tmp_path / "report.pdf"
    assert main(["report", "--html", str(html), "--pdf", str(pdf)]) == 0
    parsed = ParsedPage(html.read_text(encoding="utf-8"))
    (row,) = of("summary", WORN, LAST)
    compared = parsed.table("all", "summary")
    assert compared.column("energy")[WORN][1] == row["energy_kwh"]
    assert "14:03:22" in parsed.texts["gpu-desk-1"]
    assert "thermal limit" in parsed.texts["gpu-desk-1"]
    assert pdf.read_bytes().startswith(b"%PDF-")


def test_without_a_file_it_says_what_needs_attention(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--week", "2026-W47", "--gpu", WORN]) == 0
    said = capsys.readouterr().out
    assert said.startswith("GPU report, Week 47 of 2026\n1 GPU sent 75,600 readings.")
    assert "  Act   desk:1: GPU temperature went beyond its limit" in said
    assert DESK not in said


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--date", "2026-01-01"], 1, "no reports of 2026-01-01: found those of 2 days from 2026-11-20 to 2026-11-22"),
        (["--date", "2026-11-20"], 1, "the reports of 2026-11-20 are empty: found no row"),
        (["--date", "22.11.2026"], 2, "--date: found '22.11.2026'; expected a date such as 2026-11-22"),
        (["--week", "2026-W60"], 2, "--week: found '2026-W60'; expected a week"),
        (["--gpu", "nobody:0"], 2, "--gpu: found 'nobody:0'; expected one of desk:0, desk:1, demo-01:0"),
        (["--html", "/nowhere/report.html"], 2, "--html: found /nowhere/report.html (No such file or directory)"),
    ],
)
def test_what_cannot_be_made_is_one_clear_line(
    place: str, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, said: str
) -> None:
    assert main(["report", *arguments]) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"dashboard: {said}")
    assert printed.err.count("\n") == 1


def test_lake_that_has_no_reports_or_does_not_answer_is_one_clear_line(
    place: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTS_PATH", "/report-document/empty")
    assert main(["report"]) == 1
    assert "no reports yet: found nothing in /report-document/empty" in capsys.readouterr().err
    monkeypatch.setenv("WEBHDFS_URL", f"http://127.0.0.1:{free_ports(1)[0]}")
    assert main(["report"]) == 1
    assert "dashboard: HDFS: http://127.0.0.1:" in capsys.readouterr().err


def test_broken_table_is_named(place: str, hdfs: Hdfs, capsys: pytest.CaptureFixture[str]) -> None:
    client = InsecureClient(hdfs.url, user=hdfs.user)
    client.write(f"{place}/summary/date=2026-11-21/part-0.parquet", data=b"no Parquet", overwrite=True)
    assert main(["report", "--date", "2026-11-21"]) == 1
    client.delete(f"{place}/summary/date=2026-11-21", recursive=True)
    assert "report 'summary' of 2026-11-21 is no Parquet file that can be read" in capsys.readouterr().err


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def own(hdfs: Hdfs, place: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Documents:
    """Reports of two days that no other test sees; the second has no readings."""
    client = InsecureClient(hdfs.url, user=hdfs.user)
    folder = f"/report-document/{request.node.name}"
    for report in REPORTS:
        put(
            client,
            f"{folder}/{report}/date={LAST}/part-0.parquet",
            of(report, WORN, LAST) or [{"gpu": "", "demo": True}],
        )
        put(client, f"{folder}/{report}/date=2026-11-20/part-0.parquet", [])
    monkeypatch.setenv("REPORTS_PATH", folder)
    settings = Settings.load()
    return Documents(settings, WebHdfs(settings))


def test_document_is_kept_beside_the_tables_and_is_older_once_they_are_made_again(
    own: Documents, hdfs: Hdfs, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings.load()
    assert list(own.stale()) == [LAST, date(2026, 11, 20)]
    assert main(["report", "--keep", "--date", str(LAST)]) == 0
    kept = [f"{settings.reports_path}/documents/report-{LAST}.{kind}" for kind in ("html", "pdf")]
    assert f"Kept in the lake: {kept[0]} and {kept[1]}\n" in capsys.readouterr().out
    assert list(own.stale()) == [date(2026, 11, 20)]
    # As the console finds it.
    reports = HdfsReports(settings)
    assert {each.name for each in reports.documents()} == {f"report-{LAST}.html", f"report-{LAST}.pdf"}
    assert "demo-01" not in reports.document(f"report-{LAST}.html").decode()
    assert (WebHdfs(settings).read(kept[1]) or b"").startswith(b"%PDF-")
    client = InsecureClient(hdfs.url, user=hdfs.user)
    put(client, f"{settings.reports_path}/baselines/date={LAST}/part-0.parquet", of("baselines", WORN, LAST))
    assert list(own.stale()) == [LAST, date(2026, 11, 20)]
    assert main(["report", "--keep", "--date", str(LAST), "--gpu", WORN]) == 2


def test_keeper_makes_what_is_older_once_and_goes_on_after_what_cannot_be_made(own: Documents) -> None:
    settings = Settings.load()
    files, folder = WebHdfs(settings), f"{settings.reports_path}/documents"
    with DocumentKeeper(settings, look_seconds=0.1):
        until(lambda: LAST not in own.stale())
        before = files.entries(folder)
        # The day without readings has none, and is not asked for again at each look.
        time.sleep(1.0)
    assert {entry.name for entry in before} == {f"report-{LAST}.html", f"report-{LAST}.pdf"}
    assert files.entries(folder) == before
    with DocumentKeeper(settings, look_seconds=0.1):
        time.sleep(1.0)
    assert files.entries(folder) == before


def test_report_that_the_keeper_waits_for_is_the_last_of_the_batch() -> None:
    assert REPORTS_OF_THE_BATCH[-1].name == LAST_REPORT
    assert set(REPORTS) <= {each.name for each in REPORTS_OF_THE_BATCH}
    assert f"{MARK}.txt" == BATCH


def test_file_is_replaced_in_one_step_under_the_eyes_of_a_reader(place: str) -> None:
    files = WebHdfs(Settings.load())
    folder, versions = "/report-document/replaced", 20
    path = f"{folder}/file.html"
    seen: list[bytes | None] = []
    failures: list[Exception] = []
    done = threading.Event()
    files.replace(path, b"0" * 100_000)

    def read() -> None:
        reader = WebHdfs(Settings.load())
        while not done.is_set():
            try:
                seen.append(reader.read(path))
            except Exception as error:  # whatever it is, a reader was disturbed
                failures.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for version in range(1, versions):
        files.replace(path, str(version % 10).encode() * 100_000)
    done.set()
    thread.join()
    assert failures == []
    assert None not in seen
    assert {len(content) for content in seen if content} == {100_000}
    assert all(len(set(content)) == 1 for content in seen if content)
    assert [entry.name for entry in files.entries(folder)] == ["file.html"]


def test_what_a_killed_writer_left_is_swept(place: str, hdfs: Hdfs) -> None:
    client = InsecureClient(hdfs.url, user=hdfs.user)
    client.write("/report-document/swept/_making-report.html-0", data=b"half")
    client.write("/report-document/swept/report.html", data=b"whole")
    files = WebHdfs(Settings.load())
    files.sweep("/report-document/swept")
    assert [entry.name for entry in files.entries("/report-document/swept")] == ["report.html"]
    assert files.entries("/report-document/nothing") == []
    assert files.read("/report-document/nothing") is None
