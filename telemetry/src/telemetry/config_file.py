"""Reading a YAML file into a model, with errors that name file, key and value."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from telemetry.errors import Misconfigured

Model = TypeVar("Model", bound=BaseModel)


class _StrictLoader(yaml.CSafeLoader):  # in C: every command reads the catalogue first
    """SafeLoader that refuses a key given twice: YAML would keep the last and say nothing. It says where what it cannot
    read stands."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:  # what looks like a date or a number, and is none
            raise yaml.constructor.ConstructorError(None, None, f"{node.value!r}: {error}", node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(
                    None,
                    None,
                    f"{key!r} is no key: a text that begins with {{ or [ stands in quotes",
                    key_node.start_mark,
                )
            if key in seen and key != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def load(path: Path, model: type[Model]) -> Model:
    """The file as ``model``. Raises Misconfigured with file, key and value."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)
    except FileNotFoundError as error:
        raise Misconfigured(str(path), "no such file", "a configuration file (run from the project's root?)") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(str(path), str(error), "a readable UTF-8 file") from error
    except yaml.YAMLError as error:
        raise Misconfigured(str(path), " ".join(str(error).split()), "valid YAML") from error
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise misconfigured(str(path), error) from error


def misconfigured(where: str, error: ValidationError) -> Misconfigured:
    """The first fault of a validation as Misconfigured."""
    # A key that does not exist explains the one that is missing: say it first.
    fault = min(error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in fault["loc"]) or "(the whole file)"
    expected = "no such key" if fault["type"] == "extra_forbidden" else fault["msg"].removeprefix("Value error, ")
    return Misconfigured(f"{where}: {key}", repr(fault["input"])[:200], expected)
