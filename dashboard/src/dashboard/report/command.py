"""``dashboard report``: the report of a day or a week, as an HTML page, as a PDF, or in a few sentences."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from dashboard.report import period as periods
from dashboard.report import tables as loading
from dashboard.report.build import Style, document
from dashboard.report.content import WORDS, Document
from dashboard.report.documents import Documents
from dashboard.report.html import page
from dashboard.report.period import Period
from dashboard.report.tables import Tables
from dashboard.stores.reports_hdfs import HdfsReports
from dashboard.stores.webhdfs import WebHdfs
from telemetry import catalogue
from telemetry.errors import Misconfigured
from telemetry.settings import Settings

EXAMPLES = """examples:
  dashboard report                                            the newest day, in a few sentences
  dashboard report --date 2026-11-22 --html report.html
  dashboard report --week 2026-W47 --html week.html --pdf week.pdf
  dashboard report --week 2026-W47 --keep                     in the lake: documents/report-2026-W47.html, .pdf
  dashboard report --date 2026-11-22 --gpu desk-01:0 --gpu desk-01:1 --pdf desk.pdf
  ./start.sh report --date 2026-11-22 --html report.html      the same, in either mode

exit status: 0 written, 1 there is no such report or HDFS is away, 2 misused
"""


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """The command ``report`` for ``dashboard``'s parser; ``run`` does it."""
    parser = subparsers.add_parser(
        "report",
        help="the report of a day or a week as a page, as a PDF, or in words",
        description="Makes one self-contained page of the report tables in the lake: what happened, what needs "
        "attention, GPU by GPU and compared. Without --html and --pdf it says in words what needs attention. The "
        "console keeps the document of each reported day in the lake by itself.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--date", metavar="D", help="a day, such as 2026-11-22 (default: the newest that was reported)")
    which.add_argument("--week", metavar="W", help="a week, such as 2026-W47, or a date in it")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as one HTML file")
    parser.add_argument("--pdf", type=Path, metavar="FILE", help="write the report as a PDF")
    parser.add_argument("--keep", action="store_true", help="keep it in the lake, beside the tables, as HTML and PDF")
    parser.add_argument("--gpu", action="append", metavar="HOST:N", default=[], help="only this GPU; may be repeated")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 0; raises Unavailable where there is no such report, Misconfigured where it cannot be written."""
    if options.keep and options.gpu:
        raise Misconfigured("--keep", f"--gpu {options.gpu[0]}", "one of the two: what is kept is of all GPUs")
    wanted = periods.day(options.date) if options.date else periods.week(options.week) if options.week else None
    settings = Settings.load()
    period, made = made_document(settings, wanted, options.gpu)
    if options.html is not None:
        _write("--html", options.html, page(made).encode())
    if options.pdf is not None:
        # Heavy to import, and not every report is printed.
        from dashboard.report.pdf import pdf

        _write("--pdf", options.pdf, pdf(made))
    if options.html is None and options.pdf is None:
        sys.stdout.write(in_words(made))
    if options.keep:
        from dashboard.report.pdf import pdf

        kept = Documents(settings, WebHdfs(settings)).keep(period, page(made).encode(), pdf(made))
        print(f"Kept in the lake: {' and '.join(kept)}")
    return 0


def made_document(settings: Settings, wanted: Period | None, gpus: list[str]) -> tuple[Period, Document]:
    """Of ``wanted``, or of the newest day; of ``gpus`` alone where any are named."""
    known = catalogue.load(settings.config_dir / "metrics.yaml")
    place = f"{settings.reports_path} on {settings.webhdfs_url}"
    found = loading.load(HdfsReports(settings), wanted, place)
    style = Style(settings.report_timezone, settings.energy_currency)
    return found.period, document(_of(found, gpus) if gpus else found, known, style)


def in_words(document: Document) -> str:
    """For a terminal."""
    said = [document.title, document.lead, ""]
    for chapter in document.chapters:
        if chapter.findings:
            said.append(chapter.title)
            said += [f"  {WORDS[each.tone]:<5} {each.text}" for each in chapter.findings]
    said.append("\nThe whole report: --html FILE, --pdf FILE")
    return "\n".join(said) + "\n"


def _of(tables: Tables, gpus: list[str]) -> Tables:
    known = [row["gpu"] for row in tables.gpus()]
    for gpu in gpus:
        if gpu not in known:
            raise Misconfigured("--gpu", repr(gpu), f"one of {', '.join(known)}")
    return tables.only(gpus)


def _write(option: str, path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Misconfigured(option, f"{path} ({error.strerror})", "a file that can be written") from error
