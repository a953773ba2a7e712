"""Why Spark failed, in a line for a log."""

from __future__ import annotations


def cause(error: Exception) -> str:
    """The innermost cause in Java's words, else the first line."""
    lines = str(error).splitlines() or [repr(error)]
    causes = [line for line in lines if line.startswith("Caused by:")]
    return (causes or lines)[-1 if causes else 0].strip()
