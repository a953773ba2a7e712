"""Check: every process runs, does not start over and over, and beats."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from dashboard.status.check import Finding, Line, State
from dashboard.status.keeper import Keeper, Program
from dashboard.status.process_table import ProcessTable
from dashboard.status.words import counted, duration, size
from telemetry import heartbeat

ORDER = (
    "kafka",
    "influxdb",
    "postgres",
    "console",
    "grafana",
    "gateway",
    "namenode",
    "datanode",
    "influxdb-writer",
    "timescale-writer",
    "alert-engine",
    "health-engine",
    "streaming",
    "report-scheduler",
    "backup-scheduler",
    "watch",
    "collect",
    "demo",
    "fleet-simulator",
    "fleet-collector",
    "prometheus",
    "alertmanager",
    "exporter",
    "node-exporter",
    "cadvisor",
    "postgres-exporter",
    "nginx-exporter",
)
"""As data flows; what is not here follows."""
OBSERVERS = {
    "prometheus", "alertmanager", "exporter", "node-exporter", "cadvisor", "postgres-exporter", "nginx-exporter",
}  # fmt: skip
"""Of the profile observability."""
OPTIONAL = {"demo", "gateway", "fleet-simulator", "fleet-collector", *OBSERVERS}
"""What a person may have switched off."""
MISCONFIGURED = 2
BEAT_LIMIT = 60.0
"""Seconds. Spark's driver beats between batches; a batch on two busy cores may take this long."""
LOOP_STARTS, LOOP_SECONDS = 4, 300.0
"""So many starts within this time are no accident."""


class Processes:
    """supervisord's view, the processes' memory and their heartbeats."""

    title = "Processes"
    do = "./start.sh"

    def __init__(
        self,
        run_dir: Path,
        state_dir: Path,
        table: Callable[[], ProcessTable] = ProcessTable.now,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keeper = Keeper(run_dir)
        self._run_dir = run_dir
        self._state_dir = state_dir
        self._table = table
        self._now = now

    def look(self) -> Finding:
        programs = sorted(self._keeper.programs(), key=_place)
        table = self._table()
        lines, documents = [], []
        for program in programs:
            starts = self._starts(program.name)
            memory = table.memory_of(program.pid) if program.pid else 0
            beat = heartbeat.age(self._state_dir, program.name) if program.pid else None
            lines.append(line(program, starts, memory, beat, self._now()))
            documents.append(
                {
                    "name": program.name,
                    "state": program.state,
                    "pid": program.pid or None,
                    "uptime_seconds": round(program.uptime, 1),
                    "starts": len(starts) and starts[-1][0],
                    "memory_bytes": memory,
                    "heartbeat_age_seconds": None if beat is None else round(beat, 1),
                }
            )
        total = table.memory_of(self._keeper.pid())
        lines.append(Line("ok", "memory", f"{size(total)} in all, supervisord included"))
        return Finding(tuple(lines), {"list": documents, "memory_bytes": total})

    def _starts(self, name: str) -> list[tuple[int, float]]:
        """(ordinal, second) of the last starts, as scripts/run.sh keeps them."""
        path = self._run_dir / "starts" / name
        try:
            rows = (text.split() for text in path.read_text(encoding="ascii").splitlines())
            return [(int(ordinal), float(second)) for ordinal, second in rows]
        except (OSError, ValueError):
            return []


def _place(program: Program) -> int:
    return ORDER.index(program.name) if program.name in ORDER else len(ORDER)


def line(program: Program, starts: list[tuple[int, float]], memory: int, beat: float | None, now: float) -> Line:
    """The line of one program."""
    if program.state != "RUNNING":
        return _not_running(program)
    text = f"up {duration(program.uptime):13} pid {program.pid:<8}{size(memory):>7}"
    notes: list[str] = []
    state: State = "ok"
    do = ""
    if starts and starts[-1][0] > 1:
        notes.append(f"{counted(starts[-1][0], 'start')}")
        state = "note"
    if sum(now - second < LOOP_SECONDS for _, second in starts) >= LOOP_STARTS:
        notes.append("it starts over and over")
        state, do = "bad", f"./start.sh logs {program.name}"
    if beat is not None and beat > BEAT_LIMIT and program.uptime > BEAT_LIMIT:
        notes.append(f"last heartbeat {duration(beat)} ago: it hangs")
        state, do = "bad", f"./start.sh logs {program.name}, then ./start.sh restart {program.name}"
    return Line(state, program.name, "   ".join([text, *notes]), do)


def _not_running(program: Program) -> Line:
    if program.state == "STOPPED" and program.name == "grafana":
        return Line("note", program.name, "not started: there is none here, or it was stopped (./start.sh says which)")
    if program.state == "STOPPED" and program.name == "collect":
        return Line("note", program.name, "off: no NVIDIA GPU was found at the start, or COLLECT=off")
    if program.state == "STOPPED" and program.name == "timescale-writer":
        return Line("note", program.name, "off (POSTGRES_READINGS=on in .env, then ./start.sh)")
    if program.state == "STOPPED" and program.name == "backup-scheduler":
        return Line("note", program.name, "off: BACKUP_DIR is not set; ./start.sh backup DIR makes one now")
    if program.state == "STOPPED" and program.name in {"gateway", "nginx-exporter"}:
        return Line("note", program.name, "off (GATEWAY=on in .env, then ./start.sh)")
    if program.state == "STOPPED" and program.name in OBSERVERS:
        return Line("note", program.name, "off (./start.sh --profile observability)")
    if program.state == "STOPPED" and program.name.startswith("fleet-"):
        return Line("note", program.name, "off (./start.sh --profile fleet)")
    if program.state == "STOPPED" and program.name in OPTIONAL:
        return Line("note", program.name, f"off (./start.sh {program.name} on)")
    if program.state == "EXITED" and program.exit_status == MISCONFIGURED:
        return Line(
            "bad",
            program.name,
            "stopped: a setting is wrong",
            f"./start.sh logs {program.name} says which; mend it, then ./start.sh",
        )
    if program.state in {"STOPPED", "STOPPING"}:
        return Line("bad", program.name, program.state.lower(), f"./start.sh restart {program.name}")
    return Line(
        "bad",
        program.name,
        program.state.lower(),
        f"./start.sh logs {program.name}, then ./start.sh restart {program.name}",
    )
