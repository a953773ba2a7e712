"""Real Kafka, HDFS and InfluxDB for tests, started through scripts/native/ on free ports.

Import it as `support.engines`: pyproject.toml puts `tests` on pytest's path. A test asks for the fixtures `kafka`,
`hdfs` and `influxdb` (one of each per session) or, if it kills its server, for `own_kafka`, `own_hdfs` and
`own_influxdb` (tests/integration/conftest.py). Without pytest:

    with Engines(tmp_path) as engines:
        engines.kafka().bootstrap

Every server dies with the process that started it, kill -9 of pytest included.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import socket
import subprocess
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

NATIVE = Path(__file__).parents[2] / "scripts" / "native"
ORG = "gpustream"
USER = "operator"


def free_ports(count: int) -> list[int]:
    """Ports below the range from which the kernel lends ports to outgoing connections: one of those could be taken
    while a killed server is down, and it must come back where it was."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def has_timescale() -> bool:
    """Whether the PostgreSQL that tests get (POSTGRES_HOME, or the newest installed) has TimescaleDB beside it."""
    found = subprocess.run([str(NATIVE / "postgres.sh"), "timescale"], capture_output=True, check=False)
    return found.returncode == 0


class Server:
    """One process of an engine: `scripts/native/<script> <command>`, which becomes the server by exec."""

    def __init__(self, script: str, command: str, environment: dict[str, str], log: Path, starter: ThreadPoolExecutor):
        self._command = ["setpriv", "--pdeathsig", "KILL", str(NATIVE / script), command]
        self._environment = environment
        self._log = log
        self._starter = starter
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self._command[-1]} of {self._command[-2]} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        if not self.running:
            # The death signal goes out when the *thread* that started the child ends, and a test may start a server
            # from a short-lived thread: hence one thread that lives as long as the engines.
            self._process = self._starter.submit(self._spawn).result()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """kill -9, and back only when it is dead."""
        self._end(signal.SIGKILL)

    def stop(self, seconds: float = 20) -> None:
        """The polite way; kill -9 when it takes too long."""
        try:
            self._end(signal.SIGTERM, seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def pause(self) -> None:
        """A server that is there and does not answer. It must be resumed (or killed) by the test."""
        os.kill(self.pid, signal.SIGSTOP)
        # Its threads go on until each has seen the signal (up to 0.1 s on a busy machine), and could answer once more.
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals, seconds: float | None = None) -> None:
        if self._process is None:
            return
        if self.running:
            self._process.send_signal(how)
            if how == signal.SIGTERM:
                self._process.send_signal(signal.SIGCONT)
        self._process.wait(seconds)
        self._process = None


