"""One task at a time beside the loop, so that a file of gigabytes does not hold up the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Worker(Generic[Result]):
    """A daemon thread: the process may end while it works, for it only reads."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[Callable[[], Result]] = SimpleQueue()
        self._results: SimpleQueue[Result | BaseException] = SimpleQueue()
        self._is_busy = False
        threading.Thread(target=self._run, name="examiner", daemon=True).start()

    @property
    def is_busy(self) -> bool:
        """A task was given, and its result not yet taken."""
        return self._is_busy

    def give(self, task: Callable[[], Result]) -> None:
        self._is_busy = True
        self._tasks.put(task)

    def take(self) -> Result | None:
        """The result, if there is one. Raises what the task raised."""
        if self._results.empty():
            return None
        self._is_busy = False
        result = self._results.get()
        if isinstance(result, BaseException):
            raise result
        return result

    def _run(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                self._results.put(task())
            except BaseException as error:
                self._results.put(error)
