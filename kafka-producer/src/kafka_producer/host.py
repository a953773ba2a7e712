"""What this machine is called, as part of the name of a GPU."""

from __future__ import annotations

import re
import socket


def host_name() -> str:
    """This machine's name, without what may not stand in the name of a GPU."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()).lstrip("._-")[:63]
    return name or "localhost"
