"""Settings of Spark and of the lake's blocks reach the file that every spark-submit reads."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def defaults(**settings: str) -> dict[str, str]:
    done = subprocess.run(
        [str(ROOT / "scripts" / "spark-defaults.sh")],
        env={"PATH": os.environ["PATH"], "JARS": "/jars", "SPARK_PYTHON": "python"} | settings,
        check=True,
        capture_output=True,
        text=True,
    )
    lines = (line.split(maxsplit=1) for line in done.stdout.splitlines() if line and not line.startswith("#"))
    return {name: value.strip() for name, value in lines}


@pytest.mark.parametrize(
    ("setting", "value", "key"),
    [
        ("SPARK_DRIVER_MEMORY", "2g", "spark.driver.memory"),
        ("SPARK_EXECUTOR_MEMORY", "3g", "spark.executor.memory"),
        ("SPARK_CORES", "7", "spark.cores.max"),
        ("SPARK_UI_PORT", "14040", "spark.ui.port"),
        ("HDFS_REPLICATION", "3", "spark.hadoop.dfs.replication"),
    ],
)
def test_setting_is_what_spark_reads(setting: str, value: str, key: str) -> None:
    assert defaults()[key] != value
    assert defaults(**{setting: value})[key] == value


def test_nothing_is_left_to_fill_in() -> None:
    assert not [value for value in defaults().values() if "@" in value]
