"""docker-compose.yml as Compose understands it; no engine is asked."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def effective_services(**settings: str) -> dict[str, dict[str, Any]]:
    """Service -> its configuration, of all profiles, with these settings in the environment."""
    command = ["docker", "compose", "--project-directory", str(ROOT), "--profile", "*", "config", "--format", "json"]
    environment = os.environ | {"GPUSTREAM_UID": "10001", "GPUSTREAM_GID": "10001"} | settings
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    services: dict[str, dict[str, Any]] = json.loads(output)["services"]
    return services
