"""scripts/native/prometheus.sh and gateway.sh: they name what is not installed, and start nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

NATIVE = Path(__file__).parents[3] / "scripts" / "native"
SCRIPT = NATIVE / "prometheus.sh"
GATEWAY = NATIVE / "gateway.sh"


def missing(programs: Path, script: Path = SCRIPT) -> list[str]:
    """With ``programs`` before the plain tools of the machine."""
    tools = programs.parent / "tools"
    tools.mkdir(exist_ok=True)
    for name in ("bash", "dirname", "sort", "sed", "cat"):
        target = next(found for each in ("/usr/bin", "/bin") if (found := Path(each) / name).exists())
        if not (tools / name).exists():
            (tools / name).symlink_to(target)
    environment = {"PATH": f"{programs}:{tools}", "HOME": str(programs.parent)}
    done = subprocess.run([script, "missing"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_packages_that_are_not_there_are_named(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    whole = ["prometheus", "prometheus-alertmanager", "prometheus-node-exporter", "prometheus-postgres-exporter"]
    assert missing(programs) == whole
    for name in whole:
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    assert missing(programs) == []


def test_another_word_is_refused() -> None:
    done = subprocess.run([SCRIPT, "run"], capture_output=True, text=True)
    assert done.returncode == 2


def test_what_the_gateway_lacks_is_named(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    assert missing(programs, GATEWAY)[-1] == "openssl"
    (programs / "openssl").write_text("#!/bin/sh\n")
    (programs / "openssl").chmod(0o755)
    assert "openssl" not in missing(programs, GATEWAY)
