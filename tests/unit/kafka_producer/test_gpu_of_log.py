"""Whose GPU a log is."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from kafka_producer import source_config
from kafka_producer.gpu_of_log import gpu_of_log, gpu_of_path, next_index, nth_gpu
from kafka_producer.source_config import LogRule, Sources
from support.gpuz_logs import REPOSITORY, file_of, header, row
from telemetry.errors import Misconfigured

GPUZ = header("GPU Load [%]") + row(1, 50)


@pytest.mark.parametrize(
    ("path", "gpu"),
    [
        ("/srv/data/rig-1/0/log.txt", "rig-1:0"),
        ("/data/srv/data/rig-1/left/log.txt", "rig-1:left"),
        ("/srv/data/log.txt", None),
        ("/srv/data/rig-1/log.txt", None),
        ("/srv/data/a b/0/log.txt", None),
        ("/srv/other/rig-1/0/log.txt", None),
    ],
)
def test_folders_below_data_name_the_gpu(path: str, gpu: str | None) -> None:
    assert gpu_of_path(PurePath(path)) == gpu


def test_so_do_folders_below_the_one_that_was_asked_for() -> None:
    assert gpu_of_path(PurePath("/srv/logs/rig-2/1/log.txt"), PurePath("/srv/logs")) == "rig-2:1"


def test_a_rule_names_the_gpu_where_the_folder_does_not() -> None:
    rules = Sources(logs=(LogRule(pattern="rig-7*.TXT", gpu="rig-7:0"), LogRule(pattern="lab/*/x.txt", gpu="lab:1")))
    path = PurePath("/home/me/Rig-7 night.txt")
    assert gpu_of_log(path, None, rules.rule_for(path), file_of(GPUZ)) == "rig-7:0"
    assert gpu_of_log(PurePath("/srv/else.txt"), None, LogRule(pattern="*"), file_of(GPUZ)) == "local:0"
    assert rules.rule_for(PurePath("/srv/lab/a/x.txt")).gpu == "lab:1"
    assert rules.rule_for(PurePath("/srv/else.txt")).gpu is None


@pytest.mark.parametrize(
    ("path", "gpu"),
    [("/x/log.csv", "local:3"), ("/x/data/rig/log.csv", "rig:3"), ("/x/data/rig/1/log.csv", "rig:1")],
)
def test_a_log_that_numbers_its_cards_says_the_index(path: str, gpu: str) -> None:
    log = file_of("timestamp, index, temperature.gpu\n2023/06/16 10:17:08.123, 3, 45\n")
    assert gpu_of_log(PurePath(path), None, LogRule(pattern="*"), log) == gpu


@pytest.mark.parametrize(
    ("gpu", "n", "card"),
    [("a:0", 0, "a:0"), ("a:0", 3, "a:3"), ("a:5", -2, "a:3"), ("a:0", -1, "a:0-1"), ("a:left", 1, "a:left-1")],
)
def test_the_other_cards_of_a_log_count_on_from_the_first(gpu: str, n: int, card: str) -> None:
    assert nth_gpu(gpu, n) == card


@pytest.mark.parametrize(("gpu", "following"), [("local:0", "local:1"), ("a:9", "a:10"), ("a:left", "a:left-1")])
def test_the_next_card(gpu: str, following: str) -> None:
    assert next_index(gpu) == following


def test_the_committed_file_is_right() -> None:
    assert source_config.load(REPOSITORY / "config" / "sources.yaml") == Sources()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("logs: [{pattern: x, gpu: nohost}]", "gpu"),
        ("logs: [{pattern: x, time_zone: Mars/Olympus}]", "zone"),
        ("logs: [{gpu: 'a:0'}]", "pattern"),
        ("logs: [{pattern: x, colour: red}]", "no such key"),
    ],
)
def test_faults_are_named(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(text)
    with pytest.raises(Misconfigured, match=complaint):
        source_config.load(tmp_path / "sources.yaml")
