"""How a load of known size is called: who sends it and who counts it must mean the same readings."""

from __future__ import annotations

import re

from telemetry.reading import DEMO_HOST_PREFIX

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
NAME_WORDS = "small letters, digits and -, at most 31, the first no -"


def is_name(text: str) -> bool:
    """Whether ``text`` may be the name of a load: it becomes part of host names and of queries."""
    return _NAME.fullmatch(text) is not None


def host_of(name: str) -> str:
    """The host of its GPUs. A demonstration's: nobody is told of it, and no total of the reports counts it."""
    return f"{DEMO_HOST_PREFIX}load-{name}"
