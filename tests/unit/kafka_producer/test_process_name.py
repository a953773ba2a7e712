"""What a process may be called: files of the state directory are named after it."""

from __future__ import annotations

import pytest

from kafka_producer.main import main


@pytest.mark.parametrize("name", ["rack1/a", "..", ".hidden", "-a", "", "two words", "a" * 64, "rück"])
@pytest.mark.parametrize("command", [["collect"], ["watch"], ["replay", "log.txt"]], ids=lambda command: command[0])
def test_a_name_that_is_no_file_name_is_refused(
    command: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([*command, f"--name={name}"])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert f"found {name!r}, expected letters" in said


@pytest.mark.parametrize("name", ["demo", "fleet-collector", "Rack_1.a", "7"])
def test_names_as_they_are_used(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "/no/such.txt", "--dry-run", "--name", name]) == 2
    assert "no such file" in capsys.readouterr().err
