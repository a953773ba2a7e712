"""The rules of the tree that no tool knows: who may import whom, how long a file may be, what may not be committed."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECTS = {
    "telemetry": "telemetry",
    "kafka-producer": "kafka_producer",
    "kafka-consumers": "kafka_consumers",
    "spark-jobs": "spark_jobs",
    "dashboard": "dashboard",
}
LONGEST = 300


def tracked(*patterns: str) -> list[Path]:
    """The files of the repository that match, untracked and not ignored ones included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    output = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for line in output.splitlines() if (path := ROOT / line).is_file()]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("folder", PROJECTS)
def test_every_project_imports_telemetry_and_no_other(folder: str) -> None:
    others = set(PROJECTS.values()) - {PROJECTS[folder], "telemetry"}
    files = tracked(f"{folder}/*.py")
    assert files, f"no Python file in {folder}"
    wrong = [f"{path.relative_to(ROOT)} imports {name}" for path in files for name in imported(path) if name in others]
    assert wrong == []


def test_no_file_is_too_long_to_have_one_purpose() -> None:
    sources = [path for path in tracked("*.py", "*.sh") if "tests" not in path.relative_to(ROOT).parts]
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    assert {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > LONGEST} == {}


def test_no_module_is_named_after_nothing() -> None:
    vague = {"utils.py", "util.py", "common.py", "helpers.py", "misc.py", "manager.py"}
    assert [path for path in tracked("*.py") if path.name in vague] == []


def test_every_test_of_a_level_can_be_found() -> None:
    levels = {"check", "unit", "integration", "e2e", "compose", "browser", "faults", "support", "conftest.py"}
    strays = [path for path in tracked("tests/*.py") if path.relative_to(ROOT / "tests").parts[0] not in levels]
    assert strays == []


def test_every_dependency_is_pinned_exactly() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line.strip() and not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.+!-]+", line)] == []


def test_no_lock_file_with_addresses_is_committed() -> None:
    locks = {"uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json", "yarn.lock", "Cargo.lock", "go.sum"}
    assert [path for path in tracked() if path.name in locks] == []
