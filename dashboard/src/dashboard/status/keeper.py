"""supervisord, asked over its socket in the run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple
from xmlrpc.client import Error, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from telemetry.errors import Unavailable


class Program(NamedTuple):
    """A process as supervisord knows it. ``pid`` and ``uptime`` (seconds) are 0 where it does not run."""

    name: str
    state: str
    pid: int
    uptime: float
    exit_status: int


class Keeper:
    """Raises Unavailable from every method but :meth:`started` while there is no supervisord."""

    def __init__(self, run_dir: Path) -> None:
        self._socket = run_dir / "supervisor.sock"

    def programs(self) -> list[Program]:
        return [
            Program(
                each["name"],
                each["statename"],
                each["pid"],
                max(0.0, float(each["now"] - each["start"])) if each["pid"] else 0.0,
                each["exitstatus"],
            )
            for each in self._call("getAllProcessInfo")
        ]

    def pid(self) -> int:
        return int(self._call("getPID"))

    def uptime(self, name: str) -> float:
        """Seconds for which ``name`` has run; 0 where it does not, or there is no such program."""
        return next((each.uptime for each in self.programs() if each.name == name), 0.0)

    def started(self, name: str) -> bool:
        """Whether ``name`` was told to run, whatever became of it; False, too, while there is no supervisord."""
        try:
            return any(each.name == name and each.state not in {"STOPPED", "STOPPING"} for each in self.programs())
        except Unavailable:
            return False

    def _call(self, method: str) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        try:
            with ServerProxy("http://localhost", transport=transport) as server:
                return getattr(server.supervisor, method)()
        except (OSError, Error) as error:
            raise Unavailable(f"gpustream is not running: no supervisord at {self._socket}") from error
