"""What the console needs to be real: the engines, our processes between them, and `dashboard serve` in front."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from support.engines import ORG, Engines, PostgreSQL, free_ports
from support.identities import eventually

ROOT = Path(__file__).parents[2]
ROLES = ("viewer", "operator", "admin")


@dataclass
class ConsolePlatform:
    """One of everything, in a folder and on ports of its own. Each process dies with the one that started it."""

    folder: Path
    engines: Engines
    environment: dict[str, str] = field(default_factory=dict)
    url: str = ""
    hdfs_user: str = ""
    postgres: PostgreSQL | None = None
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _starter: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "process-starter"))

    def __enter__(self) -> Self:
        # Together: each of them waits for a server most of the time.
        with ThreadPoolExecutor(4) as together:
            kafka, influxdb = together.submit(self.engines.kafka), together.submit(self.engines.influxdb)
            postgres, hdfs = together.submit(self.engines.postgres), together.submit(self.engines.hdfs)
        (port,) = free_ports(1)
        run_dir = self.folder / "run"
        secrets = run_dir / "secrets"
        secrets.mkdir(parents=True)
        for role in ROLES:
            (secrets / f"console-{role}-token").write_text(self.token(role))
        for name in ("state", "uploads"):
            (run_dir / name).mkdir()
        self.data.mkdir()
        self.url = f"http://127.0.0.1:{port}"
        self.environment = os.environ | {
            "GPUSTREAM_RUN_DIR": str(run_dir),
            "KAFKA_BOOTSTRAP_SERVERS": kafka.result().bootstrap,
            "INFLUXDB_URL": influxdb.result().url,
            "INFLUXDB_TOKEN": influxdb.result().token,
            "INFLUXDB_ORG": ORG,
            "POSTGRES_PORT": str(postgres.result().port),
            "POSTGRES_PASSWORD_FILE": str(postgres.result().password_file),
            "HDFS_URL": hdfs.result().uri,
            "WEBHDFS_URL": hdfs.result().url,
            "CONSOLE_PORT": str(port),
        }
        self.hdfs_user = hdfs.result().user
        self.postgres = postgres.result()
        self.run("kafka-producer", "topics")
        self.run("kafka-consumers", "influxdb-setup")
        self.start("influxdb-writer", "kafka-consumers", "influxdb")
        self.start("alert-engine", "kafka-consumers", "alerts")
        self.start("watch", "kafka-producer", "watch", str(self.data), str(run_dir / "uploads"))
        self.start("console", "dashboard", "serve")
        eventually(self._answers, bool)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._starter.shutdown()

    @property
    def data(self) -> Path:
        """The drop folder."""
        return self.folder / "data"

    def token(self, role: str) -> str:
        return f"{role}-token-of-the-browser-test"

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def run(self, command: str, *arguments: str) -> str:
        """One of our commands, to its end."""
        done = subprocess.run(
            [self._path(command), *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, name: str, command: str, *arguments: str) -> None:
        """One of our processes, for as long as this lives."""
        # The death signal goes out when the thread that started the child ends (support/engines.py).
        self._processes[name] = self._starter.submit(self._spawn, name, command, *arguments).result()

    def _spawn(self, name: str, command: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", self._path(command), *arguments],
                env=self.environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def _path(self, command: str) -> str:
        return str(Path(sys.executable).with_name(command))

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False
