"""The Spark session: everything about it stands in spark-defaults.conf, but for the name, the page's port and the
compilers of the JVM."""

from __future__ import annotations

from pyspark.sql import SparkSession

from telemetry.settings import Settings

_BOTH_COMPILERS = "-XX:+TieredCompilation"
"""The JVM's own way, in the place of what spark-defaults.conf says for short runs."""


def session(name: str, settings: Settings, *, lasts: bool) -> SparkSession:
    """The session of this process. One that ``lasts`` serves the driver's page on SPARK_UI_PORT, and its JVM, where it
    begins with the session, compiles what runs often a second time."""
    builder = SparkSession.builder.appName(name).config("spark.ui.enabled", str(lasts).lower())
    if lasts:
        builder = builder.config("spark.driver.defaultJavaOptions", _BOTH_COMPILERS)
    return builder.config("spark.ui.port", str(settings.spark_ui_port)).getOrCreate()
