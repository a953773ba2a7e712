"""Servers that receive what is told to people: HTTP that answers as a test says, and SMTP. Real sockets, free ports."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class HttpReceiver:
    """``status`` is what it answers; while ``open`` is not set, it does not answer at all."""

    url: str
    status: int = 200
    received: list[Received] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)


@contextmanager
def http_receiver() -> Iterator[HttpReceiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not receiver.open.is_set():
                receiver.open.wait(60)
                return  # whoever asked has given up, or is dead
            if receiver.status < 300:
                receiver.received.append(Received(self.path, dict(self.headers), body))
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver = HttpReceiver(f"http://127.0.0.1:{server.server_port}")
        receiver.open.set()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.open.set()
            server.shutdown()


@dataclass
class Mailbox:
    """What came by SMTP."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 test")
            for line in iter(self.rfile.readline, b""):
                word = line.split()[0].upper() if line.split() else b""
                if word == b"DATA":
                    self._say("354 go on")
                    self._take()
                    self._say("250 taken")
                elif word == b"QUIT":
                    return self._say("221 bye")
                else:
                    self._say("250 ok")
            return None

        def _take(self) -> None:
            lines = []
            while (line := self.rfile.readline()) not in {b".\r\n", b""}:
                lines.append(line[1:] if line.startswith(b"..") else line)
            mail = message_from_bytes(b"".join(lines), policy=policy.default)
            assert isinstance(mail, EmailMessage)
            box.mails.append(mail)

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        box = Mailbox(server.server_address[1])
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield box
        finally:
            server.shutdown()