@dataclass(frozen=True, slots=True)
class Engine:
    """What all engines can do. `start` returns when the engine answers; `kill` and `stop` when it is gone."""

    run_dir: Path
    environment: dict[str, str] = field(repr=False)
    script: str = field(repr=False)
    servers: tuple[Server, ...] = field(repr=False)

    def start(self) -> None:
        for server in self.servers:
            server.start()
        self.wait()

    def wait(self) -> None:
        self.call("wait")

    def kill(self) -> None:
        for server in self.servers:
            server.kill()

    def stop(self) -> None:
        for server in reversed(self.servers):
            server.stop()

    def call(self, command: str) -> None:
        """Runs `scripts/native/<script> <command>` and raises with its own words if it fails."""
        done = subprocess.run(
            [str(NATIVE / self.script), command], env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            logs = [path.read_text(errors="replace")[-2000:] for path in sorted((self.run_dir / "logs").glob("*.log"))]
            raise RuntimeError("\n".join([f"{self.script} {command} failed: {done.stderr}", *logs]))


@dataclass(frozen=True, slots=True)
class Kafka(Engine):
    bootstrap: str


@dataclass(frozen=True, slots=True)
class Hdfs(Engine):
    """`url` for WebHDFS (HdfsCLI: InsecureClient(url, user=user)), `uri` for Spark, pyarrow and deltalake."""

    url: str
    uri: str
    user: str
    """Who runs the NameNode, and so is its superuser."""

    @property
    def namenode(self) -> Server:
        return self.servers[0]

    @property
    def datanode(self) -> Server:
        return self.servers[1]


@dataclass(frozen=True, slots=True)
class InfluxDB(Engine):
    """Set up with one organisation and an operator's token; the first bucket is called `setup`."""

    url: str
    token: str = field(repr=False)
    org: str


@dataclass(frozen=True, slots=True)
class PostgreSQL(Engine):
    """With an empty database `gpustream` of the user of the same name."""

    port: int
    password_file: Path


class Engines:
    """Makes engines below one directory, each with data and ports of its own, and ends all of them at the end."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._made: list[Engine] = []
        self._starter = ThreadPoolExecutor(1, "engine-starter")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """kill, not stop: nobody reads these data again, and a polite end costs seconds."""
        for engine in reversed(self._made):
            engine.kill()
        self._starter.shutdown()

    def kafka(self) -> Kafka:
        port, controller = free_ports(2)
        run_dir, environment = self._place("kafka", {"KAFKA_PORT": port, "KAFKA_CONTROLLER_PORT": controller})
        script = "kafka.sh"
        engine = Kafka(
            run_dir=run_dir,
            environment=environment,
            script=script,
            servers=(self._server(script, "run", "kafka", run_dir, environment),),
            bootstrap=f"127.0.0.1:{port}",
        )
        self._bring_up(engine)
        return engine

    def hdfs(self) -> Hdfs:
        http, rpc, *datanode = free_ports(5)
        names = ("HDFS_DATANODE_PORT", "HDFS_DATANODE_HTTP_PORT", "HDFS_DATANODE_IPC_PORT")
        ports = {"HDFS_PORT": http, "HDFS_RPC_PORT": rpc, **dict(zip(names, datanode, strict=True))}
        run_dir, environment = self._place("hdfs", ports)
        script = "hdfs.sh"
        engine = Hdfs(
            run_dir=run_dir,
            environment=environment,
            script=script,
            servers=(
                self._server(script, "run-namenode", "namenode", run_dir, environment),
                self._server(script, "run-datanode", "datanode", run_dir, environment),
            ),
            url=f"http://127.0.0.1:{http}",
            uri=f"hdfs://127.0.0.1:{rpc}",
            user=subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip(),
        )
        self._bring_up(engine)
        return engine

    def influxdb(self, token: str | None = None) -> InfluxDB:
        (port,) = free_ports(1)
        run_dir, environment = self._place("influxdb", {"INFLUXDB_PORT": port})
        script = "influxdb.sh"
        engine = InfluxDB(
            run_dir=run_dir,
            environment=environment,
            script=script,
            servers=(self._server(script, "run", "influxdb", run_dir, environment),),
            url=f"http://127.0.0.1:{port}",
            token=token or secrets.token_urlsafe(32),
            org=ORG,
        )
        self._bring_up(engine)
        _set_up(engine)
        return engine

    def postgres(self, *, timescale: bool = False) -> PostgreSQL:
        """``timescale``: with TimescaleDB loaded; only where `has_timescale`."""
        (port,) = free_ports(1)
        run_dir, environment = self._place("postgres", {"POSTGRES_PORT": port})
        environment["POSTGRES_TIMESCALE"] = "auto" if timescale else "off"
        script = "postgres.sh"
        engine = PostgreSQL(
            run_dir=run_dir,
            environment=environment,
            script=script,
            servers=(self._server(script, "run", "postgres", run_dir, environment),),
            port=port,
            password_file=run_dir / "secrets" / "postgres-password",
        )
        self._bring_up(engine)
        return engine

    def _place(self, name: str, ports: dict[str, int]) -> tuple[Path, dict[str, str]]:
        run_dir = self._run_dir / f"{name}-{len(self._made)}"
        (run_dir / "logs").mkdir(parents=True)
        settings = {"GPUSTREAM_RUN_DIR": str(run_dir), **{key: str(port) for key, port in ports.items()}}
        return run_dir, os.environ | settings

    def _server(self, script: str, command: str, log: str, run_dir: Path, environment: dict[str, str]) -> Server:
        return Server(script, command, environment, run_dir / "logs" / f"{log}.log", self._starter)

    def _bring_up(self, engine: Engine) -> None:
        self._made.append(engine)
        engine.call("install")
        engine.call("configure")
        engine.start()


def _set_up(engine: InfluxDB) -> None:
    body = {
        "username": USER,
        "password": secrets.token_urlsafe(16),
        "org": engine.org,
        "bucket": "setup",
        "token": engine.token,
    }
    request = urllib.request.Request(
        f"{engine.url}/api/v2/setup", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30):
        pass
