"""A progress bar for people; nothing at all where standard error is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kafka_producer.replay_plan import Planned


@contextmanager
def progress_bar(logs: list[Planned], stream: TextIO) -> Iterator[Callable[[Planned, int], None]]:
    """Gives a function that is told (log, rows)."""
    if not stream.isatty():
        yield lambda planned, rows: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=stream)) as bar:
        tasks = {
            planned.path: bar.add_task(f"{planned.path.name} ({planned.gpu})", total=planned.survey.lines)
            for planned in logs
        }
        yield lambda planned, rows: bar.update(tasks[planned.path], completed=rows)
