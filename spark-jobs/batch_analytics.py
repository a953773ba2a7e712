"""The nightly batch: readings of the lake -> reports, as Parquet on HDFS and as rows on the topic gpu-reports."""

from __future__ import annotations

import argparse
import logging
import sys
from datetime import date, timedelta

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException

from spark_jobs.batch import Batch
from spark_jobs.causes import cause
from spark_jobs.run_lock import alone
from spark_jobs.servers import Servers
from spark_jobs.session import session
from telemetry import catalogue, logs, topics
from telemetry.catalogue import Catalogue
from telemetry.clock import SystemClock
from telemetry.errors import Misconfigured
from telemetry.settings import Settings

logger = logging.getLogger("batch")
EXAMPLES = """examples:
  spark-submit spark-jobs/batch_analytics.py                       every day of which readings came since the last run
  spark-submit spark-jobs/batch_analytics.py --date 2026-11-22
  spark-submit spark-jobs/batch_analytics.py --from 2026-11-01 --to 2026-11-22
"""


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 done, 1 a server went away, 2 misconfigured or misused."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.date and (options.first or options.last):
        parser.error("--date stands alone; a span is --from D --to D")
    if bool(options.first) != bool(options.last):
        parser.error("--from and --to belong together")
    if options.first and options.first > options.last:
        parser.error(f"--from {options.first} is after --to {options.last}")
    try:
        return _batch(options)
    except Misconfigured as error:
        print(f"batch_analytics: {error}", file=sys.stderr)
        return 2


def _batch(options: argparse.Namespace) -> int:
    """Exit status 0 or 1. Raises Misconfigured, also for what was changed while the batch ran."""
    settings = Settings.load()
    logs.configure("batch", settings.log_level)
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    # Needed only once the lake is compacted: what is wrong in it is said before Spark begins.
    topics.load(settings.config_dir / "topics.yaml")
    servers = Servers.of(settings, SystemClock())
    logging.getLogger("py4j").setLevel(logging.WARNING)
    try:
        with alone(settings.state_dir):
            _run(settings, metrics, options)
    except (PySparkException, Py4JError) as error:
        away = servers.away(at_once=True)
        # With a server away the trace says nothing that its absence does not.
        words = "ended error=%s: what is made stands, the next run makes the rest"
        logger.error(words, cause(error), exc_info=not away)  # noqa: TRY400
        if away:
            print(
                f"batch_analytics: found {' and '.join(away)} away, expected it to answer: ./start.sh status",
                file=sys.stderr,
            )
        return 1
    return 0


def _run(settings: Settings, metrics: Catalogue, options: argparse.Namespace) -> None:
    spark = session("gpustream batch", settings, page=False)
    batch = Batch(spark, settings, metrics)
    if options.date:
        batch.run([options.date])
    elif options.first:
        span = (options.last - options.first).days
        batch.run([options.first + timedelta(days=n) for n in range(span + 1)])
    else:
        days = batch.run_touched()
        print(f"reports made for {len(days)} days" + (f": {days[0]} to {days[-1]}" if days else ""))
    spark.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="batch_analytics.py",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--date", type=date.fromisoformat, metavar="D", help="one day, such as 2026-11-22")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, metavar="D", help="the first day of a span")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, metavar="D", help="the last day of a span")
    return parser


if __name__ == "__main__":
    sys.exit(main())
