from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession


@pytest.fixture(scope="package")
def spark() -> Iterator[SparkSession]:
    """One for all tests of reports: a session takes ten seconds to start."""
    session = SparkSession.builder.appName("reports").config("spark.ui.enabled", "false").getOrCreate()
    yield session
    session.stop()
