"""What a process may be called: files in the state directory and rows of the status have its name."""

from __future__ import annotations

import argparse
import re

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def process_name(text: str) -> str:
    """The value of ``--name``."""
    if _NAME.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(
            f"found {text!r}, expected letters, digits and . _ -, at most 63, the first a letter or a digit"
        )
    return text
