"""Which of these ports of 127.0.0.1 does somebody else listen on?

Arguments: the run directory of this instance, then NAME=PORT each. One line per taken port: name, port and who, with
tabs between. Processes of this instance are left out. Only the standard library: this runs before there is a venv.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT, minutes after a stop, is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return True
    return False


def sockets_on(port: int) -> set[str]:
    """The inodes of the sockets that listen on ``port``; empty where there is no /proc."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        path = PROC / "net" / table
        for line in path.read_text(encoding="ascii").splitlines()[1:] if path.exists() else []:
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes


def owners(inodes: set[str]) -> Iterator[Path]:
    """The /proc folders of the processes that hold one of these sockets, as far as we may look."""
    targets = {f"socket:[{inode}]" for inode in inodes}
    for process in PROC.glob("[0-9]*"):
        try:
            if any(str(descriptor.readlink()) in targets for descriptor in (process / "fd").iterdir()):
                yield process
        except OSError:
            continue


def is_ours(process: Path, run_dir: str) -> bool:
    try:
        environment = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"GPUSTREAM_RUN_DIR={run_dir}".encode() in environment


def describe(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ").split()
    except OSError:
        words = []
    return f"pid {process.name} ({' '.join(words)[:60] or 'no name'})"


def main(arguments: list[str]) -> None:
    run_dir, *wanted = arguments
    for item in wanted:
        name, _, port = item.partition("=")
        if not is_taken(int(port)):
            continue
        holders = list(owners(sockets_on(int(port))))
        if holders and all(is_ours(holder, run_dir) for holder in holders):
            continue
        who = ", ".join(describe(holder) for holder in holders) or "a process that we may not see"
        print(f"{name}\t{port}\t{who}")


if __name__ == "__main__":
    main(sys.argv[1:])
