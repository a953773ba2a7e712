"""What every source of readings offers to the publisher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from telemetry.reading import Reading


class Source(Protocol):
    """A log, or a live GPU."""

    @property
    def name(self) -> str:
        """What people call this source: a file name, an address."""
        ...

    def readings(self) -> Iterator[Reading]:
        """Readings in the order in which they are to be sent; called once.

        Each has its final identity and time: read again, the source gives the same. Raises Rejected where the source
        as a whole is none of its kind, Unavailable where it does not answer now.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections; may be called twice."""
        ...


class LiveGpu(Protocol):
    """A GPU that is read again and again. Not a Source: a log has an order of its own, while a live GPU is asked when
    it is due, and one that hangs must not hold up the others."""

    @property
    def gpu(self) -> str:
        """``host:index``."""
        ...

    def read(self, now: int) -> Reading:
        """The GPU at ``now`` (microseconds UTC), in ``mode`` live, with an own time, later than the one before.

        May take long, so it is called in a thread of its own, one call at a time. Raises Unavailable where the GPU
        does not answer; the next call tries again from scratch.
        """
        ...


class LiveSource(Protocol):
    """The live GPUs of one place."""

    @property
    def name(self) -> str: ...

    @property
    def gpus(self) -> Sequence[LiveGpu]: ...

    def about(self, gpu: str) -> Iterator[str]:
        """What there is to say of a GPU once it was read, a line each."""
        ...

    def restart(self) -> None:
        """Opens anew what all its GPUs share; called only while none is being read, when none answers any more.

        Raises Misconfigured or Unavailable where that fails.
        """
        ...

    def close(self) -> None:
        """Lets go of it; may be called twice."""
        ...
