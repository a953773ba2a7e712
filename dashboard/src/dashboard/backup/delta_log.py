"""Which files of a Delta table's log make one version of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from telemetry.errors import Unavailable

FOLDER = "_delta_log"
_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet")


def files_of(names: Iterable[str], version: int) -> list[str]:
    """The newest whole checkpoint up to ``version`` and the commits after it, of the ``names`` in the log's folder.

    The history before is left out: who asks what came since an older version is told that it is not known any more.
    Raises Unavailable where the log lacks one of them: it was being written or tidied just now.
    """
    commits: dict[int, str] = {}
    parts: dict[int, dict[int, str]] = {}
    whole: dict[int, int] = {}
    for name in names:
        if commit := _COMMIT.fullmatch(name):
            commits[int(commit[1])] = name
        elif (checkpoint := _CHECKPOINT.fullmatch(name)) and int(checkpoint[1]) <= version:
            number = int(checkpoint[1])
            parts.setdefault(number, {})[int(checkpoint[2] or 1)] = name
            whole[number] = int(checkpoint[3] or 1)
    begin = max((each for each, found in parts.items() if len(found) == whole[each]), default=-1)
    wanted = range(begin + 1, version + 1)
    if missing := [each for each in wanted if each not in commits]:
        raise Unavailable(f"the lake's log of version {version} lacks commit {missing[0]}; try again")
    return [*sorted(parts.get(begin, {}).values()), *(commits[each] for each in wanted)]
