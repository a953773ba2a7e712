"""Reports against a real HDFS."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hdfs import InsecureClient
from pyarrow import parquet

from dashboard.app import create_app
from dashboard.stores.reports_hdfs import HdfsReports
from support.console import Console, absent_stores
from support.engines import Hdfs

ROOT = "/api-reports"
START = datetime(2026, 11, 25, 10, tzinfo=UTC)
TABLE = pa.table(
    {
        "gpu": ["desk:0", "all"],
        "avg": [61.5, None],
        "start": pa.array([START, None], pa.timestamp("us", "UTC")),
        "demo": [False, True],
        "minutes": pa.array([[("power limit", 2.5)], None], pa.map_(pa.string(), pa.float64())),
    }
)


@pytest.fixture(scope="module")
def files(hdfs: Hdfs) -> InsecureClient:
    client = InsecureClient(hdfs.url, user=hdfs.user)
    sink = io.BytesIO()
    parquet.write_table(TABLE, sink)
    for day in ("2026-11-24", "2026-11-25"):
        client.write(f"{ROOT}/daily_statistics/date={day}/part-0.parquet", sink.getvalue(), overwrite=True)
    client.makedirs(f"{ROOT}/daily_statistics/_making-2026-11-26-x")
    client.write(f"{ROOT}/_state/commit.txt", b"1", overwrite=True)
    client.write(f"{ROOT}/documents/report-2026-11-25.pdf", b"%PDF-", overwrite=True)
    client.write(f"{ROOT}/documents/_making-report-2026-11-25.html-1", b"half", overwrite=True)
    client.write(f"{ROOT}/documents/report-2026-11-25.html", b"<!doctype html><p>hello", overwrite=True)
    return client


@pytest.fixture
def console(hdfs: Hdfs, files: InsecureClient, tmp_path: Path) -> Console:
    console = Console(tmp_path, webhdfs_url=hdfs.url, reports_path=ROOT)
    console.app = create_app(console.settings, replace(absent_stores(), reports=HdfsReports(console.settings)))
    return console


def test_reports_are_listed_with_their_days(console: Console) -> None:
    assert console.get("/api/v1/reports").json() == [
        {"name": "daily_statistics", "dates": ["2026-11-24", "2026-11-25"]}
    ]


def test_rows_are_those_of_the_file(console: Console) -> None:
    assert console.get("/api/v1/reports/daily_statistics/2026-11-25").json() == [
        {"gpu": "desk:0", "avg": 61.5, "start": START.isoformat(), "demo": False, "minutes": {"power limit": 2.5}},
        {"gpu": "all", "avg": None, "start": None, "demo": True, "minutes": None},
    ]


def test_parquet_is_the_file_itself(console: Console) -> None:
    answer = console.get("/api/v1/reports/daily_statistics/2026-11-24", format="parquet")
    assert parquet.read_table(io.BytesIO(answer.content)).equals(TABLE)
    assert 'filename="daily_statistics-2026-11-24.parquet"' in answer.headers["content-disposition"]


@pytest.mark.parametrize("path", ["daily_statistics/2026-11-26", "trends/2026-11-25", "daily_statistics/2026-02-31"])
def test_report_that_was_not_made_is_missing(console: Console, path: str) -> None:
    assert console.get(f"/api/v1/reports/{path}").status_code == 404


def test_pages_for_people_may_do_nothing(console: Console) -> None:
    found = {each["name"]: each["size"] for each in console.get("/api/v1/report-documents").json()}
    assert found == {"report-2026-11-25.html": 23, "report-2026-11-25.pdf": 5}
    assert console.get("/api/v1/report-documents/report-2026-11-25.pdf").headers["content-type"] == "application/pdf"
    answer = console.get("/api/v1/report-documents/report-2026-11-25.html")
    assert answer.text == "<!doctype html><p>hello"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["nothing.html", "..%2f_state%2fcommit.txt", "x.txt", ".hidden.html"])
def test_document_of_another_name_is_missing(console: Console, name: str) -> None:
    assert console.get(f"/api/v1/report-documents/{name}").status_code == 404


def test_before_the_first_batch_there_is_nothing_and_without_hdfs_it_is_away(hdfs: Hdfs, tmp_path: Path) -> None:
    for url, path, status in ((hdfs.url, "/never-made", 200), ("http://127.0.0.1:1", ROOT, 503)):
        console = Console(tmp_path / str(status), webhdfs_url=url, reports_path=path)
        console.app = create_app(console.settings, replace(absent_stores(), reports=HdfsReports(console.settings)))
        for list_of in ("reports", "report-documents"):
            answer = console.get(f"/api/v1/{list_of}")
            assert answer.status_code == status
            assert answer.json() == [] if status == 200 else answer.json()["store"] == "HDFS"
