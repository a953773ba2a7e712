"""start.bat under a real cmd (Wine's): what it hands to Docker, and what it says where there is none.

Not covered, as it takes Windows: that Docker Desktop's engine knows the folder by the name that start.bat gives it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPILER = "x86_64-w64-mingw32-gcc"
pytestmark = pytest.mark.skipif(
    not (shutil.which("wine") and shutil.which(COMPILER)), reason="Wine and mingw cannot be had here"
)


def windows(path: Path) -> str:
    """As Wine names it."""
    return "Z:" + str(path).replace("/", "\\")


class Cmd:
    """A cmd of its own; start.bat lies in a folder with a blank in its name, as people have it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "My GPU logs"
        self.home.mkdir()
        shutil.copy(ROOT / "start.bat", self.home)
        self.calls_file = folder / "calls"
        self.programs = folder / "programs"
        self.programs.mkdir()
        self._environment = os.environ | {
            "WINEPREFIX": str(folder / "wine"),
            "WINEDEBUG": "-all",
            "WINEPATH": windows(self.programs),
            "CALLS": windows(self.calls_file),
            "DISPLAY": "",
        }

    def install_docker(self) -> None:
        source = Path(__file__).with_name("docker_exe.c")
        subprocess.run([COMPILER, "-o", str(self.programs / "docker.exe"), str(source)], check=True)

    def start(self, *words: str, fails: str = "") -> tuple[int, str]:
        done = subprocess.run(
            ["wine", "cmd", "/c", windows(self.home / "start.bat"), *words],
            env=self._environment | {"FAILS": fails},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def calls(self) -> list[list[str]]:
        """Words of each call of docker.exe since the last look."""
        text = self.calls_file.read_text() if self.calls_file.exists() else ""
        self.calls_file.unlink(missing_ok=True)
        return [call.splitlines() for call in text.split("\n\n") if call]


@pytest.fixture(scope="module")
def cmd(tmp_path_factory: pytest.TempPathFactory) -> Cmd:
    return Cmd(tmp_path_factory.mktemp("windows"))


def test_without_docker_it_says_what_to_install(cmd: Cmd) -> None:
    (cmd.programs / "docker.exe").unlink(missing_ok=True)
    code, said = cmd.start()
    assert code == 1
    assert "found: no docker.exe; expected: Docker Desktop" in said
    assert cmd.calls() == []


def test_words_and_folder_reach_start_sh(cmd: Cmd) -> None:
    cmd.install_docker()
    code, _ = cmd.start("status", "--json")
    assert code == 0
    info, build, run = cmd.calls()
    assert info == ["info"]
    assert build[0] == "build"
    # An image of ours, from the folder that the repository has.
    assert (ROOT / build[-1].replace("\\", "/") / "Dockerfile").is_file()
    inside = f"/run/desktop/mnt/host/z{cmd.home}"
    assert f"type=bind,source={windows(cmd.home)},target={inside}" in run
    assert run[run.index("--workdir") + 1] == inside
    assert run[-4:] == ["./start.sh", "--docker", "status", "--json"]
    assert build[build.index("--tag") + 1] == run[-5]


@pytest.mark.parametrize(
    ("fails", "code", "said"),
    [
        ("info", 1, "expected: a running Docker Desktop"),
        ("build", 1, "the image of start.sh"),
        ("run", 7, ""),
    ],
)
def test_what_fails_is_told_and_ends_it(cmd: Cmd, fails: str, code: int, said: str) -> None:
    cmd.install_docker()
    found, output = cmd.start(fails=fails)
    assert found == code
    assert said in output
    assert cmd.calls()[-1][0] == fails


def test_lines_end_as_cmd_wants_them() -> None:
    lines = (ROOT / "start.bat").read_bytes().split(b"\n")
    assert all(line.endswith(b"\r") for line in lines[:-1])
    assert lines[-1] == b""
