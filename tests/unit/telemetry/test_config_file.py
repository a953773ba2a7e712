"""Configuration files that cannot be read as what they should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from telemetry import topics
from telemetry.errors import Misconfigured
from telemetry.topics import ALL

ROOT = Path(__file__).parents[3]


def test_topics_of_the_repository_are_all_there() -> None:
    assert set(topics.load(ROOT / "config" / "topics.yaml")) == set(ALL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("topics: {gpu-metrics: {partitions: none}}", "topics.gpu-metrics"),
        ("topics: {}\ntopics: {}", "the key 'topics' stands twice"),
        ("topics: [", "valid YAML"),
        ("topics: {{ name }}", "line 1, column 10"),
        ("topics: {{ name }}", "in quotes"),
        ("? [topics]\n: {}", "in quotes"),
        ("topics:\n  since: 2026-13-45", "line 2, column 10"),
        ("topics: 2026-13-45", "month must be in 1..12"),
        ("topics: !!int many", "valid YAML"),
        ("themes: {}", "no such key"),
        ("topics: {}", "all of"),
        ("", "(the whole file)"),
    ],
)
def test_wrong_topics_file_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "topics.yaml"
    path.write_text(text)
    with pytest.raises(Misconfigured) as refused:
        topics.load(path)
    assert str(path) in str(refused.value)
    assert expected in str(refused.value)


def test_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="project's root"):
        topics.load(tmp_path / "topics.yaml")


def test_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "topics.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Misconfigured, match="a readable UTF-8 file"):
        topics.load(path)
