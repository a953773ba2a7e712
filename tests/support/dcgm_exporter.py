"""Pages as dcgm-exporter writes them, and a server of them that can hang, lie and go away. Real sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

NOT_SUPPORTED = 0x7FFFFFFFFFFFFFF2
"""How DCGM says that a card has no such value; the exporter's own README shows it as a memory temperature."""
OLD: Mapping[str, float] = {
    "DCGM_FI_DEV_SM_CLOCK": 1410, "DCGM_FI_DEV_MEM_CLOCK": 1593, "DCGM_FI_DEV_MEMORY_TEMP": 52,
    "DCGM_FI_DEV_GPU_TEMP": 61, "DCGM_FI_DEV_POWER_USAGE": 311.5, "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": 1_234_567_890,
    "DCGM_FI_DEV_PCIE_REPLAY_COUNTER": 2, "DCGM_FI_DEV_GPU_UTIL": 97, "DCGM_FI_DEV_MEM_COPY_UTIL": 41,
    "DCGM_FI_DEV_XID_ERRORS": 0, "DCGM_FI_DEV_FB_FREE": 30_000, "DCGM_FI_DEV_FB_USED": 10_000,
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS": 1, "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS": 3,
    "DCGM_FI_DEV_ROW_REMAP_FAILURE": 0, "DCGM_FI_PROF_GR_ENGINE_ACTIVE": 0.875,
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": 0.5, "DCGM_FI_PROF_PCIE_TX_BYTES": 1_500_000_000,
    "DCGM_FI_DEV_VGPU_LICENSE_STATUS": 0,
}  # fmt: skip
RENAMED = {
    "DCGM_FI_DEV_MEMORY_TEMP": "DCGM_FI_DEV_MEMORY_TEMP_CELSIUS",
    "DCGM_FI_DEV_GPU_TEMP": "DCGM_FI_DEV_GPU_TEMP_CELSIUS",
    "DCGM_FI_DEV_POWER_USAGE": "DCGM_FI_DEV_BOARD_POWER_WATTS",
    "DCGM_FI_DEV_PCIE_REPLAY_COUNTER": "DCGM_FI_DEV_PCIE_REPLAY_TOTAL",
    "DCGM_FI_DEV_GPU_UTIL": "DCGM_FI_DEV_GPU_UTIL_RATIO",
    "DCGM_FI_DEV_XID_ERRORS": "DCGM_FI_DEV_XID_ERROR",
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS": "DCGM_FI_DEV_ROW_REMAP_UNCORRECTABLE_TOTAL",
    "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS": "DCGM_FI_DEV_ROW_REMAP_CORRECTABLE_TOTAL",
    "DCGM_FI_DEV_ROW_REMAP_FAILURE": "DCGM_FI_DEV_ROW_REMAP_FAILED",
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": "DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO",
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": "DCGM_FI_PROF_TENSOR_UTIL_RATIO",
}
NEW: Mapping[str, float] = {
    RENAMED.get(name, name): value / 100 if name == "DCGM_FI_DEV_GPU_UTIL" else value for name, value in OLD.items()
}


class Gpu(NamedTuple):
    """A GPU of a page, or a part of one."""

    number: int
    host: str = "node-1"
    host_label: str = "Hostname"
    instance: str = ""
    profile: str = ""

    def labels(self) -> str:
        pairs = {
            "gpu": str(self.number), "UUID": f"GPU-0000000{self.number}-1111-2222-3333-444444444444",
            "device": f"nvidia{self.number}", "modelName": "NVIDIA A100-SXM4-40GB", self.host_label: self.host,
            "container": "", "namespace": "", "pod": "",
        } | ({"GPU_I_ID": self.instance, "GPU_I_PROFILE": self.profile} if self.instance else {})  # fmt: skip
        return ",".join(f'{name}="{value}"' for name, value in pairs.items())


def page(gpus: list[Gpu], values: Mapping[str, float] = OLD) -> str:
    lines = []
    for name, value in values.items():
        lines += [f"# HELP {name} What it is.", f"# TYPE {name} gauge"]
        lines += [f"{name}{{{gpu.labels()}}} {value}" for gpu in gpus]
    return "\n".join(lines) + "\n"


class Served:
    """What a server does with a question; a test changes it while it runs."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.status = 200
        self.open = threading.Event()
        """While it is not set, there is no answer."""
        self.open.set()
        self.trickles = False
        self.endless = False
        self.url = ""
        self.connections: list[str] = []
        """What each question said of its connection."""


@contextmanager
def served(text: str, port: int = 0) -> Iterator[Served]:
    """A server of ``text`` on ``port``; 0: a free one."""
    served = Served(text)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.connections.append(self.headers["Connection"])
            served.open.wait()
            body = served.text.encode()
            self.send_response(served.status)
            if not served.endless:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            while served.endless:
                self.wfile.write(b"# and on\n" * 7000)
            for byte in body if served.trickles else b"":
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)  # this is the harm: a server that is slow; nothing is waited for
            if not served.trickles:
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """What it served, a test asks itself."""

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # whoever asked has gone
                self.close_connection = True

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    server = Server(("127.0.0.1", port), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}/metrics"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield served
    finally:
        served.open.set()
        server.shutdown()
        server.server_close()
        thread.join()
