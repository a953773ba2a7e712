"""A disk of its own below a folder, which can be full at any moment."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOMY = "8g"
"""In memory, and only as much as is written."""
_PAGE = 4096


class SmallDisk:
    """A tmpfs. Nothing need be written to fill it: its size becomes what it holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        assert os.geteuid() == 0, "found an ordinary user, expected root: a disk of its own for each server is mounted"
        self._mount("-t", "tmpfs", "-o", f"size={ROOMY},mode=700", "gpustream-faults")

    @contextmanager
    def full(self) -> Iterator[None]:
        while True:
            used = shutil.disk_usage(self.folder).used
            try:
                # What was written since is more than that, and the kernel refuses: once more.
                self._mount("-o", f"remount,size={used + _PAGE}")
                break
            except subprocess.CalledProcessError:
                continue
        try:
            yield
        finally:
            self._mount("-o", f"remount,size={ROOMY}")

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)

    def _mount(self, *options: str) -> None:
        subprocess.run(["mount", *options, str(self.folder)], check=True, capture_output=True)
