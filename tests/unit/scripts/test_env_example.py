"""`.env.example` shows every setting that there is, with its default, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from telemetry.environment_file import SCRIPT_SETTINGS
from telemetry.settings import Settings

EXAMPLE = Path(__file__).parents[3] / ".env.example"


def defaults() -> dict[str, str]:
    own = {
        name.upper(): str(getattr(field.default, "get_secret_value", lambda field=field: field.default)())
        for name, field in Settings.model_fields.items()
    }
    own |= {name: default for name, (default, _) in SCRIPT_SETTINGS.items()}
    return {name: "" if default == "." else default for name, default in own.items()}


def descriptions() -> dict[str, str]:
    own = {name.upper(): str(field.description) for name, field in Settings.model_fields.items()}
    return own | {name: text for name, (_, text) in SCRIPT_SETTINGS.items()}


def shown() -> dict[str, tuple[str, str]]:
    """Setting -> (comment above it, value)."""
    found = re.findall(r"^# (.*)\n#([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: (comment, value) for comment, name, value in found}


def test_example_shows_every_setting_with_its_default() -> None:
    assert {name: value for name, (_, value) in shown().items()} == defaults()


def test_example_says_what_each_setting_is() -> None:
    assert {name: comment for name, (comment, _) in shown().items()} == descriptions()


def test_example_changes_nothing_when_it_is_copied() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []
