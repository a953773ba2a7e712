"""What the tests of both programs share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from support.engines import free_ports

ROOT = Path(__file__).parents[3]


class Absent(NamedTuple):
    """Servers that are not there."""

    kafka: str
    hdfs: str
    environment: Mapping[str, str]


@pytest.fixture
def absent(tmp_path: Path) -> Absent:
    kafka, hdfs = (f"127.0.0.1:{port}" for port in free_ports(2))
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "HDFS_URL": f"hdfs://{hdfs}",
        "GPUSTREAM_RUN_DIR": str(tmp_path),
        "CONFIG_DIR": str(ROOT / "config"),
    }
    return Absent(kafka, hdfs, os.environ | settings)
