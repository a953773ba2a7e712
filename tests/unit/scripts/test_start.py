"""./start.sh: what it says before it changes anything, and that it then has changed nothing."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from support.engines import free_ports

ROOT = Path(__file__).parents[3]
PORTS = (
    "KAFKA_PORT",
    "KAFKA_CONTROLLER_PORT",
    "HDFS_PORT",
    "HDFS_RPC_PORT",
    "HDFS_DATANODE_PORT",
    "HDFS_DATANODE_HTTP_PORT",
    "HDFS_DATANODE_IPC_PORT",
    "INFLUXDB_PORT",
    "POSTGRES_PORT",
    "CONSOLE_PORT",
    "GRAFANA_PORT",
    "SPARK_UI_PORT",
)


class StartSh:
    """./start.sh with ports and a run folder of its own."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        ports = {name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
        self.environment = os.environ | ports | {"GPUSTREAM_RUN_DIR": str(run_dir), "GPUSTREAM_MODE": "native"}

    def __call__(self, *arguments: str, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(ROOT / "start.sh"), *arguments],
            env=self.environment | environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def start_sh(tmp_path: Path) -> StartSh:
    return StartSh(tmp_path / "run")


@pytest.fixture
def path_without_java(tmp_path: Path) -> str:
    """A PATH with everything that this one has, but for Java."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).glob("*"):
            link = folder / program.name
            if not program.name.startswith("java") and not link.is_symlink():
                link.symlink_to(program)
    return str(folder)


def fail_lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stdout.splitlines() if line.lstrip().startswith("FAIL")]


def test_help_names_every_command_with_examples(start_sh: StartSh) -> None:
    done = start_sh("--help")
    assert done.returncode == 0
    for script in (ROOT / "scripts" / "commands").glob("*.sh"):
        assert f"  {script.stem}" in done.stdout
    assert "examples:" in done.stdout


@pytest.mark.parametrize("command", ["status", "stop", "logs", "restart", "demo", "report", "reset"])
def test_every_command_answers_a_call_for_help(start_sh: StartSh, command: str) -> None:
    done = start_sh(command, "--help")
    assert done.returncode == 0, done.stderr
    assert f"\n  {command} " in done.stdout
    assert not start_sh.run_dir.exists()


@pytest.mark.parametrize("wrong", ["--fast", "begin", "-v"])
def test_unknown_word_is_named_and_answered_with_the_help(start_sh: StartSh, wrong: str) -> None:
    done = start_sh(wrong)
    assert done.returncode == 2
    assert f"no command or option {wrong}" in done.stderr
    assert "usage: ./start.sh" in done.stderr
    assert not start_sh.run_dir.exists()


def test_taken_port_is_named_with_its_owner_and_nothing_is_changed(start_sh: StartSh) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = start_sh(INFLUXDB_PORT=str(port))
    assert done.returncode == 1
    (line,) = [each for each in fail_lines(done) if "INFLUXDB_PORT" in each]
    assert f"port {port} (InfluxDB); found: taken by pid {os.getpid()} (" in line
    assert "expected: free; do: " in line
    assert "nothing was changed" in done.stdout
    assert not start_sh.run_dir.exists()


def test_every_failure_is_listed_and_not_only_the_first(start_sh: StartSh) -> None:
    done = start_sh(KAFKA_PORT="kafka", HDFS_PORT="70000", SPARK_UI_PORT=start_sh.environment["HDFS_RPC_PORT"])
    text = "\n".join(fail_lines(done))
    assert "KAFKA_PORT (Kafka); found: 'kafka'; expected: a number from 1 to 65535" in text
    assert "HDFS_PORT (the NameNode's pages); found: '70000'" in text
    assert "SPARK_UI_PORT (Spark's pages)" in text
    assert "which is also HDFS_RPC_PORT" in text
    assert not start_sh.run_dir.exists()


def test_missing_java_is_named_and_nothing_is_changed(start_sh: StartSh, path_without_java: str) -> None:
    done = start_sh(PATH=path_without_java, JAVA_HOME="")
    assert done.returncode == 1
    (line,) = [each for each in fail_lines(done) if "Java" in each]
    assert "found: none" in line
    assert "expected: 17 or newer" in line
    assert not start_sh.run_dir.exists()


def test_old_java_is_named_with_its_version(start_sh: StartSh, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    java = tmp_path / "bin" / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    java.chmod(0o755)
    done = start_sh(JAVA_HOME=str(tmp_path))
    (line,) = [each for each in fail_lines(done) if "Java" in each]
    assert f"found: 11 ({java}); expected: 17 or newer" in line


def test_missing_python_is_named(start_sh: StartSh) -> None:
    done = start_sh(PYTHON="python2.7-nowhere")
    (line,) = [each for each in fail_lines(done) if "Python" in each]
    assert "no python2.7-nowhere on PATH" in line


def test_run_folder_with_files_of_others_is_refused(start_sh: StartSh) -> None:
    start_sh.run_dir.mkdir()
    (start_sh.run_dir / "thesis.txt").write_text("mine")
    assert "files that are not ours" in "\n".join(fail_lines(start_sh()))
    done = start_sh("reset", "--yes")
    assert done.returncode == 1
    assert "which start.sh did not make" in done.stdout
    assert (start_sh.run_dir / "thesis.txt").exists()


def test_run_folder_with_too_long_a_name_is_refused(tmp_path: Path) -> None:
    done = StartSh(tmp_path / ("long" * 25))()
    assert "a socket's name is short" in "\n".join(fail_lines(done))


def test_reset_deletes_the_run_folder_only_when_told_so(start_sh: StartSh) -> None:
    (start_sh.run_dir / "data").mkdir(parents=True)
    (start_sh.run_dir / ".gpustream").touch()
    assert start_sh("reset", typed="no\n").returncode == 1
    assert start_sh.run_dir.exists()
    assert start_sh("reset", typed="yes\n").returncode == 0
    assert not start_sh.run_dir.exists()
    assert start_sh("reset", "--yes").returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["demo", "maybe"], "expected: on or off"),
        (["restart", "nobody"], "expected: one of: watch collect demo fleet-simulator"),
        (["submit", "stream"], "expected: batch"),
        (["report", "--date"], "--date without a value"),
        (["report", "--paper", "x"], "report [--date D | --week W]"),
        (["report", "x.txt", "--week=2026-W47"], "a log and --week"),
        (["logs", "../../etc/passwd"], "there are no logs yet"),
        (["stop", "kafka"], "restart NAME restarts one process"),
    ],
)
def test_misused_command_says_what_it_expects(start_sh: StartSh, words: list[str], message: str) -> None:
    done = start_sh(*words)
    assert done.returncode == 1
    assert message in done.stdout


def test_stop_of_what_does_not_run_is_fine(start_sh: StartSh) -> None:
    done = start_sh("stop")
    assert done.returncode == 0
    assert "Nothing runs here" in done.stdout


def test_choice_of_the_demonstration_is_kept(start_sh: StartSh) -> None:
    assert start_sh("demo", "off").returncode == 0
    assert (start_sh.run_dir / "state" / "demo").read_text() == "off\n"
    assert "not ours" not in start_sh(KAFKA_PORT="none").stdout


def test_log_outside_the_folder_of_logs_is_refused(start_sh: StartSh, tmp_path: Path) -> None:
    (start_sh.run_dir / "logs").mkdir(parents=True)
    (start_sh.run_dir / "logs" / "kafka.log").write_text("one\ntwo\n")
    (start_sh.run_dir / "secret.log").write_text("secret")
    assert start_sh("logs", "kafka").stdout == "one\ntwo\n"
    done = start_sh("logs", "../secret")
    assert done.returncode == 1
    assert "expected: one of: kafka" in done.stdout


def test_status_of_what_does_not_run_says_so(start_sh: StartSh) -> None:
    done = start_sh("status")
    assert done.returncode == 1
    assert done.stdout == "gpustream is not running.\n  do: ./start.sh\n"
