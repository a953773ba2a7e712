"""The Spark session: everything about it stands in spark-defaults.conf, but for the name and the page's port."""

from __future__ import annotations

from pyspark.sql import SparkSession

from telemetry.settings import Settings


def session(name: str, settings: Settings, *, page: bool) -> SparkSession:
    """The session of this process; ``page`` says whether it serves the driver's page on SPARK_UI_PORT."""
    builder = SparkSession.builder.appName(name).config("spark.ui.enabled", str(page).lower())
    return builder.config("spark.ui.port", str(settings.spark_ui_port)).getOrCreate()
