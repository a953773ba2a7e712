"""An official server of engines on 127.0.0.1, and a machine that knows no other: for the tests of scripts/native/.

`mvn` is a stand-in that writes an empty jar.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NATIVE = Path(__file__).parents[2] / "scripts" / "native"


INFLUXD = b"#!/bin/sh\necho InfluxDB v2.9.1\n"


def archive_of(*names: str, content: bytes = INFLUXD) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(f"top/{name}")
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


ARCHIVE = archive_of("libs/kafka_2.13-official.jar", "bin/kafka-server-start.sh")
DIGEST = hashlib.sha512(ARCHIVE).hexdigest()


def as_coreutils(name: str, digest: str) -> str:
    return f"{digest}  {name}\n"


def as_bsd(name: str, digest: str) -> str:
    return f"SHA512 ({name}) = {digest}\n"


def as_gpg(name: str, digest: str) -> str:
    """What Kafka's release manager publishes: groups of eight over several lines."""
    groups = [digest[i : i + 8].upper() for i in range(0, len(digest), 8)]
    lines = [" ".join(groups[i : i + 4]) for i in range(0, len(groups), 4)]
    return f"{name}: " + f"\n{' ' * (len(name) + 2)}".join(lines) + "\n"


class OfficialServer:
    """Serves one archive under any name, and its checksum beside it."""

    def __init__(self) -> None:
        self.archive = ARCHIVE
        self.checksum: Callable[[str], str] = lambda name: as_coreutils(name, DIGEST)
        self.hanging = threading.Event()
        self.over = threading.Event()
        self.cut_after: int | None = None
        self.asked: list[str] = []
        official = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                official.asked.append(f"{self.command} {self.path}")
                if official.hanging.is_set():
                    official.over.wait(120)  # longer than any install may take
                    return
                name = self.path.rpartition("/")[2]
                base, _, kind = name.rpartition(".")
                body = official.checksum(base).encode() if kind in {"sha256", "sha512"} else official.archive
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body[: official.cut_after])

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()


class Site:
    """A machine of its own: an empty cache, a PATH with our `mvn`, and the official hosts replaced by ours."""

    def __init__(self, root: Path, official: OfficialServer) -> None:
        self.cache = root / "cache"
        self.registry_calls = root / "mvn-calls"
        self.mvn = root / "bin" / "mvn"
        self.mvn.parent.mkdir()
        self.registry_answers_after(0)
        installed = {"KAFKA_HOME", "INFLUXD", "GRAFANA_HOME"}
        self.environment = {key: value for key, value in os.environ.items() if key not in installed} | {
            "PATH": f"{self.mvn.parent}:{os.environ['PATH']}",
            "GPUSTREAM_CACHE": str(self.cache),
            "GPUSTREAM_RUN_DIR": str(root / "run"),
            "GPUSTREAM_APACHE_DOWNLOADS": official.url,
            "GPUSTREAM_INFLUXDATA_DOWNLOADS": official.url,
            "GPUSTREAM_GRAFANA_DOWNLOADS": official.url,
        }

    def registry_answers_after(self, seconds: float) -> None:
        # maven.sh asks for the jars by -DoutputDirectory=DIR.
        self.mvn.write_text(
            "#!/bin/sh\n"
            f'echo "$$" >>"{self.registry_calls}"\n'
            "for word; do case $word in -DoutputDirectory=*) dir=${word#*=} ;; esac; done\n"
            'mkdir -p "$dir"\n'
            f"sleep {seconds}\n"
            'touch "$dir/kafka_2.13-registry.jar"\n'
        )
        self.mvn.chmod(0o755)

    def start(self, script: str = "kafka.sh", **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            # Under nohup these tests would hand on that a hang-up is ignored, and no shell can undo that.
            ["env", "--default-signal=HUP", str(NATIVE / script), "install"],
            env=self.environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def install(self, script: str = "kafka.sh", **settings: str) -> tuple[int, str]:
        process = self.start(script, **settings)
        stdout, stderr = process.communicate(timeout=60)
        assert stdout == "", "progress belongs to stderr"
        return process.returncode, stderr

    def jars(self) -> list[str]:
        return sorted(path.name for path in self.cache.glob("kafka-*/libs/*.jar"))

    def registry_was_asked(self) -> int:
        return len(self.registry_calls.read_text().splitlines()) if self.registry_calls.exists() else 0

    def left_over(self) -> list[str]:
        return [path.name for path in self.cache.glob(".partial-*")]
