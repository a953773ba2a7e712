"""The Spark session: everything about it stands in spark-defaults.conf, but for the name and the page's port."""

from __future__ import annotations

import gc

from pyspark.sql import SparkSession

from telemetry.settings import Settings


def session(name: str, settings: Settings, *, page: bool) -> SparkSession:
    """The session of this process; ``page`` says whether it serves the driver's page on SPARK_UI_PORT."""
    builder = SparkSession.builder.appName(name).config("spark.ui.enabled", str(page).lower())
    return builder.config("spark.ui.port", str(settings.spark_ui_port)).getOrCreate()


def forget_plans() -> None:
    """Lets the JVM forget the plans of frames that nobody here holds any more.

    PySpark's frames lie in reference cycles. Python, which does not know how large a plan is in the JVM, looks for
    cycles too seldom: the plans of a day's reports are 20 MB of the 512 that the driver has, and a run over
    some ten days would have none left.
    """
    gc.collect()
